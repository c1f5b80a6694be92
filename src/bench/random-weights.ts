// Random weights at any size, so that speed can be measured without a download: one scratch file holds all tensors,
// filled from a small Gaussian block, and the state dict points into it just as it would into a checkpoint.

import { open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { StateDict, TensorRef } from '../checkpoint/types.ts'
import { sizeOf } from '../core/dtype.ts'
import { noise } from '../core/random/philox.ts'
import { makeFolder, writeStream } from '../files/atomic.ts'

const BLOCK = 1 << 18
const STD = 0.02

/** Scale of a parameter by its role: norms near one, the rest small, so that activations stay finite at any depth. */
const isGain = (name: string) => /norm\d?\.weight$|norm_out\.weight$|_norm\.weight$/.test(name)

/** State dict with the given shapes; writes `path` unless a file of the right size is already there. */
export async function randomStateDict(
  shapes: ReadonlyMap<string, readonly number[]>,
  path: string,
  signal?: AbortSignal,
): Promise<StateDict> {
  const tensors = new Map<string, TensorRef>()
  let offset = 0
  for (const [name, shape] of shapes) {
    const byteLength = sizeOf(shape) * 4
    const location = { path, offset, byteLength }
    tensors.set(name, { name, dtype: 'float32', shape, location, read: () => readSlice(location) })
    offset += Math.ceil(byteLength / 64) * 64
  }
  const size = await stat(path).then(
    (s) => s.size,
    () => -1,
  )
  if (size !== offset) await writeRandom(path, tensors, offset, signal)
  return tensors
}

async function writeRandom(path: string, tensors: StateDict, size: number, signal?: AbortSignal): Promise<void> {
  await makeFolder(dirname(path))
  const normals = noise(0, 0, BLOCK).map((x) => x * STD)
  const gains = normals.map((x) => 1 + x)
  function* pieces() {
    let at = 0
    for (const { name, location } of tensors.values()) {
      const { offset, byteLength } = location!
      if (offset > at) yield new Uint8Array(offset - at)
      const block = new Uint8Array((isGain(name) ? gains : normals).buffer)
      for (let done = 0; done < byteLength; done += block.byteLength) yield block.subarray(0, byteLength - done)
      at = offset + byteLength
    }
    if (size > at) yield new Uint8Array(size - at)
  }
  await writeStream(path, pieces(), { signal })
}

async function readSlice({
  path,
  offset,
  byteLength,
}: NonNullable<TensorRef['location']>): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(byteLength)
  const file = await open(path)
  try {
    await file.read(bytes, 0, byteLength, offset)
  } finally {
    await file.close()
  }
  return bytes
}
