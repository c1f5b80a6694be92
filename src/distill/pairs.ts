// Pairs for the student: (class, noise, tokens) made by the teacher only, in safetensors files of a fixed number of
// pairs. Pair i is a function of (teacher, settings, seed, i): its class is i modulo the number of classes, so that every
// class comes equally often, its noise is noise(seed, i, L * C), which is not stored, and its tokens are what the
// teacher's flow map makes of that noise.

import { UsageError } from '../core/errors.ts'
import { checkCount } from '../core/random/seed.ts'
import type { Manifest, Settings } from '../jobs/node/manifest.ts'
import { mergeFolders } from '../jobs/node/merge.ts'
import { runShard } from '../jobs/node/run.ts'
import { type ShardProgress, stopwatch } from '../jobs/node/stopwatch.ts'
import { type Shard, whole } from '../jobs/shard.ts'
import { type Family, tokensBefore } from '../sampling/family.ts'
import { defaultFlow, type FlowSettings } from '../sampling/flow-schedule.ts'
import { flowTokens } from '../sampling/flow-tokens.ts'
import { noiseSource } from '../sampling/noise.ts'
import { checkPlan, type TeacherSettings } from '../sampling/plan.ts'
import type { Programs } from '../sampling/programs.ts'
import { defaultChunk, labelOf, pairs, pairsFile } from './pair-files.ts'

/** What the pairs are made from, as far as their tokens depend on it. */
export interface PairOrigin {
  /** Names of the files, and their SHA-256. */
  teacher: string
  teacherSha256: string
  tokenizer: string
  tokenizerSha256: string
  /** The engine's device; another device rounds differently. */
  device: string
  /** Program and version. */
  madeBy: string
}

export interface PairsRequest {
  folder: string
  /** Pairs of the whole job, over all shards. */
  count: number
  seed: number
  teacher: TeacherSettings
  origin: PairOrigin
  flow?: FlowSettings | undefined
  /** Pairs computed together; results do not depend on it. */
  batch?: number | undefined
  /** Pairs per file. */
  chunk?: number | undefined
  shard?: Shard | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((progress: PairsProgress) => void) | undefined
  /** A listed file that is missing or damaged and is made again. */
  onFault?: ((name: string, what: string) => void) | undefined
}

/** Of pairs, as `stopwatch` counts them. */
export type PairsProgress = ShardProgress

/** VAR fills the processor's caches with few images; LlamaGen reads all weights for every token, so more share the cost. */
export const defaultBatch: Readonly<Record<Family['name'], number>> = { var: 16, llamagen: 32 }

/**
 * Makes a shard of the pairs, keeping what earlier runs have made. A run without shards completes the folder's manifest;
 * shards are completed by `mergePairs`.
 * @throws UsageError for impossible settings or a folder of other settings; the signal's reason when aborted
 */
export async function makePairs(family: Family, programs: Programs, request: PairsRequest): Promise<Manifest> {
  const { folder, seed, teacher, origin, signal, flow = defaultFlow, shard = whole } = request
  const batch = request.batch ?? defaultBatch[family.name]
  checkPlan({ kind: 'teacher', teacher }, family)
  for (const [what, value] of Object.entries({ count: request.count, batch, chunk: request.chunk ?? 1 }))
    if (!checkCount(`The ${what}`, value)) throw new UsageError(`The ${what} must be above 0.`)
  const { madeBy } = origin
  const settings = settingsOf(family, { seed, teacher, flow, origin })
  const size = tokensBefore(family, family.groups.length) * family.channels
  const job = { kind: pairs.name, madeBy, settings, count: request.count, chunk: request.chunk ?? defaultChunk }
  const clock = stopwatch(job, shard, request.onProgress)
  const make = async (first: number, count: number): Promise<Uint8Array> => {
    const tokens: Int32Array[] = []
    const images = Array.from({ length: count }, (_, i) => first + i)
    for (let at = 0; at < count; at += batch) {
      const rows = images.slice(at, at + batch)
      const onGroup = (group: number) => clock.partly((rows.length * (group + 1)) / family.groups.length)
      const labels = rows.map((image) => labelOf(image, family.numClasses))
      const noise = noiseSource('philox', seed, size, rows.length)(rows[0]!, rows.length)
      tokens.push(await flowTokens(family, programs, { labels, noise, teacher, flow, signal, onGroup }))
      clock.made(rows.length)
    }
    return pairsFile(images, tokens, settings)
  }
  const onChunk = (units: number, kept: boolean) => kept && clock.kept(units)
  const onFault = request.onFault ?? (() => {})
  const files = await runShard({ folder, kind: pairs, job, shard, make, onChunk, onFault, signal })
  return shard.count === 1 ? mergePairs([folder], { signal }) : { ...job, files }
}

/**
 * Checks that the folders hold every pair once and intact, and completes the first one (or `out`) with its manifest.
 * @throws UsageError or CheckpointError that names files and the command that makes them again
 */
export const mergePairs = (
  folders: readonly string[],
  options?: Parameters<typeof mergeFolders>[2],
): Promise<Manifest> => mergeFolders(folders, pairs, options)

function settingsOf(
  family: Family,
  { seed, teacher, flow, origin }: Required<Pick<PairsRequest, 'seed' | 'teacher' | 'flow' | 'origin'>>,
): Settings {
  const { madeBy: _, ...files } = origin
  const { cfg, cfgInterval, topK, topP, temperature } = teacher
  const { name, numClasses, channels, groups } = family
  const entries = family.codebook().shape[0] as number
  return {
    ...files,
    family: name,
    classes: numClasses,
    length: tokensBefore(family, groups.length),
    channels,
    entries,
    seed,
    solver: flow!.solver,
    odeSteps: flow!.steps,
    cfg,
    cfgInterval,
    topK,
    topP,
    temperature,
  }
}
