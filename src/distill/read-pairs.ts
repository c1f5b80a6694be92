// A folder of pairs as the student's trainer reads it: labels and tokens in memory, the noise made again from the seed.
// Opening checks every file against the manifest, so a damaged file is found before training starts.

import { join } from 'node:path'
import { openCheckpoint } from '../checkpoint/checkpoint.ts'
import { bufferSource } from '../checkpoint/sources.ts'
import { CheckpointError, UsageError } from '../core/errors.ts'
import { noise as gaussian } from '../core/random/philox.ts'
import { shellCommand } from '../core/shell.ts'
import { readWhole } from '../files/read.ts'
import {
  chunkFile,
  chunksOf,
  type FileEntry,
  type Manifest,
  manifestName,
  readManifest,
  readManifests,
  type Settings,
  sha256,
} from '../jobs/node/manifest.ts'
import { pairs } from './pair-files.ts'

export interface Pairs {
  readonly count: number
  /** Tokens of a pair. */
  readonly length: number
  /** Width of a codebook entry, and of the noise of a token. */
  readonly channels: number
  /** Entries of the codebook. */
  readonly entries: number
  readonly classes: number
  readonly seed: number
  /** Everything the pairs were made with, as in the manifest. */
  readonly settings: Settings
  /** Class and tokens [L] of pair `index`. */
  get(index: number): { label: number; tokens: Int32Array }
  /** Noise float32 [L, C] of pair `index`. */
  noise(index: number): Float32Array
}

type Sizes = Pick<Pairs, 'length' | 'entries' | 'classes'>

interface Chunk {
  labels: Int32Array
  tokens: Int16Array | Int32Array
}

/**
 * Opens a folder that `distilled pairs` made.
 * @throws UsageError when it is unfinished, CheckpointError when a file is damaged; both name the command that helps
 */
export async function openPairs(folder: string, { signal }: { signal?: AbortSignal } = {}): Promise<Pairs> {
  const manifest = (await readManifest(folder, manifestName, pairs)) ?? (await unfinished(folder))
  const { seed, length, channels, entries, classes } = manifest.settings as Record<
    'seed' | keyof Sizes | 'channels',
    number
  >
  const chunks: Chunk[] = []
  const listed = new Map(manifest.files.map((entry) => [entry.name, entry]))
  for (let number = 0; number < chunksOf(manifest); number++) {
    signal?.throwIfAborted()
    const wanted = chunkFile(manifest, pairs, number)
    const entry = listed.get(wanted.name)
    if (entry?.first !== wanted.first || entry.count !== wanted.count)
      throw damaged(folder, manifest, wanted.name, 'is not in the manifest as it should be')
    chunks.push(await readChunk(folder, manifest, entry, { length, entries, classes }))
  }
  const at = (index: number): [Chunk, number] => {
    if (!(Number.isSafeInteger(index) && index >= 0 && index < manifest.count))
      throw new UsageError(`${folder} has pairs 0 to ${manifest.count - 1}, got index ${index}.`)
    return [chunks[Math.floor(index / manifest.chunk)]!, index % manifest.chunk]
  }
  return {
    count: manifest.count,
    length,
    channels,
    entries,
    classes,
    seed,
    settings: manifest.settings,
    get(index) {
      const [{ labels, tokens }, row] = at(index)
      return { label: labels[row]!, tokens: Int32Array.from(tokens.subarray(row * length, (row + 1) * length)) }
    },
    noise(index) {
      at(index)
      return gaussian(seed, index, length * channels)
    },
  }
}

async function unfinished(folder: string): Promise<never> {
  const shards = await readManifests(folder, pairs)
  if (!shards.size) {
    throw new UsageError(`${folder} holds no pairs: there is no ${manifestName}.`, {
      remedy: 'Make them with: distilled pairs',
    })
  }
  const what = `${folder} holds ${shards.size === 1 ? 'a shard' : 'shards'} of pairs that nobody has merged.`
  throw new UsageError(what, {
    remedy: `When all are done, run: ${shellCommand(['distilled', 'pairs', 'merge', folder])}`,
  })
}

async function readChunk(folder: string, manifest: Manifest, entry: FileEntry, of: Sizes): Promise<Chunk> {
  const { length } = of
  const bytes = await readWhole(join(folder, entry.name), entry.bytes).catch((error: NodeJS.ErrnoException) => {
    throw damaged(
      folder,
      manifest,
      entry.name,
      error.code === 'ENOENT' ? 'is missing' : `cannot be read (${error.message})`,
    )
  })
  if (bytes.length !== entry.bytes || sha256(bytes) !== entry.sha256)
    throw damaged(folder, manifest, entry.name, 'is damaged: it is not what the manifest lists')
  const tensors = (await openCheckpoint(bufferSource(entry.name, bytes))).tensors()
  const label = tensors.get('label')
  const tokens = tensors.get('tokens')
  const dtypes = ['int16', 'int32']
  if (
    label?.dtype !== 'int32' ||
    `${label.shape}` !== `${entry.count}` ||
    !tokens ||
    !dtypes.includes(tokens.dtype) ||
    `${tokens.shape}` !== `${[entry.count, length]}`
  )
    throw damaged(
      folder,
      manifest,
      entry.name,
      `lacks label int32 [${entry.count}] or tokens [${entry.count}, ${length}]`,
    )
  const labelBytes = await label.read()
  const tokenBytes = await tokens.read()
  const Narrow = tokens.dtype === 'int16' ? Int16Array : Int32Array
  const chunk = { labels: new Int32Array(labelBytes.slice().buffer), tokens: new Narrow(tokenBytes.slice().buffer) }
  const wrong = outOfRange(chunk, of)
  if (wrong !== undefined) throw damaged(folder, manifest, entry.name, wrong)
  return chunk
}

/** The first row with a label or token that there is none of, in words. */
function outOfRange({ labels, tokens }: Chunk, { length, entries, classes }: Sizes): string | undefined {
  const label = labels.findIndex((value) => value < 0 || value >= classes)
  if (label >= 0) return `has label ${labels[label]} in row ${label}; there are classes 0 to ${classes - 1}`
  const token = tokens.findIndex((value) => value < 0 || value >= entries)
  if (token < 0) return undefined
  const place = `row ${Math.floor(token / length)}, token ${token % length}`
  return `has ${tokens[token]} in ${place}; the codebook has entries 0 to ${entries - 1}`
}

const damaged = (folder: string, manifest: Manifest, name: string, what: string): CheckpointError =>
  new CheckpointError(`${join(folder, name)} ${what}.`, {
    remedy: `This makes it again and no other: ${pairs.command(manifest, folder)}`,
  })
