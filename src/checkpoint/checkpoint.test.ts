import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fixturePath, loadFixture } from '../../test/fixtures.ts'
import { floats, join, u64 } from '../../test/hostile/bytes.ts'
import { op, sixFloats, storage, tensor, torchLegacy, torchZip } from '../../test/hostile/pickle-builder.ts'
import { crc32 } from '../core/crc32.ts'
import { toFloat32 } from '../core/dtype.ts'
import { openCheckpoint, selectStateDict } from './checkpoint.ts'
import { openFile } from './node/file-source.ts'
import { bufferSource } from './sources.ts'
import type { StateDict, TensorRef } from './types.ts'

const values = async (tensor: TensorRef | undefined) => Array.from(toFloat32(await tensor!.read(), tensor!.dtype))
const open = (bytes: Uint8Array) => openCheckpoint(bufferSource('test.pth', bytes))
const { dict, int, list, pickle, text, tuple } = op

/** File, format, state dicts, and one tensor with the CRC-32 of its bytes as PyTorch 1.13 (numpy) sees them. */
const fixtures = [
  ['var_tiny_dd.pth', 'torch zip', ['trainer.var_wo_ddp', 'trainer.ema_parameters'], 'blocks.2.ffn.fc2.weight'],
  ['var_tiny_teacher.pth', 'torch zip', [''], 'blocks.2.ffn.fc2.weight'],
  ['var_tiny_vqvae.pth', 'torch zip', [''], 'decoder.up.4.block.1.conv2.weight'],
  ['llamagen_tiny_dd.pt', 'torch zip', ['ema', 'model'], 'layers.2.feed_forward.w2.weight'],
  ['llamagen_tiny_teacher.pt', 'torch zip', ['model'], 'layers.2.feed_forward.w2.weight'],
  ['llamagen_tiny_vq.pt', 'torch zip', ['model'], 'decoder.conv_in.weight'],
  ['llamagen_micro_trainstate.pt', 'torch zip', ['model', 'ema'], 'layers.0.feed_forward.w2.weight'],
  ['var_micro_legacy.pth', 'torch legacy', ['trainer.var_wo_ddp', 'trainer.ema_parameters'], 'head.weight'],
  ['var_micro_half.pth', 'torch zip', ['trainer.ema_parameters'], 'blocks.0.attn.mat_qkv.weight'],
  ['bad_missing_key.pth', 'torch zip', ['trainer.ema_parameters'], 'head.weight'],
  ['bad_wrong_shape.pth', 'torch zip', ['trainer.ema_parameters'], 'head.weight'],
  ['metrics_statistic.pth', 'torch zip', [''], 's'],
  ['metrics_reference.npz', 'npz', [''], 'sigma'],
] as const

const checksums: Record<string, number> = {
  'var_tiny_dd.pth': 4228152271,
  'var_tiny_teacher.pth': 2263660860,
  'var_tiny_vqvae.pth': 3786863915,
  'llamagen_tiny_dd.pt': 3922604819,
  'llamagen_tiny_teacher.pt': 1496694564,
  'llamagen_tiny_vq.pt': 2328156252,
  'llamagen_micro_trainstate.pt': 3055029070,
  'var_micro_legacy.pth': 1627402802,
  'var_micro_half.pth': 1165566876,
  'bad_missing_key.pth': 1627402802,
  'bad_wrong_shape.pth': 2747981125,
  'metrics_statistic.pth': 3182447645,
  'metrics_reference.npz': 3182447645,
}

describe('the checkpoints of the fixtures', () => {
  test.each(fixtures)('%s is %s with its state dicts', async (file, format, paths, name) => {
    const checkpoint = await openFile(fixturePath(file))
    expect(checkpoint.format).toBe(format)
    expect(checkpoint.stateDicts.map(({ path }) => path)).toEqual(paths)
    const bytes = await checkpoint.stateDicts.at(-1)!.tensors.get(name)!.read()
    expect(crc32(bytes)).toBe(checksums[file])
    await checkpoint.close()
  })

  test.each(fixtures)('every location in %s points at what read() gives', async (file) => {
    const checkpoint = await openFile(fixturePath(file))
    const raw = readFileSync(fixturePath(file))
    let locations = 0
    for (const { tensors } of checkpoint.stateDicts) {
      for (const { location, read } of tensors.values()) {
        if (!location) continue
        locations++
        expect(location.path).toBe(fixturePath(file))
        expect(raw.subarray(location.offset, location.offset + location.byteLength).equals(await read())).toBe(true)
      }
    }
    expect(locations > 0).toBe(file !== 'metrics_statistic.pth')
    await checkpoint.close()
  })

  test('the averaged weights of a training state differ from the raw ones and have no buffers', async () => {
    const checkpoint = await openFile(fixturePath('var_tiny_dd.pth'))
    const raw = checkpoint.tensors(['trainer', 'var_wo_ddp'])
    const ema = checkpoint.tensors(['trainer', 'ema_parameters'])
    expect(raw.has('lvl_1L')).toBe(true)
    expect(ema.has('lvl_1L')).toBe(false)
    expect(await values(ema.get('head.bias'))).not.toEqual(await values(raw.get('head.bias')))
    await checkpoint.close()
  })

  test('half precision and the legacy format hold the same weights, up to rounding', async () => {
    const half = await openFile(fixturePath('var_micro_half.pth'))
    const legacy = await openFile(fixturePath('var_micro_legacy.pth'))
    const exact = legacy.tensors(['trainer', 'ema_parameters'])
    const dtypes = new Set<string>()
    for (const [name, tensor] of half.tensors(['trainer', 'ema_parameters'])) {
      dtypes.add(tensor.dtype)
      // bfloat16 keeps 8 significant bits, float16 eleven.
      const rtol = { float32: 0, float16: 2 ** -11, bfloat16: 2 ** -8 }[tensor.dtype as 'float32']
      expect(await values(tensor)).toBeAllclose(await values(exact.get(name)), { atol: 1e-7, rtol })
    }
    expect([...dtypes].sort()).toEqual(['bfloat16', 'float16', 'float32'])
    await half.close()
    await legacy.close()
  })

  test('numpy arrays pickled into a .pth are tensors', async () => {
    const checkpoint = await openFile(fixturePath('metrics_statistic.pth'))
    const { arrays } = loadFixture('metrics')
    expect(checkpoint.tensors().get('m')).toMatchObject({ dtype: 'float32', shape: [64] })
    expect(checkpoint.tensors().get('s')).toMatchObject({ dtype: 'float64', shape: [64, 64] })
    expect(await values(checkpoint.tensors().get('m'))).toBeAllclose(arrays('mu_ref').data, { rtol: 1e-7 })
    expect(await values(checkpoint.tensors().get('s'))).toBeAllclose(arrays('sigma_ref').data, { rtol: 1e-7 })
    await checkpoint.close()
  })

  test('an argparse.Namespace is a dict', async () => {
    const checkpoint = await openFile(fixturePath('llamagen_micro_trainstate.pt'))
    const args = (checkpoint.root as Map<string, Map<string, unknown>>).get('args')
    expect(args?.get('gpt_model')).toBe('GPT-B')
    expect(args?.get('results_dir')).toBeNull()
    await checkpoint.close()
  })
})

describe('a state dict is selected', () => {
  const candidates = ['ema', 'model', '']

  test('by the first path that is there', async () => {
    const checkpoint = await open(torchZip(pickle(dict(text('model'), dict(text('w'), tensor())))))
    expect(selectStateDict(checkpoint, candidates)).toMatchObject({ path: 'model' })
  })

  test('as the bare root', async () => {
    const checkpoint = await open(torchZip(pickle(dict(text('w'), tensor()))))
    expect([...selectStateDict(checkpoint, candidates).tensors.keys()]).toEqual(['w'])
  })

  test('or an error lists what is there', async () => {
    const checkpoint = await open(torchZip(pickle(dict(text('net'), dict(text('w'), tensor())))))
    expect(() => selectStateDict(checkpoint, candidates)).toThrow(
      /^test\.pth: tree: expected .*"ema".*found them at "net"\. Only these places are read: save the weights that you mean in a file of their own, for example torch\.save\(torch\.load\(FILE\)\["net"\], "weights\.pth"\) for "net"\.$/,
    )
    expect(() => checkpoint.tensors(['nets'])).toThrow(/"nets".*"net"/)
  })
})

const formats = [
  ['zip', torchZip],
  ['legacy', torchLegacy],
] as const

describe.each(formats)('in the torch %s format', (_, file) => {
  const read = async (...items: Uint8Array[]): Promise<StateDict> =>
    (await open(file(pickle(dict(...items))))).tensors()

  test('a tensor is row-major', async () => {
    const w = (await read(text('w'), tensor())).get('w')!
    expect(w).toMatchObject({ name: 'w', dtype: 'float32', shape: [2, 3] })
    expect(await values(w)).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('strides and offsets are honoured', async () => {
    const tensors = await read(
      text('transposed'),
      tensor({ shape: [3, 2], strides: [1, 3] }),
      text('every other'),
      tensor({ offset: 1, shape: [3], strides: [2] }),
      text('expanded'),
      tensor({ offset: 4, shape: [3, 2], strides: [0, 1] }),
      text('part'),
      tensor({ offset: 2, shape: [2, 1, 2], strides: [2, 99, 1] }),
      text('scalar'),
      tensor({ offset: 5, shape: [], strides: [] }),
      text('empty'),
      tensor({ shape: [0, 3], strides: [3, 1] }),
    )
    expect(await values(tensors.get('transposed'))).toEqual([0, 3, 1, 4, 2, 5])
    expect(await values(tensors.get('every other'))).toEqual([1, 3, 5])
    expect(await values(tensors.get('expanded'))).toEqual([4, 5, 4, 5, 4, 5])
    expect(await values(tensors.get('part'))).toEqual([2, 3, 4, 5])
    expect(await values(tensors.get('scalar'))).toEqual([5])
    expect(await values(tensors.get('empty'))).toEqual([])
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is a name like any other', async (name) => {
    const checkpoint = await open(file(pickle(dict(text(name), dict(text(name), tensor())))))
    expect(checkpoint.stateDicts).toHaveLength(1)
    expect(await values(selectStateDict(checkpoint, [name]).tensors.get(name))).toEqual([0, 1, 2, 3, 4, 5])
    expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  })

  test('one tensor in two places has two names', async () => {
    const bytes = file(pickle(dict(text('a'), join(tensor(), op.put(1)), text('b'), op.get(1))))
    const tensors = (await open(bytes)).tensors()
    expect(Array.from(tensors.values(), ({ name }) => name)).toEqual(['a', 'b'])
  })

  test('other values stay as they are', async () => {
    const unused = tensor()
    const items = [
      text('i'),
      int(-7),
      text('big'),
      join(0x8a, 9, u64(0), 1),
      text('f'),
      op.float(0.5),
      text('t'),
      tuple(int(1), op.none),
    ]
    const checkpoint = await open(file(pickle(dict(...items, text('l'), list(unused)))))
    const root = checkpoint.root as Map<string, unknown>
    expect([root.get('i'), root.get('big'), root.get('f'), root.get('t')]).toEqual([-7, 2n ** 64n, 0.5, [1, null]])
  })
})

test('a legacy storage view begins where it says', async () => {
  const view = tuple(text('v'), int(2), int(3))
  const id = tuple(text('storage'), op.global('torch', 'FloatStorage'), text('0'), text('cpu'), int(6), view)
  const bytes = torchLegacy(pickle(dict(text('w'), tensor({ storage: join(id, 'Q'), shape: [3], strides: [1] }))))
  expect(await values((await open(bytes)).tensors().get('w'))).toEqual([2, 3, 4])
})

test('a parameter is its tensor and a bare storage a tensor of one axis', async () => {
  const parameter = op.reduce(op.global('torch._utils', '_rebuild_parameter'), tensor(), op.false, op.none)
  const tensors = (await open(torchZip(pickle(dict(text('p'), parameter, text('s'), storage('0', 6)))))).tensors()
  expect(await values(tensors.get('p'))).toEqual(await values(tensors.get('s')))
})

test('over a network the headers of storages wait until a tensor is read', async () => {
  const bytes = torchZip(pickle(dict(text('w'), tensor())))
  const reads: number[] = []
  const local = bufferSource('far.pth', bytes)
  const read = (offset: number, length: number) => {
    reads.push(offset)
    return local.read(offset, length)
  }
  const checkpoint = await openCheckpoint({ ...local, remote: true, read })
  const before = reads.length
  expect(await values(checkpoint.tensors().get('w'))).toEqual([0, 1, 2, 3, 4, 5])
  expect(reads.length).toBe(before + 2)
  expect(sixFloats).toEqual(floats(0, 1, 2, 3, 4, 5))
})

test('a file of another kind is named by its first bytes', async () => {
  await expect(open(join('<!DOCTYPE html>'))).rejects.toThrow(/found bytes 3c 21 44.*web page/)
})
