// Derived weights (quantised, transposed, Winograd-transformed) are computed once and kept in a cache file, so that
// the graph can point at them as it points into checkpoints. A file ends in the SHA-256 of its content and of what it was
// derived from: one that was zeroed, cut short, or made from another checkpoint is computed again. Where a file cannot be
// written the weight travels inside the model, as if there were no cache.

import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { dtypeSize, sizeOf } from '../../core/dtype.ts'
import { DistilledError } from '../../core/errors.ts'
import { makeFolder, writeStream } from '../../files/atomic.ts'
import type { FileLocation } from '../../graph/serialize.ts'
import type { WeightSource } from '../../graph/tensor.ts'

/** Weights of fewer bytes travel inside the model. */
const SMALL = 1 << 16
/** Version of the files and of the computations; files of other versions are not used. */
const FORMAT = 2
/** Read and hashed at a time. */
const PIECE = 1 << 22
const HASH = 32
/** Bytes after the weights in a file: three hashes. */
const SEAL = 3 * HASH

export function weightCacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return resolve(process.env.DISTILLED_CACHE || join(base, 'distilled-decoding', 'weights'))
}

/**
 * Location of a keyed weight's bytes in the cache, computing them if they are missing or wrong.
 * @returns undefined for what is not cached: small or unkeyed weights, or a folder that cannot be written
 */
export async function cacheWeights(source: WeightSource): Promise<FileLocation | undefined> {
  const byteLength = sizeOf(source.shape) * dtypeSize[source.dtype]
  if (!source.key || byteLength < SMALL) return undefined
  const path = join(weightCacheFolder(), `${nameOf(source)}.bin`)
  const location = { path, offset: 0, byteLength }
  if (await isGood(location, source)) return location
  const written = await makeFolder(weightCacheFolder()).then(
    () => write(location, source),
    () => false,
  )
  return written ? location : undefined
}

/** Names the computation and its result. */
function nameOf({ key, dtype, shape }: WeightSource): string {
  return createHash('sha256')
    .update(JSON.stringify([FORMAT, key, dtype, shape]))
    .digest('hex')
    .slice(0, 32)
}

/** States of files that this process has hashed and found good, by path. */
const known = new Map<string, string>()

/**
 * Whether the file matches the hashes at its end and was made from the source as it is now. A process hashes a file once unless
 * it changes. The source's bytes are hashed only if its file has changed since.
 */
async function isGood({ path, byteLength }: FileLocation, source: WeightSource): Promise<boolean> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  if (found?.size !== BigInt(byteLength + SEAL)) return false
  const origin = source.origin && (await stat(source.origin.path, { bigint: true }))
  const state = `${stateOf(found)} ${origin && stateOf(origin)}`
  if (known.get(path) === state) return true
  const seal = await bytesAt({ path, offset: byteLength, byteLength: SEAL })
  const hash = (i: number) => seal.subarray(i * HASH, (i + 1) * HASH)
  if (!(await sha256At({ path, offset: 0, byteLength })).equals(hash(0))) return false
  const same = sha256(originState(origin)).equals(hash(1))
  if (!same && !(await originHash(source)).equals(hash(2))) return false
  known.set(path, state)
  return true
}

/** @returns false where the cache cannot be written; what the computation throws is thrown */
async function write({ path }: FileLocation, source: WeightSource): Promise<boolean> {
  let before: BigIntStats | undefined
  async function* pieces() {
    before = source.origin && (await stat(source.origin.path, { bigint: true }))
    const bytes = await source.read()
    yield bytes
    yield sha256(bytes)
    yield sha256(originState(before))
    yield await originHash(source)
  }
  try {
    await writeStream(path, pieces())
  } catch (error) {
    if (isOfDisk(error)) return false
    throw error
  }
  const state = stateOf(await stat(path, { bigint: true })) // another process that was at work wrote the same
  known.set(path, `${state} ${before && stateOf(before)}`)
  return true
}

const isOfDisk = (error: unknown): boolean =>
  error instanceof DistilledError && (error.cause as NodeJS.ErrnoException | undefined)?.code !== undefined

/** A file's change time cannot be set by programs, so that a file put in its place with the old size and date is noticed. */
const stateOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(':')

const originState = (origin: BigIntStats | undefined): Uint8Array =>
  new TextEncoder().encode(origin ? stateOf(origin) : 'no origin')

const originHash = ({ origin }: WeightSource): Promise<Buffer> | Buffer =>
  origin ? sha256At(origin) : sha256(originState(undefined))

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

async function sha256At({ path, offset, byteLength }: FileLocation): Promise<Buffer> {
  const hash = createHash('sha256')
  const file = await open(path)
  try {
    const piece = Buffer.allocUnsafe(Math.min(PIECE, byteLength))
    for (let done = 0; done < byteLength; ) {
      const { bytesRead } = await file.read(piece, 0, Math.min(PIECE, byteLength - done), offset + done)
      if (!bytesRead) break
      hash.update(piece.subarray(0, bytesRead))
      done += bytesRead
    }
  } finally {
    await file.close()
  }
  return hash.digest()
}

async function bytesAt({ path, offset, byteLength }: FileLocation): Promise<Buffer> {
  const bytes = Buffer.alloc(byteLength)
  const file = await open(path)
  try {
    await file.read(bytes, 0, byteLength, offset)
  } finally {
    await file.close()
  }
  return bytes
}
