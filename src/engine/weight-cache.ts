// Derived weights (quantised, transposed, Winograd-transformed) are computed once and kept in a cache file, so that
// the graph can point at them as it points into checkpoints. A file is written under a temporary name and renamed;
// where that is not possible the weight travels inside the model, as if there were no cache.

import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { dtypeSize, sizeOf } from '../core/dtype.ts'
import type { FileLocation } from '../graph/serialize.ts'
import type { WeightSource } from '../graph/tensor.ts'

/** Weights of fewer bytes travel inside the model. */
const SMALL = 1 << 16

export function weightCacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return resolve(process.env.DISTILLED_CACHE || join(base, 'distilled-decoding', 'weights'))
}

/**
 * Location of a keyed weight's bytes in the cache, computing them when they are not there yet.
 * @returns undefined for what is not cached: small or unkeyed weights, or a folder that cannot be written
 */
export async function cacheWeights(source: WeightSource): Promise<FileLocation | undefined> {
  const byteLength = sizeOf(source.shape) * dtypeSize[source.dtype]
  if (!source.key || byteLength < SMALL) return undefined
  const path = join(weightCacheFolder(), `${await fingerprint(source)}.bin`)
  const location = { path, offset: 0, byteLength }
  if (await isWhole(location)) return location
  const temporary = `${path}.${randomUUID()}.tmp`
  const file = await openNew(temporary)
  if (!file) return undefined
  try {
    const bytes = await source.read()
    await publish(file, bytes, temporary, path).catch(() => {}) // a full disk, or another process was first
    return (await isWhole(location)) ? location : undefined
  } finally {
    await file.close()
    await rm(temporary, { force: true })
  }
}

/** Names the computation, its result and the state of the file it read. */
async function fingerprint({ key, dtype, shape, origin }: WeightSource): Promise<string> {
  const file = origin && (await stat(origin.path))
  const facts = [key, dtype, shape, file?.size, file?.mtimeMs]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32)
}

async function isWhole({ path, byteLength }: FileLocation): Promise<boolean> {
  return stat(path).then(
    (s) => s.size === byteLength,
    () => false,
  )
}

async function openNew(path: string): Promise<FileHandle | undefined> {
  try {
    await mkdir(resolve(path, '..'), { recursive: true })
    return await open(path, 'wx')
  } catch {
    return undefined
  }
}

async function publish(file: FileHandle, bytes: Uint8Array, temporary: string, path: string): Promise<void> {
  await file.writeFile(bytes)
  await file.sync()
  await file.close()
  await rename(temporary, path)
}
