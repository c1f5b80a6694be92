// The metrics between two sets: which of them can be told from what the sets offer, and their values. Every row of `metrics`
// says what it needs, so that asking for the impossible is an error before an hour of work and not after it.

import { UsageError } from '../core/errors.ts'
import type { Engine } from '../engine/types.ts'
import { type Collected, collector } from './collect.ts'
import { frechetDistance } from './frechet.ts'
import { kernelDistance } from './kid.ts'
import { type Pairwise, pairwise } from './pairwise.ts'
import { precisionRecall } from './precision-recall.ts'
import type { FeatureReader } from './reader.ts'
import type { MetricName, Metrics } from './result.ts'
import type { EvaluationSet } from './sets/set.ts'

export type Stage = 'reference' | 'samples' | 'precision and recall' | 'kid' | 'fid' | 'sfid'

export interface MeasureOptions {
  readonly samples: EvaluationSet
  readonly reference: EvaluationSet
  /** Needed where a set offers images alone. */
  readonly reader?: FeatureReader | undefined
  readonly metrics: readonly MetricName[]
  /** Where products of features run. */
  readonly engine: Engine
  /** Images read at a time; no figure depends on it beyond the last bits of its sums. */
  readonly batch?: number
  readonly signal?: AbortSignal | undefined
  onProgress?(stage: Stage, done: number, total: number): void
}

export interface Measured {
  readonly metrics: Metrics
  readonly samples: Collected
  readonly reference: Collected
}

/** What a metric asks of the samples and of the reference. */
type Need = 'gaussian' | 'spatial' | 'features' | 'probabilities'
const needs: Readonly<Record<MetricName, { samples: Need; reference?: Need }>> = {
  fid: { samples: 'gaussian', reference: 'gaussian' },
  sfid: { samples: 'spatial', reference: 'spatial' },
  is: { samples: 'probabilities' },
  precision: { samples: 'features', reference: 'features' },
  recall: { samples: 'features', reference: 'features' },
  kid: { samples: 'features', reference: 'features' },
}

/**
 * Why a metric cannot be told of these two sets; undefined when it can.
 * @example
 * const sets = { samples, reference: statisticsOnly, reader }
 * obstacle('recall', sets) // 'the reference (statistic.pth) has no features, only statistics'
 */
export function obstacle(
  metric: MetricName,
  { samples, reference, reader }: Pick<MeasureOptions, 'samples' | 'reference' | 'reader'>,
): string | undefined {
  const { samples: ofSamples, reference: ofReference } = needs[metric]
  const missing = lacks(samples, ofSamples, reader)
  if (missing) return `the samples (${samples.name}) ${missing}`
  const lacking = ofReference && lacks(reference, ofReference, reader)
  return lacking && `the reference (${reference.name}) ${lacking}`
}

function lacks({ images, matrices, statistics }: EvaluationSet, need: Need, reader: FeatureReader | undefined) {
  const read = images && reader
  if (need === 'gaussian') return read || matrices || statistics ? undefined : 'needs a reader of images'
  if (need === 'features') return read || matrices ? undefined : 'has no features, only statistics'
  const there = need === 'spatial' ? matrices?.spatial || statistics?.spatial : matrices?.probabilities
  if (there || (read && reader.offers.includes(need))) return undefined
  return need === 'spatial' ? 'has no spatial features' : 'has no class probabilities'
}

/**
 * Measures samples against a reference.
 * @throws UsageError when a metric cannot be told, or the two have features of different widths; whatever the sets and the
 * reader throw; the signal's reason when aborted
 * @example
 * const { metrics } = await measure({ samples, reference, reader, engine, metrics: ['fid', 'precision', 'recall'] })
 * Object.keys(metrics) // ['precision', 'recall', 'fid', 'accuracy']
 */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { metrics, engine, signal, onProgress } = options
  for (const metric of metrics) {
    const reason = obstacle(metric, options)
    if (reason)
      throw new UsageError(`${metric}: ${reason}.`, {
        remedy: 'Leave this metric out of --metrics, or give what it needs.',
      })
  }
  const wants = new Set(metrics)
  const reference = await collected(options.reference, wants, false, options, (n, of) =>
    onProgress?.('reference', n, of),
  )
  const samples = await collected(options.samples, wants, true, options, (n, of) => onProgress?.('samples', n, of))
  checkWidths(reference, samples)
  const values: { -readonly [name in keyof Metrics]: Metrics[name] } = {}
  if (wants.has('precision') || wants.has('recall') || wants.has('kid')) {
    await using products = await pairwise(engine, samples.features!.shape[1])
    Object.assign(values, await compared(reference, samples, products, options))
  }
  if (samples.score) values.is = samples.score.score
  for (const [name, of] of [
    ['fid', 'gaussian'],
    ['sfid', 'spatial'],
  ] as const) {
    if (!wants.has(name)) continue
    signal?.throwIfAborted()
    onProgress?.(name, 0, 1)
    await new Promise((resolve) => setTimeout(resolve)) // what was said is seen before half a minute of arithmetic
    values[name] = frechetDistance(reference[of]!, samples[of]!)
    onProgress?.(name, 1, 1)
  }
  const accuracy = accuracyOf(samples)
  return { metrics: { ...values, ...(accuracy !== undefined && { accuracy }) }, samples, reference }
}

async function compared(
  real: Collected,
  made: Collected,
  products: Pairwise,
  options: MeasureOptions,
): Promise<Metrics> {
  const { metrics, signal, onProgress } = options
  const values: Metrics = {}
  if (metrics.includes('precision') || metrics.includes('recall')) {
    const both = await precisionRecall(real.features!, made.features!, {
      distances: products.distances,
      ...(signal && { signal }),
      onProgress: (done, total) => onProgress?.('precision and recall', done, total),
    })
    for (const name of ['precision', 'recall'] as const) if (metrics.includes(name)) values[name] = both[name]
  }
  if (metrics.includes('kid')) {
    const { kid, deviation } = await kernelDistance(made.features!, real.features!, {
      dots: products.dots,
      signal,
      onProgress: (done, total) => onProgress?.('kid', done, total),
    })
    Object.assign(values, { kid, kidDeviation: deviation })
  }
  return values
}

/** All that the metrics want of one set, from the most finished form it offers. */
async function collected(
  set: EvaluationSet,
  wants: ReadonlySet<MetricName>,
  ofSamples: boolean,
  { reader, batch = 64, signal }: MeasureOptions,
  onProgress: (done: number, total: number) => void,
): Promise<Collected> {
  const keep = ['precision', 'recall', 'kid'].some((name) => wants.has(name as MetricName))
  const has = set.statistics // a reference's own statistics may be of more images than it holds (guided diffusion's batches)
  const options = {
    keep,
    moments: wants.has('fid') && !has,
    spatial: wants.has('sfid') && !has?.spatial,
    score: ofSamples && wants.has('is'),
  }
  const given = has && { gaussian: has.features, ...(has.spatial && { spatial: has.spatial }) }
  if (!Object.values(options).includes(true)) return { count: set.count ?? 0, ...given }
  const all = collector(options)
  const { images, matrices } = set
  if (matrices) all.add(matrices, images?.labels)
  else if (images && reader) {
    for (let first = 0; first < images.count; first += batch) {
      signal?.throwIfAborted()
      const count = Math.min(batch, images.count - first)
      let at = first
      for (const run of await images.read(first, count, signal)) {
        const labels =
          reader.classes && images.labels && Array.from({ length: run.shape[0] }, (_, i) => images.labels![at + i]!)
        all.add(await reader.read(run), labels)
        at += run.shape[0]
      }
      onProgress(first + count, images.count)
    }
  }
  return { ...all.result(), ...given }
}

function checkWidths(reference: Collected, samples: Collected): void {
  for (const of of ['gaussian', 'spatial'] as const) {
    const [a, b] = [reference[of]?.mean.length, samples[of]?.mean.length]
    if (a === undefined || b === undefined || a === b) continue
    throw new UsageError(
      `The reference has ${a} features an image, the samples ${b}: they are of different extractors.`,
      {
        remedy: 'Evaluate both with the same --features.',
      },
    )
  }
}

function accuracyOf({ tally }: Collected): number | undefined {
  if (!tally) return undefined
  const all = [...tally.values()]
  return all.reduce((n, { right }) => n + right, 0) / all.reduce((n, { count }) => n + count, 0)
}
