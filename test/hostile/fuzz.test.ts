// Property: whatever happens to a valid file, it is read or refused with a CheckpointError, never anything else, never slowly.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { npyBytes } from '../../src/checkpoint/npy.ts'
import { npzBytes } from '../../src/checkpoint/npz.ts'
import { writeSafetensors } from '../../src/checkpoint/safetensors.ts'
import { CheckpointError } from '../../src/core/errors.ts'
import { record, scaled } from '../attack/record.ts'
import { fixturePath } from '../fixtures.ts'
import { floats, join } from './bytes.ts'
import { openAll } from './open-all.ts'
import { array, op, storage, tensor, torchLegacy, torchZip } from './pickle-builder.ts'

const { dict, int, list, pickle, text } = op
const tree = pickle(
  dict(
    text('epoch'),
    int(3),
    text('model'),
    dict(text('w'), tensor(), text('b'), tensor({ shape: [3], strides: [2] })),
    text('m'),
    array('f4', [2], op.bytes(floats(1, 2))),
    text('l'),
    list(int(1), text('x')),
    text('s'),
    storage('0', 6),
    text('args'),
    op.build(op.reduce(op.global('my.train', 'Thing'), int(1)), dict(text('k'), list(int(2)))),
    text('color'),
    op.reduce(op.global('builtins', 'getattr'), op.global('my.train', 'Color'), text('RED')),
    text('net'),
    op.build(
      op.reduce(op.global('my.train', 'Net')),
      dict(text('_parameters'), dict(text('p'), tensor()), text('_buffers'), dict(), text('_modules'), dict()),
    ),
  ),
)
const data = Float32Array.of(1, 2, 3, 4)
const named = (name: string) => ({ name, dtype: 'float32' as const, shape: [2, 2], data: floats(1, 2, 3, 4) })

const seeds: readonly (readonly [string, Uint8Array])[] = [
  ['torch zip', torchZip(tree)],
  ['torch legacy', torchLegacy(tree)],
  ['safetensors', join(...writeSafetensors([named('a'), named('b')], { format: 'pt' }))],
  ['npy', npyBytes([2, 2], data)],
  ['npz', npzBytes({ a: { shape: [4], data }, b: { shape: [2, 2], data } })],
  ['numpy’s own npz', new Uint8Array(readFileSync(fixturePath('metrics_reference.npz')))],
  ['training state', new Uint8Array(readFileSync(fixturePath('luggage/everything-protocol4.pth')))],
  ['network as a whole', new Uint8Array(readFileSync(fixturePath('luggage/module-legacy.pth')))],
  ['deflated', new Uint8Array(readFileSync(fixturePath('luggage/deflated.pth')))],
  ['PyTorch’s own zip', new Uint8Array(readFileSync(fixturePath('bad_unsafe_pickle.pth')))],
]

type Mutation = (bytes: Uint8Array) => Uint8Array

const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const place = (bytes: Uint8Array, where: number) => Math.floor(where * bytes.length)
const interesting = fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x28, 0x29, 0x2e, 0x52, 0x5d, 0x62, 0x68, 0x71, 0x72, 0x7d)

const flip = fc.tuple(at, fc.nat(7)).map(
  ([where, bit]): Mutation =>
    (bytes) => {
      const out = bytes.slice()
      if (out.length) out[place(out, where)]! ^= 1 << bit
      return out
    },
)
const overwrite = fc.tuple(at, fc.oneof(interesting, fc.nat(255)), fc.nat(8)).map(
  ([where, byte, length]): Mutation =>
    (bytes) =>
      bytes.slice().fill(byte, place(bytes, where), place(bytes, where) + 1 + length),
)
const truncate = at.map(
  (where): Mutation =>
    (bytes) =>
      bytes.slice(0, place(bytes, where)),
)
const splice = fc.tuple(at, at, at).map(
  ([from, to, into]): Mutation =>
    (bytes) => {
      const a = place(bytes, Math.min(from, to))
      const b = place(bytes, Math.max(from, to))
      return join(bytes.subarray(0, place(bytes, into)), bytes.subarray(a, b), bytes.subarray(place(bytes, into)))
    },
)
const remove = fc.tuple(at, fc.nat(40)).map(
  ([where, length]): Mutation =>
    (bytes) => {
      return join(bytes.subarray(0, place(bytes, where)), bytes.subarray(place(bytes, where) + length))
    },
)

const weighted = fc.oneof(
  { weight: 5, arbitrary: flip },
  { weight: 4, arbitrary: overwrite },
  { weight: 1, arbitrary: truncate },
  { weight: 1, arbitrary: splice },
  { weight: 1, arbitrary: remove },
)

let files = 0
let slowest = 0

const readOrRefuse = async (bytes: Uint8Array): Promise<boolean> => {
  const start = process.cpuUsage()
  const error = await openAll('fuzz.bin', bytes).then(
    () => undefined,
    (thrown) => thrown,
  )
  const { user, system } = process.cpuUsage(start)
  files++
  slowest = Math.max(slowest, (user + system) / 1e6)
  expect((user + system) / 1e6).toBeLessThan(1)
  if (error !== undefined) expect(error).toBeInstanceOf(CheckpointError)
  return error === undefined
}

afterAll(() => {
  record({
    attack: 'checkpoints of every format, damaged at random',
    count: files,
    result: `each read or refused with a CheckpointError, the slowest in ${slowest.toFixed(2)} s of CPU`,
  })
})

describe.each(seeds)('a %s file', (name, bytes) => {
  test('is read or refused after random damage', async () => {
    let refused = 0
    await fc.assert(
      fc.asyncProperty(fc.array(weighted, { minLength: 1, maxLength: 4 }), async (mutations) => {
        if (!(await readOrRefuse(mutations.reduce<Uint8Array>((file, mutate) => mutate(file), bytes)))) refused++
      }),
      { numRuns: scaled(75_000) },
    )
    expect(refused).toBeGreaterThan(100)
  })

  test('is read whole exactly when it is valid', async () => {
    expect(await readOrRefuse(bytes)).toBe(name !== 'PyTorch’s own zip')
  })
})

/** Damage inside the pickle alone, with the archive around it intact: reaches deeper than flips of the whole file. */
test.each([
  ['zip', torchZip],
  ['legacy', torchLegacy],
])('a damaged pickle in an intact %s file is read or refused', async (_, wrap) => {
  await fc.assert(
    fc.asyncProperty(fc.array(weighted, { minLength: 1, maxLength: 3 }), async (mutations) => {
      await readOrRefuse(wrap(mutations.reduce<Uint8Array>((file, mutate) => mutate(file), tree)))
    }),
    { numRuns: scaled(200_000) },
  )
})

test('a pickle of random opcodes is read or refused', async () => {
  const opcode = fc.constantFrom(
    ...'()]}N.0125Q1abcdehlqrstuGJKMRTUXBoiILFSVgp\x92\x80\x81\x85\x86\x87\x88\x89\x8a\x8c\x8f\x90\x91\x93\x94\x95',
  )
  const part = fc.oneof(
    { weight: 4, arbitrary: opcode.map((c) => Uint8Array.of(c.charCodeAt(0))) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4 }) },
    { weight: 2, arbitrary: fc.constantFrom(tensor(), storage('0', 6), text('w'), int(2), op.put(0), op.get(0)) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        op.global('collections', 'OrderedDict'),
        op.global('numpy', 'dtype'),
        op.global('builtins', 'getattr'),
        op.global('my.train', 'Thing'),
        op.reduce(op.global('my.train', 'Thing')),
        op.global('builtins', 'dict'),
        op.global('torch._tensor', '_rebuild_from_type_v2'),
        op.global('copy_reg', '_reconstructor'),
        op.global('torch._utils', '_rebuild_tensor_v3'),
        op.global('numpy.core.numeric', '_frombuffer'),
        op.tuple(text('k'), op.dict(text('_modules'), op.dict())),
      ),
    },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 30 }), async (parts) => {
      await readOrRefuse(torchZip(pickle(...parts)))
    }),
    { numRuns: scaled(200_000) },
  )
})
