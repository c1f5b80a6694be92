import { expect, test } from 'vitest'
import { join, u64 } from '../../test/hostile/bytes.ts'
import { type DType, dtypeSize } from '../core/dtype.ts'
import { ShapeError } from '../core/errors.ts'
import { openCheckpoint } from './checkpoint.ts'
import { type NamedTensor, writeSafetensors } from './safetensors.ts'
import { bufferSource } from './sources.ts'

const open = (bytes: Uint8Array) => openCheckpoint(bufferSource('a.safetensors', bytes))
const counting = (dtype: DType, shape: number[]): NamedTensor => {
  const numel = shape.reduce((product, dim) => product * dim, 1)
  return {
    name: `${dtype} "quoted" é`,
    dtype,
    shape,
    data: Uint8Array.from({ length: numel * dtypeSize[dtype] }, (_, i) => i),
  }
}

test('what is written is read again, in every dtype, aligned', async () => {
  const tensors = (Object.keys(dtypeSize) as DType[]).map((dtype, i) => counting(dtype, [i % 3, 3].slice(i % 2)))
  const file = join(...writeSafetensors(tensors, { format: 'pt', __proto__x: 'y' }))
  const checkpoint = await open(file)
  expect(checkpoint.format).toBe('safetensors')
  expect(Object.fromEntries(checkpoint.metadata)).toEqual({ format: 'pt', __proto__x: 'y' })
  for (const { name, dtype, shape, data } of tensors) {
    const tensor = checkpoint.tensors().get(name)!
    expect(tensor).toMatchObject({ name, dtype, shape })
    expect(await tensor.read()).toEqual(data)
  }
})

test('a file of the official writer is read', async () => {
  const header = '{"__metadata__":{"format":"pt"},"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}  '
  const checkpoint = await open(join(u64(header.length), header, [0x80, 0x3f, 0, 0x40]))
  expect(checkpoint.tensors().get('w')).toMatchObject({ dtype: 'bfloat16', shape: [2] })
  expect(checkpoint.metadata.get('format')).toBe('pt')
})

test('__proto__ and constructor are names like any other', async () => {
  const named = (name: string): NamedTensor => ({ name, dtype: 'uint8', shape: [1], data: Uint8Array.of(name.length) })
  const checkpoint = await open(join(...writeSafetensors([named('__proto__'), named('constructor')])))
  expect(await checkpoint.tensors().get('__proto__')!.read()).toEqual(Uint8Array.of(9))
  expect([...checkpoint.tensors().keys()]).toEqual(['__proto__', 'constructor'])
})

test('the writer refuses data that do not fit their shape, and names that come twice', () => {
  const tensor = counting('float32', [2])
  expect(() => writeSafetensors([{ ...tensor, shape: [3] }])).toThrow(ShapeError)
  expect(() => writeSafetensors([tensor, tensor])).toThrow(/twice/)
})

test('tensors of types that no network here has do not stand in the way of the others', async () => {
  const header = JSON.stringify({
    scales: { dtype: 'F8_E4M3', shape: [4], data_offsets: [0, 4] },
    w: { dtype: 'F32', shape: [1], data_offsets: [4, 8] },
  })
  const bytes = new Uint8Array([header.length, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from(header), 1, 2, 3, 4, 0, 0, 128, 63])
  const checkpoint = await openCheckpoint(bufferSource('f8.safetensors', bytes))
  expect(checkpoint.notRead).toEqual(['scales (F8_E4M3)'])
  expect([...checkpoint.tensors().keys()]).toEqual(['w'])
  expect(await checkpoint.tensors().get('w')!.read()).toEqual(new Uint8Array([0, 0, 128, 63]))
})
