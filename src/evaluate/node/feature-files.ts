// Features in shards: a reader's output for a set's images, in .npz files of a fixed number of rows, so that many machines can
// share the slowest part of an evaluation. Together they are a set like any other; row i depends only on image i.

import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as v from 'valibot'
import { npzBytes } from '../../checkpoint/npz.ts'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { shellCommand } from '../../core/shell.ts'
import {
  anySetting,
  chunkFile,
  chunksOf,
  fault,
  type JobKind,
  type Manifest,
  manifestName,
  readManifest,
  shortText,
} from '../../jobs/node/manifest.ts'
import { type MergeOptions, mergeFolders } from '../../jobs/node/merge.ts'
import { runShard } from '../../jobs/node/run.ts'
import { type ShardProgress, stopwatch } from '../../jobs/node/stopwatch.ts'
import { type Shard, whole } from '../../jobs/shard.ts'
import { joinRows } from '../features.ts'
import { extractorOf, type FeatureReader, type Reading } from '../reader.ts'
import { noteArray } from '../sets/note.ts'
import { type EvaluationSet, unknownOrigin } from '../sets/set.ts'
import { arraySet } from './sets/arrays.ts'

/** Rows of a file. */
const CHUNK = 1000
const BATCH = 50

export const featureFiles: JobKind = {
  name: 'features',
  extension: 'npz',
  mark: /\bfeatures\.npy[\s\S]*distilled\.npy/,
  unit: 'image',
  settings: v.objectWithRest({ images: shortText, reader: shortText, protocol: shortText }, anySetting),
  command: ({ settings, chunk }, folder) =>
    shellCommand(['distilled', 'features', String(settings.images)], {
      features: settings.reader,
      protocol: settings.protocol,
      crop: settings.crop,
      chunk,
      out: folder,
    }),
}

export interface ExtractOptions {
  readonly folder: string
  readonly samples: EvaluationSet
  readonly reader: FeatureReader
  readonly protocol: string
  /** How `--features` names the reader, for the command that makes files again. */
  readonly readerFile: string
  /** Program and version. */
  readonly madeBy: string
  readonly shard?: Shard | undefined
  readonly chunk?: number | undefined
  readonly signal?: AbortSignal | undefined
  onFault?(name: string, what: string): void
  onProgress?(progress: ShardProgress): void
}

/**
 * Reads a shard of a set's images and keeps the features; what an earlier run has kept stays.
 * @throws UsageError when the set has no images, or the folder holds other features; whatever set and reader throw
 * @example
 * const job = { folder: 'features', samples, reader, readerFile: 'sprites', protocol: 'dd', madeBy: 'an example' }
 * const { files } = await extractFeatures({ ...job, shard: { index: 0, count: 4 }, chunk: 12 }) // of 48 images
 * files.length // 1
 */
export async function extractFeatures(options: ExtractOptions): Promise<Manifest> {
  const { folder, samples, reader, readerFile, protocol, madeBy, shard = whole, chunk = CHUNK, signal } = options
  const { images } = samples
  if (!images) {
    throw new UsageError(`${samples.name} holds no images.`, {
      remedy: 'Name a folder of images, an .npz with arr_0, or what `distilled sample --labels` wrote.',
    })
  }
  const extractor = extractorOf(reader)
  const settings = {
    images: basename(samples.name),
    imagesSha256: await samples.sha256(signal),
    format: images.format,
    lossy: images.lossy,
    ...(samples.crop !== undefined && { crop: samples.crop }),
    reader: readerFile,
    readerSha256: reader.sha256,
    protocol,
  }
  const job = { kind: featureFiles.name, madeBy, settings, count: images.count, chunk }
  const clock = stopwatch(job, shard, options.onProgress)
  const make = async (first: number, count: number) => {
    const readings: Reading[] = []
    for (let at = first; at < first + count; at += BATCH) {
      const n = Math.min(BATCH, first + count - at)
      for await (const run of images.read(at, n, signal)) readings.push(await reader.read(run))
      clock.made(n)
    }
    const array = (name: 'features' | 'spatial' | 'probabilities') => {
      const parts = readings.flatMap((reading) => reading[name] ?? [])
      return parts.length ? { [name]: joinRows(parts) } : {}
    }
    const note = noteArray({ count, extractor, crop: samples.crop, origin: samples.origin ?? unknownOrigin })
    return npzBytes({ ...array('features'), ...array('spatial'), ...array('probabilities'), distilled: note })
  }
  const onChunk = (units: number, kept: boolean) => kept && clock.kept(units)
  const files = await runShard({
    folder,
    kind: featureFiles,
    job,
    shard,
    make,
    onChunk,
    signal,
    ...(options.onFault && { onFault: options.onFault }),
  })
  return shard.count === 1 ? mergeFeatures([folder], { signal }) : { ...job, files }
}

/** Checks that the folders hold the features of every image once and intact. */
export const mergeFeatures = (folders: readonly string[], options?: MergeOptions): Promise<Manifest> =>
  mergeFolders(folders, featureFiles, options)

/** A file of features by its name: a manifest beside it has to be theirs. */
const ours = new RegExp(`^${featureFiles.name}-\\d+\\.${featureFiles.extension}$`)

/**
 * The set that a merged folder of features is; undefined when the folder holds none.
 * @throws UsageError when its shards are not merged, CheckpointError when a file is missing or damaged
 */
export async function featureFolderSet(folder: string): Promise<EvaluationSet | undefined> {
  const made = (await readdir(folder)).some((name) => ours.test(name))
  const manifest = await readManifest(folder, manifestName, featureFiles).catch((error) => {
    if (made) throw error
  })
  if (!manifest && !made) return undefined
  if (!manifest) {
    throw new UsageError(`${folder} holds shards of features that nobody has merged.`, {
      remedy: `When all are done, run: ${shellCommand(['distilled', 'features', 'merge', folder])}`,
    })
  }
  const parts: EvaluationSet[] = []
  const files = new Map(manifest.files.map((file) => [file.name, file]))
  for (let number = 0; number < chunksOf(manifest); number++) {
    const { name, first, count } = chunkFile(manifest, featureFiles, number)
    const listed = files.get(name)
    const wrong =
      listed?.first === first && listed.count === count
        ? await fault(folder, listed)
        : 'is not in the manifest as it should be'
    const part = wrong === undefined ? await arraySet(join(folder, name)) : undefined
    await part?.close() // matrices are in memory
    if (part?.matrices?.features.shape[0] !== count) {
      throw new CheckpointError(`${join(folder, name)} ${wrong ?? `holds no features of ${count} images`}.`, {
        remedy: `This makes it again and no other: ${featureFiles.command(manifest, folder)}`,
      })
    }
    parts.push(part)
  }
  const array = (name: 'features' | 'spatial' | 'probabilities') => {
    const found = parts.flatMap(({ matrices }) => matrices?.[name] ?? [])
    return found.length === parts.length ? { [name]: joinRows(found) } : {}
  }
  const { extractor, origin, crop } = parts[0]!
  return {
    name: folder,
    count: manifest.count,
    matrices: {
      features: joinRows(parts.map(({ matrices }) => matrices!.features)),
      ...array('spatial'),
      ...array('probabilities'),
    },
    extractor,
    origin,
    crop,
    sha256: async () =>
      createHash('sha256')
        .update(manifest.files.map((file) => file.sha256).join())
        .digest('hex'),
    async close() {},
  }
}
