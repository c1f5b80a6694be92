// The metrics between two sets: which of them can be measured on these sets, and their values. Every row of `metrics` declares
// its requirements, so an impossible request is an error before the work starts.

import { UsageError } from '../core/errors.ts'
import { inPieces } from '../core/steps.ts'
import type { Engine } from '../engine/types.ts'
import { accuracyOf, type Collected, collector } from './collect.ts'
import { type Features, rows } from './features.ts'
import { frechetSteps } from './frechet.ts'
import { type KernelDistance, kernelDistance } from './kid.ts'
import { type Pairwise, pairwise } from './pairwise.ts'
import { NEIGHBOURS, precisionRecall } from './precision-recall.ts'
import type { FeatureReader, Reading } from './reader.ts'
import type { MetricName, Metrics } from './result.ts'
import type { EvaluationSet, FeatureMatrices, ImageSource } from './sets/set.ts'

export type Stage = 'reference' | 'samples' | 'precision and recall' | 'kid' | 'fid' | 'sfid'

export interface MeasureOptions {
  readonly samples: EvaluationSet
  /** Needed by all metrics but the Inception Score. */
  readonly reference?: EvaluationSet | undefined
  /** Needed where a set offers images alone. */
  readonly reader?: FeatureReader | undefined
  readonly metrics: readonly MetricName[]
  /** Where products of features run. */
  readonly engine: Engine
  /** Rows of KID's subsets; when left out 1000, or all of the smaller set where it has fewer. */
  readonly kidSubset?: number | undefined
  /** Images read at a time; no figure depends on it beyond the last bits of its sums. */
  readonly batch?: number
  readonly signal?: AbortSignal | undefined
  onProgress?(stage: Stage, done: number, total: number): void
}

export interface Measured {
  readonly metrics: Metrics
  readonly samples: Collected
  readonly reference: Collected | undefined
  /** What KID was drawn from. */
  readonly kid?: Pick<KernelDistance, 'subsets' | 'subsetSize'> | undefined
}

/** What a metric needs of the samples and of the reference, and the smallest number of images. */
type Need = 'gaussian' | 'spatial' | 'features' | 'probabilities'
const needs: Readonly<Record<MetricName, { samples: Need; reference?: Need; fewest: number }>> = {
  fid: { samples: 'gaussian', reference: 'gaussian', fewest: 2 },
  sfid: { samples: 'spatial', reference: 'spatial', fewest: 2 },
  is: { samples: 'probabilities', fewest: 1 },
  precision: { samples: 'features', reference: 'features', fewest: NEIGHBOURS + 1 },
  recall: { samples: 'features', reference: 'features', fewest: NEIGHBOURS + 1 },
  kid: { samples: 'features', reference: 'features', fewest: 2 },
}

/**
 * Why a metric cannot be measured on these two sets; undefined when it can.
 * @example
 * const sets = { samples, reference: statisticsOnly, reader }
 * obstacle('recall', sets) // 'the reference (statistic.pth) has no features, only statistics'
 */
export function obstacle(
  metric: MetricName,
  { samples, reference, reader, kidSubset = 0 }: Pick<MeasureOptions, 'samples' | 'reference' | 'reader' | 'kidSubset'>,
): string | undefined {
  const { samples: ofSamples, reference: ofReference, fewest: always } = needs[metric]
  const fewest = metric === 'kid' ? Math.max(always, kidSubset) : always
  const missing = lacks(samples, ofSamples, reader) ?? tooFew(samples, ofSamples, fewest)
  if (missing) return `the samples (${samples.name}) ${missing}`
  if (!ofReference) return undefined
  if (!reference) return 'there is no reference'
  const lacking = lacks(reference, ofReference, reader) ?? tooFew(reference, ofReference, fewest)
  return lacking && `the reference (${reference.name}) ${lacking}`
}

function lacks({ images, matrices, statistics }: EvaluationSet, need: Need, reader: FeatureReader | undefined) {
  const there = {
    gaussian: matrices ?? statistics,
    features: matrices,
    spatial: statistics?.spatial ?? matrices?.spatial,
    probabilities: matrices?.probabilities,
  }[need]
  if (there) return undefined
  if (images && !matrices) {
    if (!reader) return 'needs a reader of images'
    if (need === 'gaussian' || need === 'features' || reader.offers.includes(need)) return undefined
  }
  if (need === 'features') return 'has no features, only statistics'
  return need === 'spatial' ? 'has no spatial features' : 'has no class probabilities'
}

function tooFew({ count, statistics }: EvaluationSet, need: Need, fewest: number): string | undefined {
  const given = need === 'gaussian' ? statistics : need === 'spatial' && statistics?.spatial
  if (given || count === undefined || count >= fewest) return undefined
  return `has ${count} images, and this metric needs ${fewest}`
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
        remedy: 'Leave this metric out of `metrics`, or give what it needs.',
      })
  }
  const wants = new Set(metrics)
  checkWidths(options)
  const reference =
    options.reference &&
    (await collected(options.reference, wants, false, options, (n, of) => onProgress?.('reference', n, of)))
  const samples = await collected(options.samples, wants, true, options, (n, of) => onProgress?.('samples', n, of))
  const values: { -readonly [name in keyof Metrics]: Metrics[name] } = {}
  let kid: Measured['kid']
  if (wants.has('precision') || wants.has('recall') || wants.has('kid')) {
    await using products = await pairwise(engine, samples.features!.shape[1])
    const found = await compared(reference!, samples, products, options)
    Object.assign(values, found.values)
    kid = found.kid
  }
  if (samples.score) {
    values.is = samples.score.score
    if (samples.score.deviation !== undefined) values.isDeviation = samples.score.deviation
  }
  for (const [name, of] of [
    ['fid', 'gaussian'],
    ['sfid', 'spatial'],
  ] as const) {
    if (!wants.has(name)) continue
    signal?.throwIfAborted()
    onProgress?.(name, 0, 1)
    await new Promise((resolve) => setTimeout(resolve)) // messages appear before half a minute of arithmetic
    values[name] = await inPieces(frechetSteps(reference![of]!, samples[of]!), signal)
    onProgress?.(name, 1, 1)
  }
  const accuracy = accuracyOf(samples)
  return { metrics: { ...values, ...(accuracy !== undefined && { accuracy }) }, samples, reference, kid }
}

async function compared(
  real: Collected,
  made: Collected,
  products: Pairwise,
  options: MeasureOptions,
): Promise<{ values: Metrics; kid: Measured['kid'] }> {
  const { metrics, kidSubset, signal, onProgress } = options
  const values: Metrics = {}
  let kid: KernelDistance | undefined
  if (metrics.includes('precision') || metrics.includes('recall')) {
    const both = await precisionRecall(real.features!, made.features!, {
      distances: products.distances,
      ...(signal && { signal }),
      onProgress: (done, total) => onProgress?.('precision and recall', done, total),
    })
    for (const name of ['precision', 'recall'] as const) if (metrics.includes(name)) values[name] = both[name]
  }
  if (metrics.includes('kid')) {
    kid = await kernelDistance(made.features!, real.features!, {
      dots: products.dots,
      ...(kidSubset !== undefined && { subsetSize: kidSubset }),
      signal,
      onProgress: (done, total) => onProgress?.('kid', done, total),
    })
    Object.assign(values, { kid: kid.kid, kidDeviation: kid.deviation })
  }
  return { values, kid }
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
  if (matrices) {
    const [total] = matrices.features.shape
    for (let first = 0; first < total; first += BLOCK) {
      signal?.throwIfAborted()
      all.add(readingOf(matrices, first, first + BLOCK)) // nothing says which classes the probabilities belong to
      onProgress(Math.min(first + BLOCK, total), total)
      await new Promise((resolve) => setTimeout(resolve))
    }
  } else if (images && reader) {
    const known = reader.classes && knownLabels(images, reader.classes)
    for (let first = 0; first < images.count; first += batch) {
      signal?.throwIfAborted()
      const count = Math.min(batch, images.count - first)
      let at = first
      for await (const run of images.read(first, count, signal)) {
        const labels = known && Array.from({ length: run.shape[0] }, (_, i) => known[at + i]!)
        all.add(await reader.read(run), labels)
        at += run.shape[0]
      }
      onProgress(first + count, images.count)
    }
  }
  return { ...all.result(), ...given }
}

/** Rows of given features that are added at a time. */
const BLOCK = 1000

/** Rows `first` to `end` - 1 of given features. */
function readingOf({ features, spatial, probabilities }: FeatureMatrices, first: number, end: number): Reading {
  const part = (all: Features) => rows(all, first, end)
  return {
    features: part(features),
    ...(spatial && { spatial: part(spatial) }),
    ...(probabilities && { probabilities: part(probabilities) }),
  }
}

/** The requested classes, unless they belong to another list than the reader's. */
export function knownLabels(
  { labels, classes, count }: ImageSource,
  known: readonly string[],
): ArrayLike<number> | undefined {
  if (classes && classes.join() !== known.join()) return undefined
  const fits = (label: number) => Number.isInteger(label) && label >= 0 && label < known.length
  return labels?.length === count && Array.from(labels).every(fits) ? labels : undefined
}

/** Checked before the images are made or read. */
function checkWidths({ samples, reference, reader, metrics }: MeasureOptions): void {
  if (!reference) return
  const widths = [samples, reference].map(({ matrices, statistics }) => ({
    features: matrices?.features.shape[1] ?? reader?.width,
    gaussian: statistics?.features.mean.length ?? matrices?.features.shape[1] ?? reader?.width,
    spatial: statistics?.spatial?.mean.length ?? matrices?.spatial?.shape[1],
  }))
  for (const metric of metrics) {
    const { reference: need } = needs[metric]
    if (need === undefined || need === 'probabilities') continue
    const [ofSamples, ofReference] = widths.map((width) => width[need])
    if (ofSamples === undefined || ofReference === undefined || ofSamples === ofReference) continue
    throw new UsageError(
      `The reference has ${ofReference} features an image, the samples ${ofSamples}: they are of different extractors.`,
      {
        remedy: 'Evaluate both with the same `reader`.',
        shellRemedy: 'Evaluate both with the same --features.',
      },
    )
  }
}
