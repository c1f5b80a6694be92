// Files of many samples: what is in one, what makes it again, and how they are read back. A file is an .npz as the ADM
// evaluator reads it, arr_0 uint8 [n, H, W, 3] and arr_1 int64 labels, with a note in it of what made it.

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { npzBytes } from '../../checkpoint/npz.ts'
import { bufferSource } from '../../checkpoint/sources.ts'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { shellCommand } from '../../core/shell.ts'
import { readWhole } from '../../files/read.ts'
import { COMMENT, SETTINGS_KEY, SOFTWARE, settingsMark } from '../../images/xmp.ts'
import {
  chunkFile,
  chunksOf,
  type FileEntry,
  type JobKind,
  type Manifest,
  manifestName,
  readManifest,
  readManifests,
  type Settings,
  sha256,
} from '../../jobs/node/manifest.ts'
import type { MassBatch } from './mass.ts'
import { flagsOf, massSettingsSchema } from './mass-settings.ts'

/** The command line of `distilled sample` that completes a folder. */
export const samplesKind: JobKind = {
  name: 'samples',
  extension: 'npz',
  unit: 'image',
  mark: settingsMark,
  settings: massSettingsSchema,
  command({ settings, count, chunk }, folder) {
    return shellCommand(['distilled', 'sample'], { ...flagsOf(settings), count, chunk, out: folder })
  },
}

/** What the comment of an .npz says of its images: that they are generated, and from what. */
export const provenance = (settings: Settings): string =>
  JSON.stringify({ Software: SOFTWARE, Comment: COMMENT, [SETTINGS_KEY]: settings })

/** A file's bytes; equal images give equal bytes. */
export function samplesFile(batches: readonly MassBatch[], settings: Settings): Uint8Array {
  const [, height, width] = batches[0]!.shape
  const labels = batches.flatMap((batch) => Array.from(batch.labels, BigInt))
  const shape = [labels.length, height, width, 3]
  const arrays = {
    arr_0: { shape, data: new Uint8Array(Buffer.concat(batches.map(({ data }) => data))) },
    arr_1: { shape: [labels.length], data: BigInt64Array.from(labels) },
  }
  return npzBytes(arrays, { comment: provenance(settings) })
}

/** A finished folder of samples. */
export interface Samples {
  readonly folder: string
  readonly count: number
  /** Side of the images in pixels. */
  readonly imageSize: number
  /** Everything they were made with, as in the manifest. */
  readonly settings: Settings
  readonly manifest: Manifest
  /** Images `from` to `to` - 1 (all by default) file by file, each file checked against the manifest's hash. */
  batches(options?: { from?: number; to?: number; signal?: AbortSignal | undefined }): AsyncGenerator<MassBatch>
}

/**
 * Opens a folder that `sampleMany` or `distilled sample --labels` made.
 * @throws UsageError when it is unfinished, CheckpointError (also while reading) when a file is damaged; both name the command that helps
 */
export async function openSamples(folder: string): Promise<Samples> {
  const manifest = (await readManifest(folder, manifestName, samplesKind)) ?? (await unfinished(folder))
  const side = manifest.settings.imageSize as number
  const listed = new Map(manifest.files.map((entry) => [entry.name, entry]))
  let last: MassBatch | undefined // reading in small steps still reads every file once
  await requireClaimed(folder, manifest)
  return {
    folder,
    count: manifest.count,
    imageSize: side,
    settings: manifest.settings,
    manifest,
    async *batches({ from = 0, to = manifest.count, signal } = {}) {
      for (let number = Math.floor(from / manifest.chunk); number * manifest.chunk < to; number++) {
        signal?.throwIfAborted()
        const wanted = chunkFile(manifest, samplesKind, number)
        const entry = listed.get(wanted.name)
        if (entry?.first !== wanted.first || entry.count !== wanted.count)
          throw damaged(folder, manifest, wanted.name, 'is not in the manifest as it should be')
        if (last?.first !== entry.first) last = await readChunk(folder, manifest, entry, side)
        yield part(last, from, to)
      }
    },
  }
}

/** Before anything is computed for so many images: that there are files of the sizes that they take. */
async function requireClaimed(folder: string, manifest: Manifest): Promise<void> {
  const side = manifest.settings.imageSize as number
  const listed = new Map(manifest.files.map((entry) => [entry.name, entry]))
  for (let number = 0; number < chunksOf(manifest); number++) {
    const { name, count } = chunkFile(manifest, samplesKind, number)
    const entry = listed.get(name)
    if (!entry) throw damaged(folder, manifest, name, 'is not in the manifest as it should be')
    const size = await stat(join(folder, name)).then(
      (found) => found.size,
      () => undefined,
    )
    if (size === undefined) throw damaged(folder, manifest, name, 'is missing')
    if (size !== entry.bytes || size < count * side * side * 3)
      throw damaged(folder, manifest, name, 'is damaged: it is not what the manifest lists')
  }
}

/** Those images of a batch that are numbered `from` to `to` - 1. */
function part({ data, shape: [n, height, width], labels, first }: MassBatch, from: number, to: number): MassBatch {
  const start = Math.max(0, from - first)
  const end = Math.min(n, to - first)
  const size = 3 * height * width
  return {
    data: data.subarray(start * size, end * size),
    shape: [end - start, height, width, 3],
    labels: labels.subarray(start, end),
    first: first + start,
  }
}

async function unfinished(folder: string): Promise<never> {
  if (!(await readManifests(folder, samplesKind)).size) {
    throw new UsageError(`${folder} holds no samples: there is no ${manifestName}.`, {
      remedy: 'Make them with sampleMany.',
      shellRemedy: 'Make them with: distilled sample --labels random --count 50000',
    })
  }
  throw new UsageError(`${folder} holds shards of samples that nobody has merged.`, {
    remedy: `When all are done, run: ${shellCommand(['distilled', 'sample', 'merge', folder])}`,
  })
}

async function readChunk(folder: string, manifest: Manifest, entry: FileEntry, side: number): Promise<MassBatch> {
  const { name, first, count } = entry
  const bytes = await readWhole(join(folder, name), entry.bytes).catch((error: NodeJS.ErrnoException) => {
    const what = error.code === 'ENOENT' ? 'is missing' : `cannot be read (${error.message})`
    throw damaged(folder, manifest, name, what)
  })
  if (bytes.length !== entry.bytes || sha256(bytes) !== entry.sha256)
    throw damaged(folder, manifest, name, 'is damaged: it is not what the manifest lists')
  const tensors = (await openCheckpoint(bufferSource(name, bytes))).tensors()
  const images = tensors.get('arr_0')
  const labels = tensors.get('arr_1')
  if (images?.dtype !== 'uint8' || `${images.shape}` !== `${[count, side, side, 3]}` || labels?.dtype !== 'int64')
    throw damaged(folder, manifest, name, `lacks arr_0 uint8 [${count}, ${side}, ${side}, 3] or arr_1 int64`)
  const ids = new BigInt64Array((await labels.read()).buffer)
  return { data: await images.read(), shape: [count, side, side, 3], labels: Int32Array.from(ids, Number), first }
}

const damaged = (folder: string, manifest: Manifest, name: string, what: string): CheckpointError =>
  new CheckpointError(`${join(folder, name)} ${what}.`, {
    remedy: `This makes it again and no other: ${samplesKind.command(manifest, folder)}`,
  })
