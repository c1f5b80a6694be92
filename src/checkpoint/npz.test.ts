import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { join, u16 } from '../../test/hostile/bytes.ts'
import { zip } from '../../test/hostile/zip-builder.ts'
import { crc32 } from '../core/crc32.ts'
import { toFloat32 } from '../core/dtype.ts'
import { CheckpointError, ShapeError } from '../core/errors.ts'
import { openCheckpoint, selectStateDict } from './checkpoint.ts'
import { describeCheckpoint, formatDescription } from './describe.ts'
import { type NpyData, npyBytes } from './npy.ts'
import { checkNpzArray, npzBytes } from './npz.ts'
import { bufferSource } from './sources.ts'

const open = async (bytes: Uint8Array) => (await openCheckpoint(bufferSource('a.npz', bytes))).tensors()
const npy = (literal: string, data: Uint8Array) => join([0x93], 'NUMPY', [1, 0], u16(literal.length), literal, data)

const arrays: readonly (readonly [string, NpyData])[] = [
  ['float64', Float64Array.of(0.5, -1, 2, 3, 4, 5)],
  ['float32', Float32Array.of(0.5, -1, 2, 3, 4, 5)],
  ['int64', BigInt64Array.of(1n, -2n, 3n, 4n, 5n, 6n)],
  ['int32', Int32Array.of(1, -2, 3, 4, 5, 6)],
  ['int16', Int16Array.of(1, -2, 3, 4, 5, 6)],
  ['int8', Int8Array.of(1, -2, 3, 4, 5, 6)],
  ['uint8', Uint8Array.of(1, 2, 3, 4, 5, 255)],
]

describe.each(arrays)('a %s array', (dtype, data) => {
  const raw = new Uint8Array(data.buffer)

  test('comes back from a .npy', async () => {
    const array = (await open(npyBytes([2, 3], data))).get('arr_0')!
    expect(array).toMatchObject({ dtype, shape: [2, 3] })
    expect(await array.read()).toEqual(raw)
  })

  test('comes back from a .npz', async () => {
    const array = (await open(npzBytes({ first: { shape: [6], data }, second: { shape: [3, 2], data } }))).get(
      'second',
    )!
    expect(array).toMatchObject({ name: 'second', dtype, shape: [3, 2] })
    expect(await array.read()).toEqual(raw)
  })
})

test('the elements of a .npy begin at a multiple of 64', () => {
  const bytes = npyBytes([1], Uint8Array.of(7))
  expect(bytes.length % 64).toBe(1)
  expect(new TextDecoder().decode(bytes.subarray(10, 128))).toContain("'shape': (1,), }")
})

test('Fortran order is turned into row-major', async () => {
  const header = "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }"
  const bytes = npy(header, new Uint8Array(Int16Array.of(1, 4, 2, 5, 3, 6).buffer))
  const array = (await open(bytes)).get('arr_0')!
  expect(Array.from(toFloat32(await array.read(), 'int16'))).toEqual([1, 2, 3, 4, 5, 6])
})

test('big-endian elements are turned around', async () => {
  const header = "{'shape': (2L,), 'fortran_order': False, 'descr': '>f4'}\n"
  const array = (await open(npy(header, Uint8Array.of(0x3f, 0x80, 0, 0, 0x40, 0, 0, 0)))).get('arr_0')!
  expect(Array.from(toFloat32(await array.read(), 'float32'))).toEqual([1, 2])
})

test('a compressed .npz is inflated when read', async () => {
  const data = Float32Array.from({ length: 100_000 }, (_, i) => i % 97)
  const whole = npyBytes([100, 1000], data)
  const packed = deflateRawSync(whole)
  const header = { method: 8, size: whole.length, compressedSize: packed.length, crc: crc32(whole) }
  const array = (await open(zip([{ name: 'x.npy', data: packed, central: header, local: header }]))).get('x')!
  expect(array.location).toBeUndefined()
  expect(await array.read()).toEqual(new Uint8Array(data.buffer))
})

test('a damaged compressed array is found when read', async () => {
  const whole = npyBytes([100_000], new Float32Array(100_000))
  const packed = deflateRawSync(whole)
  const header = { method: 8, size: whole.length, compressedSize: packed.length, crc: 1 }
  const array = (await open(zip([{ name: 'x.npy', data: packed, central: header, local: header }]))).get('x')!
  await expect(array.read()).rejects.toThrow(CheckpointError)
})

test('a shape that does not fit the data is refused', () => {
  expect(() => npyBytes([2, 2], new Float32Array(3))).toThrow(ShapeError)
})

describe('a .npz', () => {
  const plain = "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }"
  const ones = npy(plain, Uint8Array.of(1, 2, 3, 4))

  test('may hold what is not read beside the arrays: objects, text, records', async () => {
    const literal = (descr: string) => `{'descr': ${descr}, 'fortran_order': False, 'shape': (1,), }`
    const archive = zip([
      { name: 'arr_0.npy', data: ones },
      { name: 'o.npy', data: npy(literal("'|O'"), Uint8Array.of(0x80, 4, 0x4e, 0x2e)) },
      { name: 's.npy', data: npy(literal("'<U3'"), new Uint8Array(12)) },
      { name: 'r.npy', data: npy(literal("[('a', '<f4'), ('b', '|O')]"), new Uint8Array(12)) },
      { name: 'c.npy', data: npy(literal("'<c8'"), new Uint8Array(8)) },
    ])
    const checkpoint = await openCheckpoint(bufferSource('a.npz', archive))
    expect(await checkpoint.tensors().get('arr_0')!.read()).toEqual(Uint8Array.of(1, 2, 3, 4))
    expect([...checkpoint.tensors().keys()]).toEqual(['arr_0'])
    expect(checkpoint.notRead).toEqual([
      "o.npy (numpy type '|O')",
      "s.npy (numpy type '<U3')",
      "r.npy (numpy type [('a', '<f4'), ('b', '|O')])",
      "c.npy (numpy type '<c8')",
    ])
    const lines = formatDescription(describeCheckpoint(checkpoint))
    expect(lines).toContain('(root): no model known here; 1 tensor, 4 elements, 4 bytes')
    expect(lines).toContain("not read: o.npy (numpy type '|O'), s.npy (numpy type '<U3'), r.npy")
  })

  test('of objects alone is described, and has no tensor of that name', async () => {
    const objects = npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", Uint8Array.of(0x80, 4, 0x4e, 0x2e))
    const checkpoint = await openCheckpoint(bufferSource('a.npz', zip([{ name: 'arr_0.npy', data: objects }])))
    expect(formatDescription(describeCheckpoint(checkpoint))).toContain("not read: arr_0.npy (numpy type '|O')")
    expect(() => selectStateDict(checkpoint, [''])).toThrow(/expected tensors at "" .*arr_0\.npy \(numpy type '\|O'\)/)
    expect(checkpoint.tensors().has('arr_0')).toBe(false)
  })

  test('is held against its checksums where it is stored', async () => {
    const archive = npzBytes({ arr_0: { shape: [4], data: Uint8Array.of(1, 2, 3, 4) } })
    const at = archive.findIndex((_, i) => [1, 2, 3, 4].every((value, k) => archive[i + k] === value))
    archive[at + 2]! ^= 1
    const message = /a\.npz: array "arr_0\.npy": expected the checksum of the directory/
    await expect((await open(archive)).get('arr_0')!.read()).rejects.toThrow(message)
    await expect(checkNpzArray(bufferSource('a.npz', archive), 'arr_0')).rejects.toThrow(message)
    archive[at + 2]! ^= 1
    await checkNpzArray(bufferSource('a.npz', archive), 'arr_0')
  })

  test('may have long headers, and a bounded number of arrays', async () => {
    const long = npy(plain.padEnd(2000), Uint8Array.of(1, 2, 3, 4))
    const many = (count: number) => zip(Array.from({ length: count }, (_, i) => ({ name: `${i}.npy`, data: ones })))
    expect((await open(zip([{ name: 'a.npy', data: long }]))).get('a')!.shape).toEqual([4])
    expect((await open(many(3000))).size).toBe(3000)
    await expect(open(many(3001))).rejects.toThrow(/at most 3000 arrays, found 3001. Save it in several files/)
  })
})
