// Derived weights (quantised, transposed, Winograd-transformed) are computed once and kept in a cache file, so that
// the graph can point at them as it points into checkpoints. A file is written under a temporary name and renamed.

import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { sizeOf } from '../core/dtype.ts'
import type { FileLocation } from '../graph/serialize.ts'
import type { WeightSource } from '../graph/tensor.ts'

/** Weights below this size travel inside the model. */
const SMALL = 1 << 16

export function weightCacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  return process.env.DISTILLED_CACHE ?? join(base, 'distilled-decoding', 'weights')
}

/** Location of a keyed weight's bytes in the cache, computing them when they are not there yet. */
export async function cacheWeights(source: WeightSource): Promise<FileLocation | undefined> {
  if (!source.key || sizeOf(source.shape) < SMALL) return undefined
  const folder = weightCacheFolder()
  const origin = source.origin && (await stat(source.origin.path))
  const key = `${source.key}:${origin?.size}:${origin?.mtimeMs}`
  const path = join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.bin`)
  const size = await stat(path).then(
    (s) => s.size,
    () => undefined,
  )
  if (size !== undefined) return { path, offset: 0, byteLength: size }
  const bytes = await source.read()
  await mkdir(folder, { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = await open(temporary, 'w')
    await file.writeFile(bytes)
    await file.sync()
    await file.close()
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  return { path, offset: 0, byteLength: bytes.byteLength }
}
