// Makes a result: the figures of `measure` and their protocol, complete enough to compare and to repeat them.

import { UsageError } from '../core/errors.ts'
import { count } from '../core/format.ts'
import { INCEPTION_SCORE_BLOCK } from './inception-score.ts'
import { knownLabels, type Measured, type MeasureOptions, measure, obstacle } from './measure.ts'
import { defaultMetrics } from './protocols.ts'
import { extractorOf, type FeatureReader } from './reader.ts'
import type { EvaluationResult, MetricName, Protocol, ProtocolName } from './result.ts'
import { type EvaluationSet, type ImageSource, unknownOrigin } from './sets/set.ts'

export interface EvaluateOptions extends Omit<MeasureOptions, 'metrics'> {
  readonly protocol: ProtocolName
  /** The protocol's own, as far as the sets allow, when left out. */
  readonly metrics?: readonly MetricName[] | undefined
  /** Of everything that computes: this package, its runtime. */
  readonly versions: Readonly<Record<string, string>>
  /** Names of the classes, for accuracy by class. */
  readonly classes?: readonly string[] | undefined
  readonly sampler?: EvaluationResult['sampler']
  /** Called before measuring with every reason why the figures may mislead; the result holds them, too. */
  onWarning?(text: string): void
  /** Called with a metric of the protocol that cannot be measured on these sets, and the reason. */
  onSkip?(metric: MetricName, why: string): void
}

/**
 * Evaluates samples against a reference.
 * @throws UsageError when nothing can be told, the reference is known to be of another extractor, or statistics do not say of how
 * many images they are; whatever `measure` throws
 * @example
 * const { result } = await evaluate({ samples, reference, reader, engine, protocol: 'dd', versions: {} })
 * console.log(result.metrics.fid, result.protocol)
 * result.protocol.features.name // 'sprites'
 */
export async function evaluate(options: EvaluateOptions): Promise<{ result: EvaluationResult; measured: Measured }> {
  const { samples, reference, reader, protocol, signal } = options
  const features = featuresOf(samples, reader) ?? unknownFeatures
  if (reference) checkExtractors(features, featuresOf(reference, reader), reference.name)
  if (features.protocol && features.protocol !== protocol) {
    throw new UsageError(`${samples.name} was read as protocol ${features.protocol} has it, not ${protocol}.`, {
      remedy: `Take \`protocol: '${features.protocol}'\`, or read the images again.`,
    })
  }
  if (samples.count === undefined) {
    throw new UsageError(`${samples.name} holds statistics that do not say of how many images.`, {
      remedy: 'Give the images, their features, or statistics that say it.',
      shellRemedy: 'Give the images, their features, or statistics that --save-stats wrote.',
    })
  }
  const metrics = options.metrics ?? possible(options)
  const warnings = metrics.includes('fid') ? tooFewFor(options) : []
  const asked = samples.images && reader?.classes && aboutClasses(samples.images, reader.name, reader.classes)
  if (asked?.measured) warnings.push(asked.text)
  for (const warning of warnings) options.onWarning?.(warning)
  if (asked && !asked.measured) options.onWarning?.(asked.text)
  const measured = await measure({ ...options, metrics })
  const samplesCount = measured.samples.count
  const { kid } = measured
  const { score } = measured.samples
  const full: Protocol = {
    name: protocol,
    ...(samples.origin ?? unknownOrigin),
    count: samplesCount,
    format:
      samples.images && !samples.matrices
        ? `${samples.images.format}${samples.images.lossy ? ' (lossy)' : ''}`
        : 'features',
    ...(samples.crop !== undefined && { crop: samples.crop }),
    features,
    ...(reference && { reference: await described(reference, measured.reference?.count ?? 0, signal) }),
    ...(kid && { kid: { subsets: kid.subsets, subsetSize: kid.subsetSize } }),
    ...(score && {
      inceptionScore: { splits: score.blocks.length, splitSize: Math.min(INCEPTION_SCORE_BLOCK, samplesCount) },
    }),
    versions: { ...options.versions },
  }
  const { tally } = measured.samples
  const result: EvaluationResult = {
    kind: 'distilled-evaluation',
    date: new Date().toISOString(),
    name: samples.name,
    protocol: full,
    metrics: measured.metrics,
    ...(warnings.length > 0 && { warnings }),
    ...(options.sampler && { sampler: options.sampler }),
    ...(tally && {
      classes: [...tally]
        .toSorted(([a], [b]) => a - b)
        .map(([id, { count, right }]) => {
          return {
            id,
            name: options.classes?.[id] ?? reader?.classes?.[id] ?? String(id),
            count,
            accuracy: right / count,
          }
        }),
    }),
  }
  return { result, measured }
}

async function described(set: EvaluationSet, measured: number, signal?: AbortSignal): Promise<Protocol['reference']> {
  const images = set.count ?? measured
  return {
    name: set.name,
    sha256: await set.sha256(signal),
    ...(images > 0 && { count: images }),
    ...(set.crop !== undefined && { crop: set.crop }),
    ...(set.statistics && set.images && { statistics: 'those in the file (FID, sFID)' }),
  }
}

/** With fewer samples than features a covariance is singular, which raises the Fréchet distance by an unknown amount. */
function tooFewFor({ samples, reference, reader }: EvaluateOptions): string[] {
  return Object.entries({ samples, reference }).flatMap(([what, set]) => {
    if (!set || set.statistics) return []
    const width = set.matrices?.features.shape[1] ?? reader?.width
    if (set.count === undefined || width === undefined || set.count >= width) return []
    const few = `the ${what} are ${count(set.count)} images for ${count(width)} features`
    return [`${few}: below one image a feature, the Fréchet distance says little and is far above that of many.`]
  })
}

/** What the accuracy by class rests on where the reader and the labels may be of different classes. */
function aboutClasses(images: ImageSource, reader: string, known: readonly string[]) {
  if (!images.labels || images.classes?.join() === known.join()) return undefined
  const some = (names: readonly string[]) => `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', ...' : ''}`
  if (images.classes) {
    const text = `no class accuracy: the samples are of ${some(images.classes)}, and the reader ${reader} knows ${some(known)}.`
    return { measured: false, text }
  }
  if (!knownLabels(images, known)) return undefined
  const text = `the class accuracy takes the numbers of the labels for those of ${reader} (${some(known)}): nothing says which classes they are.`
  return { measured: true, text }
}

/** The protocol's metrics that can be measured; each of the others is reported. */
function possible(options: EvaluateOptions): MetricName[] {
  const skipped: string[] = []
  const metrics = defaultMetrics[options.protocol].filter((metric) => {
    const why = obstacle(metric, options)
    if (why === undefined) return true
    options.onSkip?.(metric, why)
    skipped.push(`${metric}: ${why}`)
    return false
  })
  if (metrics.length) return metrics
  throw new UsageError(`There is nothing to measure; ${skipped.join('; ')}.`, {
    remedy: 'Give a `reader` of images, or the images.',
    shellRemedy: 'Name a network that reads images with --features, or give the images.',
  })
}

const unknownFeatures: Protocol['features'] = { name: 'given features', preprocessing: 'unknown' }

/** The extractor of a set's features: given features have precedence over those that a reader would make. */
function featuresOf(
  { images, matrices, statistics, extractor }: EvaluationSet,
  reader: FeatureReader | undefined,
): Protocol['features'] | undefined {
  if (matrices || (statistics && (extractor || !images))) return extractor
  return images && reader && extractorOf(reader)
}

/** Features of equal width from different extractors have a distance, too, but it is meaningless. */
function checkExtractors(ours: Protocol['features'], theirs: Protocol['features'] | undefined, name: string): void {
  if (!theirs) return
  const weights = ours.sha256 && theirs.sha256 && ours.sha256 !== theirs.sha256
  const unknown = [ours, theirs].some(({ preprocessing }) => preprocessing === unknownFeatures.preprocessing)
  if (!weights && (unknown || ours.preprocessing === theirs.preprocessing)) return
  const said = (of: Protocol['features']) =>
    `${of.name} (${of.preprocessing}${of.sha256 ? `; SHA-256 ${of.sha256.slice(0, 12)}` : ''})`
  throw new UsageError(`${name} is of the features of ${said(theirs)}, the samples of ${said(ours)}.`, {
    remedy: 'Evaluate both with the same `reader` and `protocol`.',
    shellRemedy: 'Evaluate both with the same --features and --protocol.',
  })
}
