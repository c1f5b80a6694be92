// Mass sampling as a job: files of a fixed number of images, in resumable shards, and the proof that all are there
// (jobs/). What comes out is the same whatever the shards, and after any number of kills.

import { UsageError } from '../../core/errors.ts'
import { checkCount } from '../../core/random/seed.ts'
import type { Job, Manifest } from '../../jobs/node/manifest.ts'
import { type MergeOptions, mergeFolders } from '../../jobs/node/merge.ts'
import { runShard } from '../../jobs/node/run.ts'
import { type ShardProgress, stopwatch } from '../../jobs/node/stopwatch.ts'
import { type Shard, whole } from '../../jobs/shard.ts'
import { refuseOtherContent } from './image-folder.ts'
import { type MassBatch, type MassOptions, massRun, massSampler } from './mass.ts'
import { massSettings } from './mass-settings.ts'
import type { Model } from './model.ts'
import { samplesFile, samplesKind } from './samples.ts'

export interface SampleManyOptions extends Omit<MassOptions, 'onProgress'> {
  folder: string
  /** Images of a file, a multiple of the batch. */
  chunk?: number | undefined
  /** The whole job by default. */
  shard?: Shard | undefined
  /** Program and version, for the manifest; nothing depends on it. */
  madeBy?: string | undefined
  onProgress?: ((progress: ShardProgress) => void) | undefined
  /** A listed file that is missing or damaged and is made again. */
  onFault?: ((name: string, what: string) => void) | undefined
}

/** A file is what a kill costs at most, and what a shard takes at least: some 50 MB at 256 x 256, 3 MB at 32 x 32. */
const defaultChunk = (side: number, batch: number): number => Math.ceil((side > 64 ? 256 : 1024) / batch) * batch

/**
 * Samples a shard of many images into files, keeping what earlier runs have made. A run without shards completes the
 * folder's manifest; shards are completed by `mergeSamples`.
 * @throws UsageError for impossible settings, a denied class, or a folder of other settings or other content; the signal's reason when aborted
 * @example
 * const { files, settings } = await sampleMany(model, { folder: 'evaluation', count: 20, labels: 'balanced' })
 */
export async function sampleMany(model: Model, options: SampleManyOptions): Promise<Manifest> {
  const { folder, signal, onProgress, onFault = () => {}, shard = whole } = options
  const run = massRun(model, { ...options, onProgress: undefined })
  const chunk = checkCount('The chunk', options.chunk ?? defaultChunk(model.imageSize, run.batch))
  if (!chunk || chunk % run.batch) {
    throw new UsageError(`A file must hold a multiple of the batch of ${run.batch} images, got ${chunk}.`, {
      remedy: 'Images keep their neighbours, whatever the files.',
    })
  }
  await refuseOtherContent(folder)
  const settings = await massSettings(model, run, signal)
  const madeBy = options.madeBy ?? 'distilled-decoding'
  const job: Job = { kind: samplesKind.name, madeBy, settings, count: run.count, chunk }
  const clock = stopwatch(job, shard, onProgress)
  const sample = massSampler(model, run, { signal, onProgress: clock.partly })
  const make = async (first: number, count: number): Promise<Uint8Array> => {
    const batches: MassBatch[] = []
    for await (const batch of sample(first, first + count)) {
      batches.push(batch)
      clock.made(batch.labels.length)
    }
    return samplesFile(batches, settings)
  }
  const onChunk = (units: number, kept: boolean) => kept && clock.kept(units)
  const files = await runShard({ folder, kind: samplesKind, job, shard, make, onChunk, onFault, signal })
  return shard.count === 1 ? mergeSamples([folder], { signal }) : { ...job, files }
}

/**
 * Proves that the folders hold every image once and whole, and completes the first one (or `out`) with its manifest.
 * @throws UsageError or CheckpointError that names files and the command that makes them again
 */
export const mergeSamples = (folders: readonly string[], options?: MergeOptions): Promise<Manifest> =>
  mergeFolders(folders, samplesKind, options)
