// Checkpoints as training programs leave them: weights beside arguments, optimisers, schedulers, random states. Fixtures: test/fixtures/luggage.
import { describe, expect, test } from 'vitest'
import { fixturePath } from '../../test/fixtures.ts'
import { join, type Part } from '../../test/hostile/bytes.ts'
import { op, tensor, torchEntries, torchLegacy, torchZip } from '../../test/hostile/pickle-builder.ts'
import { zip } from '../../test/hostile/zip-builder.ts'
import { toFloat32, toFloat64 } from '../core/dtype.ts'
import { openCheckpoint, selectStateDict } from './checkpoint.ts'
import { describeCheckpoint, formatDescription } from './describe.ts'
import { openFile } from './node/file-source.ts'
import { bufferSource } from './sources.ts'
import type { TensorRef, ValueMap } from './types.ts'

const { build, dict, get, global, int, list, none, pickle, put, reduce, stackGlobal, text, tuple } = op
const open = (bytes: Uint8Array) => openCheckpoint(bufferSource('test.pth', bytes))
const luggage = (file: string) => openFile(fixturePath(`luggage/${file}.pth`))
const values = async (ref: TensorRef | undefined) => Array.from(toFloat32(await ref!.read(), ref!.dtype))
/** A training state: the tensor under "model", beside it what `x` builds. */
const beside = (...x: Part[]) =>
  open(torchZip(pickle(dict(text('model'), dict(text('a'), tensor()), text('x'), join(...x)))))
const itemOf = async (...x: Part[]) => ((await beside(...x)).root as ValueMap).get('x')

describe('a small file from the field', () => {
  test.each([
    ['attr', '', []],
    ['complex', 'model', ['builtins.complex']],
    ['counter', 'model', []],
    ['datetime', 'model', ['datetime.datetime']],
    ['easydict', 'model', ['easydict.EasyDict']],
    ['meta', '', ['torch._utils._rebuild_meta_tensor_no_storage']],
    ['npstr', 'model', ['numpy.ndarray']],
    ['numpyrng', 'model', []],
    ['posixpath', 'model', ['pathlib.PosixPath']],
    ['uint16_v3', '', []],
    ['xla', '', []],
    ['deflated', 'model', []],
    ['deflated-bare', 'model', []],
  ])('%s.pth: its tensor is read, the rest is listed', async (file, path, notRead) => {
    const checkpoint = await luggage(file)
    const { tensors } = selectStateDict(checkpoint, [path])
    expect(tensors.get('a')).toMatchObject({ dtype: 'float32', shape: [2, 3] })
    expect(await values(tensors.get('a'))).toEqual([0, 1, 2, 3, 4, 5])
    expect(checkpoint.notRead).toEqual(notRead)
    const description = describeCheckpoint(checkpoint)
    expect(description.notRead).toEqual(notRead)
    expect(formatDescription(description).includes(`\nnot read: ${notRead.join(', ')}`)).toBe(notRead.length > 0)
    await checkpoint.close()
  })

  test('an untyped storage is its bytes', async () => {
    const checkpoint = await luggage('untyped')
    expect(checkpoint.tensors().get('a')).toMatchObject({ dtype: 'uint8', shape: [6] })
    await checkpoint.close()
  })

  test('a tensor of unsigned 16-bit integers is read', async () => {
    const checkpoint = await luggage('uint16_v3')
    expect(checkpoint.tensors().get('tokens')).toMatchObject({ dtype: 'uint16', shape: [4] })
    expect(await values(checkpoint.tensors().get('tokens'))).toEqual([0, 1, 2, 3])
    await checkpoint.close()
  })
})

/** One file per protocol and format, written by PyTorch 1.13 under Python 3.11: `model` beside everything that pickles. */
describe.each(['protocol1', 'protocol2', 'protocol3', 'protocol4', 'protocol5', 'legacy'])(
  'everything in %s',
  (form) => {
    const read = async () => {
      const checkpoint = await luggage(`everything-${form}`)
      const root = checkpoint.root as ValueMap
      return {
        checkpoint,
        root,
        at: (...path: string[]) => path.reduce<unknown>((map, key) => (map as ValueMap).get(key), root),
      }
    }

    test('keeps the tensors', async () => {
      const { checkpoint } = await read()
      expect(await values(checkpoint.tensors(['model']).get('a'))).toEqual([0, 1, 2, 3, 4, 5])
      const tensors = checkpoint.tensors()
      const numbers = async (name: string) =>
        Array.from(toFloat64(await tensors.get(name)!.read(), tensors.get(name)!.dtype))
      expect(await numbers('sub')).toEqual([1, 1])
      expect(await numbers('attr')).toEqual([1, 1])
      expect(await numbers('param')).toEqual([1, 1])
      expect(await numbers('strided')).toEqual([0, 3, 1, 4, 2, 5])
      expect(await numbers('fortran')).toEqual([0, 1, 2, 3, 4, 5])
      expect(await numbers('noncontig')).toEqual([0, 2, 3, 5])
      expect(await numbers('bigend')).toEqual([0, 1, 2])
      expect(await numbers('zerod')).toEqual([3])
      expect(tensors.get('u64')).toMatchObject({ dtype: 'uint64', shape: [2] })
      expect(tensors.get('generator_state')).toMatchObject({ dtype: 'uint8', shape: [5056] })
      await checkpoint.close()
    })

    test('keeps what subclasses of dict and list hold', async () => {
      const { checkpoint, at } = await read()
      expect(at('easydict', 'sub', 'x')).toBe(2)
      expect(at('omega', '_content', 'child', '_content')).toBe(3)
      expect(at('config', 'lr')).toBe(1e-4)
      expect(at('slots') === null || at('slots', 'wd') === 2).toBe(true)
      expect([at('dd', 'a'), at('dd2', 'a'), at('ctr', 'a'), at('counter', 'b'), at('od', 'a')]).toEqual([
        1, 2, 2, 1, 1,
      ])
      expect([at('lst'), at('deque')]).toEqual([
        [1, 2],
        [1, 2],
      ])
      expect(at('simple', 'a')).toBe(1)
      expect(at('namespace', 'lr')).toBe(1)
      await checkpoint.close()
    })

    test('reads plain values and numbers of numpy', async () => {
      const { checkpoint, at } = await read()
      expect(at('big')).toBe(2n ** 200n)
      expect(at('neg')).toBe(-(2n ** 200n))
      expect(at('boolean')).toEqual([true, false])
      expect(['npf64', 'npf32', 'npi64', 'npu8', 'npu64', 'npbool', 'npf16'].map((name) => at(name))).toEqual([
        1.5,
        1.5,
        3,
        3,
        2n ** 63n,
        true,
        1,
      ])
      expect(Array.from(at('bytes_') as Uint8Array)).toEqual([97, 98, 99])
      expect((at('empty_bytes') as Uint8Array).length).toBe(0)
      expect(at('size')).toEqual([1, 2])
      expect([at('device'), at('dtype'), at('tver')]).toEqual(['cuda:0', 'torch.float16', '1.13.0a0'])
      expect(at('tuplekeys', '(1, a)')).toBe(2)
      expect(at('nonekey', 'luggage_types.Color.RED')).toBe(4)
      await checkpoint.close()
    })

    test('names what it does not read', async () => {
      const { checkpoint, at } = await read()
      expect(at('color')).toEqual({ notRead: 'luggage_types.Color.RED' })
      expect(at('path')).toEqual({ notRead: 'pathlib.PosixPath("/", "x")' })
      expect(at('decimal')).toEqual({ notRead: 'decimal.Decimal("1.5")' })
      for (const name of ['complex_t', 'sparse', 'csr', 'quant', 'meta', 'strings', 'objects', 'structured', 'npdt']) {
        expect(at(name)).toMatchObject({ notRead: expect.stringMatching(/^(torch|numpy)\./) })
      }
      for (const name of [
        'functools.partial',
        're._compile',
        'luggage_types.Point',
        'numpy.random._pickle.__generator_ctor',
      ]) {
        expect(checkpoint.notRead).toContain(name)
      }
      await checkpoint.close()
    })
  },
)

describe('a whole network', () => {
  test.each(['module', 'module-legacy', 'module-parallel'])('in %s.pth is its state dict', async (file) => {
    const checkpoint = await luggage(file)
    const { tensors, prefix } = selectStateDict(checkpoint, [''])
    expect([...tensors.keys()]).toEqual(['inner.w', 'inner.b'])
    expect(await values(tensors.get('inner.w'))).toEqual([0, 1, 2, 3, 4, 5])
    expect(prefix).toBe(file === 'module-parallel' ? 'module.' : '')
    await checkpoint.close()
  })

  test('whose tensors cannot be reached says how to save them', async () => {
    const checkpoint = await open(torchZip(pickle(reduce(global('__main__', 'Net'), tensor()))))
    expect(() => selectStateDict(checkpoint, [''])).toThrow(
      /"__main__\.Net".*torch\.save\(model\.state_dict\(\), FILE\)/,
    )
    expect(() => checkpoint.tensors()).toThrow(/state_dict/)
  })
})

describe('an unknown class', () => {
  const unknown = global('my.train', 'Thing')

  test.each<[string, Part[], unknown]>([
    ['called', [reduce(unknown, int(1), text('x'))], { notRead: 'my.train.Thing(1, "x")' }],
    ['made by NEWOBJ', [unknown, tuple(int(1)), 0x81], { notRead: 'my.train.Thing(1)' }],
    ['made by NEWOBJ_EX', [unknown, tuple(int(1)), dict(text('k'), int(2)), 0x92], { notRead: 'my.train.Thing(1)' }],
    ['made by OBJ', ['(', unknown, int(1), 'o'], { notRead: 'my.train.Thing(1)' }],
    ['made by INST', ['(', int(1), 'imy.train\nThing\n'], { notRead: 'my.train.Thing(1)' }],
    ['with a state', [build(reduce(unknown), dict(text('k'), int(2)))], new Map([['k', 2]])],
    ['with slots', [build(reduce(unknown), tuple(none, dict(text('k'), int(2))))], new Map([['k', 2]])],
    ['with items set', [reduce(unknown), text('k'), int(2), 's'], new Map([['k', 2]])],
    ['with items appended', [reduce(unknown), '(', int(1), int(2), 'e'], [1, 2]],
    ['with members added', [reduce(unknown), '(', int(1), int(2), 0x90], [1, 2]],
    ['made of a dict', [reduce(unknown, dict(text('k'), int(2)))], new Map([['k', 2]])],
    ['whose instance is called', [reduce(reduce(unknown), int(1))], { notRead: 'my.train.Thing(1)' }],
    ['left as it is', [unknown], 'my.train.Thing'],
    ['in a class', [stackGlobal('my.train', 'Outer.Inner')], 'my.train.Outer.Inner'],
    [
      'of Python 2',
      [reduce(global('copy_reg', '_reconstructor'), unknown, global('__builtin__', 'object'), none)],
      { notRead: 'my.train.Thing' },
    ],
    [
      'that extends a dict, of Python 2',
      [reduce(global('copy_reg', '_reconstructor'), unknown, global('__builtin__', 'dict'), dict(text('k'), int(2)))],
      new Map([['k', 2]]),
    ],
    [
      'whose attribute is taken',
      [reduce(global('builtins', 'getattr'), unknown, text('RED'))],
      { notRead: 'my.train.Thing.RED' },
    ],
  ])('%s leaves its data and its name', async (_, parts, expected) => {
    const checkpoint = await beside(...parts)
    expect((checkpoint.root as ValueMap).get('x')).toEqual(expected)
    expect(checkpoint.notRead[0]).toMatch(/^my\.train\./)
    expect(await values(checkpoint.tensors(['model']).get('a'))).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('keeps the state dicts inside it', async () => {
    const checkpoint = await beside(build(reduce(unknown), dict(text('net'), dict(text('w'), tensor()))))
    expect(checkpoint.stateDicts.map(({ path }) => path)).toEqual(['model', 'x.net'])
  })

  test('may hold itself', async () => {
    const root = await itemOf(reduce(unknown), put(0), text('self'), get(0), 's')
    expect(root).toEqual(new Map([['self', { notRead: 'my.train.Thing (the one above)' }]]))
  })

  test('may lie 100,000 deep in its own kind', async () => {
    const deep = join(...Array.from({ length: 20_000 }, () => join(reduce(unknown), text('k'))))
    const checkpoint = await beside(deep, none, join(...Array.from({ length: 20_000 }, () => 's')))
    expect(checkpoint.stateDicts.map(({ path }) => path)).toEqual(['model'])
  })

  test('is listed in both forms of inspect', async () => {
    const description = describeCheckpoint(await beside(reduce(unknown)))
    expect(JSON.parse(JSON.stringify(description)).notRead).toEqual(['my.train.Thing'])
    expect(formatDescription(description)).toMatch(/\n {2}x: not read: my\.train\.Thing\n\nnot read: my\.train\.Thing$/)
  })
})

describe('a tensor whose dtype stands beside raw bytes', () => {
  const untyped = (type: string) => {
    const id = tuple(text('storage'), global('torch.storage', 'UntypedStorage'), text('0'), text('cpu'), int(24))
    const rebuild = global('torch._utils', '_rebuild_tensor_v3')
    const shape = tuple(int(12))
    return reduce(rebuild, join(id, 'Q'), int(0), shape, tuple(int(1)), op.false, none, global('torch', type))
  }
  const openTyped = (type: string) => open(torchZip(pickle(dict(text('t'), untyped(type)))))

  test('is read where the dtype is known', async () => {
    const ref = (await openTyped('uint16')).tensors().get('t')!
    expect(ref).toMatchObject({ dtype: 'uint16', shape: [12] })
    const whole = new Uint16Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer)
    expect(await values(ref)).toEqual(Array.from(whole))
  })

  test('is named where it is not', async () => {
    const checkpoint = await openTyped('float8_e4m3fn')
    expect((checkpoint.root as ValueMap).get('t')).toEqual({ notRead: 'torch.float8_e4m3fn([12])' })
    expect(checkpoint.notRead).toEqual(['torch.float8_e4m3fn'])
  })

  test('does not leave its bytes', async () => {
    await expect(openTyped('uint32')).rejects.toThrow(
      /uint32 \[12\].*to fit its storage, found a storage of 6 elements/,
    )
  })
})

describe('numbers as keys', () => {
  test('are numbers up to 2,000 in a dict, and text from there on', async () => {
    const map = (await itemOf('}(', ...Array.from({ length: 2500 }, (_, i) => join(int(i), none)), 'u')) as ValueMap
    expect(map.size).toBe(2500)
    expect([map.has(1999), map.has(2000), map.has('2000'), map.has('2499')]).toEqual([true, false, true, true])
  })
})

describe('protocol 0', () => {
  test.each([
    ['I01\n', true],
    ['I00\n', false],
    ['I-7\n', -7],
    ['L36893488147419103232L\n', 2n ** 65n],
    ['F1e-05\n', 1e-5],
    ['Finf\n', Number.POSITIVE_INFINITY],
    ['Fnan\n', Number.NaN],
    ["S'it\\'s \\\\ \\n \\x41 \\101'\n", "it's \\ \n A A"],
    ['V\\u263a caf\u00e9\n', '\u263a caf\u00e9'],
    ['V\\U0001f600\n', '\u{1f600}'],
    ['(I1\nI2\nl', [1, 2]],
    ['(I1\nI2\nt', [1, 2]],
    ['(Vk\nI1\nd', new Map([['k', 1]])],
    ['(lp7\n0g7\n', []],
  ])('%j is what Python reads', async (opcodes, expected) => {
    const latin1 = Uint8Array.from(opcodes, (character) => character.charCodeAt(0))
    const { root } = await open(torchZip(join(latin1, '.')))
    expect(root).toEqual(expected)
  })

  test.each(['I1.5\n', 'Ifoo\n', 'F0x10\n', 'F\n', "S'open\n", 'g-1\n', 'p1\n'])('%j is refused', async (opcodes) => {
    await expect(open(torchZip(join(opcodes, '.')))).rejects.toThrow(/^test\.pth: data\.pkl, byte 0: expected/)
  })
})

describe('a prefix', () => {
  const named = (...names: string[]) =>
    open(torchZip(pickle(dict(text('model'), dict(...names.flatMap((name) => [text(name), tensor()]))))))

  test.each([
    ['module.', ['module.a', 'module.b']],
    ['_orig_mod.', ['_orig_mod.a', '_orig_mod.b.c']],
    ['_orig_mod.module.', ['_orig_mod.module.a', '_orig_mod.module.b']],
    ['module._orig_mod.', ['module._orig_mod.a', 'module._orig_mod.b']],
    ['model.student.module.', ['model.student.module.a', 'model.student.module.b']],
    ['net.', ['net.a']],
    ['', ['module.a', 'b']],
    ['', ['module.', 'module.a']],
    ['', ['a.module.b']],
    ['module.', ['module.model.a', 'module.head.b']],
  ])('%j is what %j have', async (prefix, names) => {
    const checkpoint = await named(...names)
    const found = selectStateDict(checkpoint, ['model'])
    expect(found.prefix).toBe(prefix)
    expect(Array.from(found.tensors, ([name, ref]) => [name, ref.name])).toEqual(
      names.map((name) => [name.slice(prefix.length), name.slice(prefix.length)]),
    )
    expect([...checkpoint.tensors(['model']).keys()]).toEqual([...found.tensors.keys()])
    expect([...((checkpoint.root as ValueMap).get('model') as ValueMap).keys()]).toEqual(names)
    const line = `every name begins with "${prefix}"`
    expect(formatDescription(describeCheckpoint(checkpoint)).includes(line)).toBe(prefix !== '')
  })

  test('is reported for a file from the field', async () => {
    const checkpoint = await luggage('orig')
    expect(describeCheckpoint(checkpoint).stateDicts[0]).toMatchObject({
      prefix: '_orig_mod.module.',
      model: { kind: 'llamagen' },
      tensors: [{ name: 'layers.0.attention.wqkv.weight' }, { name: 'output.weight' }],
    })
    await checkpoint.close()
  })

  test('does not count where other values stand beside the tensors', async () => {
    const checkpoint = await open(torchZip(pickle(dict(text('module.a'), tensor(), text('epoch'), int(3)))))
    expect([...checkpoint.tensors().keys()]).toEqual(['module.a'])
  })
})

describe('an archive zipped again', () => {
  const content = pickle(dict(text('a'), tensor()))

  test('may lie in another folder, or in none', async () => {
    for (const folder of ['', 'my files/archive/']) {
      const entries = torchEntries(content).map(({ name, data }) => ({ name: name.replace('archive/', folder), data }))
      const checkpoint = await open(zip([{ name: 'notes.txt', data: join('x') }, ...entries]))
      expect(await values(checkpoint.tensors().get('a'))).toEqual([0, 1, 2, 3, 4, 5])
    }
  })

  test('says what its deflated tensors are derived from', async () => {
    const checkpoint = await luggage('deflated')
    const ref = checkpoint.tensors(['model']).get('a')!
    expect(ref.location).toBeUndefined()
    expect(ref.derived?.from.path).toBe(fixturePath('luggage/deflated.pth'))
    expect(ref.derived?.key).toContain('2x3')
    await checkpoint.close()
  })
})

test('tensors of complex numbers in a legacy file do not move the ones behind them', async () => {
  const complex = op.tuple(text('storage'), global('torch', 'ComplexFloatStorage'), text('0'), text('cpu'), int(1))
  const floats = op.tuple(text('storage'), global('torch', 'FloatStorage'), text('1'), text('cpu'), int(6))
  const tree = pickle(
    dict(
      text('c'),
      tensor({ storage: join(complex, 'Q'), shape: [1], strides: [1] }),
      text('a'),
      tensor({ storage: join(floats, 'Q') }),
    ),
  )
  const data = new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer)
  const storages = join([1, 0, 0, 0, 0, 0, 0, 0], new Uint8Array(8), [6, 0, 0, 0, 0, 0, 0, 0], data)
  const checkpoint = await open(torchLegacy(tree, { keys: pickle(list(text('0'), text('1'))), storages }))
  expect(await values(checkpoint.tensors().get('a'))).toEqual([0, 1, 2, 3, 4, 5])
  expect(checkpoint.notRead).toEqual(['torch.ComplexFloatStorage'])
})
