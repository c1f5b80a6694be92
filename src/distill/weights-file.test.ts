import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openFile } from '../checkpoint/node/file-source.ts'
import { toFloat32 } from '../core/dtype.ts'
import { type HostTensor, writeWeights } from './weights-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-weights-'))
})
afterEach(() => rm(folder, { recursive: true }))

const values = Float32Array.from({ length: 600 }, (_, i) => Math.sin(i) * 10 ** ((i % 9) - 6))
const weights = new Map<string, HostTensor>([
  ['head.weight', { shape: [20, 30], data: values }],
  ['head.bias', { shape: [3], data: values.subarray(7, 10) }],
])
const metadata = { format: 'pt', 'distilled.architecture': '{"family":"var"}' }

async function written(dtype: 'float32' | 'float16') {
  const path = join(folder, `${dtype}.safetensors`)
  await writeWeights(path, weights, metadata, { dtype })
  const file = await openFile(path)
  const tensors = await Promise.all(
    Array.from(file.tensors().values(), async (tensor) => toFloat32(await tensor.read(), tensor.dtype)),
  )
  await file.close()
  return { file, tensors, bytes: (await stat(path)).size }
}

test('float32 is exact, float16 within half a unit of its last place and half the bytes', async () => {
  const full = await written('float32')
  const half = await written('float16')
  expect(Object.fromEntries(full.file.metadata)).toEqual(metadata)
  expect(full.tensors[0]).toEqual(values)
  expect(full.tensors[1]).toEqual(values.slice(7, 10))
  // float16 keeps 11 bits; below 2^-14 its values are 2^-24 apart
  expect(half.tensors[0]).toBeAllclose(values, { atol: 2 ** -25, rtol: 2 ** -11 })
  expect([...half.file.tensors().values()].map(({ dtype }) => dtype)).toEqual(['float16', 'float16'])
  expect(full.bytes - half.bytes).toBeGreaterThan(603 * 2 - 100)
})

test('a network that diverged, or does not fit float16, is not written', async () => {
  const path = join(folder, 'bad.safetensors')
  const bad = (value: number) => new Map([['w', { shape: [2], data: Float32Array.of(0, value) }]])
  await expect(writeWeights(path, bad(Number.NaN), {})).rejects.toThrow('tensor "w" is NaN at element 1. The training')
  await expect(writeWeights(path, bad(70000), {}, { dtype: 'float16' })).rejects.toThrow(
    'tensor "w" is 70000 at element 1, which float16 cannot hold. Write float32.',
  )
  await writeWeights(path, bad(70000), {})
  expect(await readdir(folder)).toEqual(['bad.safetensors'])
})
