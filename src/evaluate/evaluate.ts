// A result: what `measure` found, and the protocol it was found under, complete enough to compare or to repeat it.

import { type Measured, type MeasureOptions, measure, obstacle } from './measure.ts'
import { defaultMetrics } from './protocols.ts'
import type { EvaluationResult, MetricName, Protocol, ProtocolName } from './result.ts'
import { type EvaluationSet, unknownOrigin } from './sets/set.ts'

export interface EvaluateOptions extends Omit<MeasureOptions, 'metrics'> {
  readonly protocol: ProtocolName
  /** The protocol's own, as far as the sets allow, when left out. */
  readonly metrics?: readonly MetricName[] | undefined
  /** Of everything that computes: this package, its runtime. */
  readonly versions: Readonly<Record<string, string>>
  /** Names of the classes, for accuracy by class. */
  readonly classes?: readonly string[] | undefined
  readonly sampler?: EvaluationResult['sampler']
  /** A metric of the protocol that these sets cannot tell, and why. */
  onSkip?(metric: MetricName, why: string): void
}

/**
 * Evaluates samples against a reference.
 * @throws whatever `measure` throws
 * @example
 * const { result } = await evaluate({ samples, reference, reader, engine, protocol: 'dd', versions: {} })
 * console.log(result.metrics.fid, result.protocol)
 * result.protocol.features.name // 'sprites'
 */
export async function evaluate(options: EvaluateOptions): Promise<{ result: EvaluationResult; measured: Measured }> {
  const { samples, reference, reader, protocol, signal } = options
  const metrics = options.metrics ?? possible(options)
  const measured = await measure({ ...options, metrics })
  const { count } = measured.samples
  const referenceCount = reference.count ?? measured.reference.count
  const described: Protocol = {
    name: protocol,
    ...(samples.origin ?? unknownOrigin),
    count,
    format: samples.images ? `${samples.images.format}${samples.images.lossy ? ' (lossy)' : ''}` : 'features',
    features: featuresOf(samples, options),
    reference: {
      name: reference.name,
      sha256: await reference.sha256(signal),
      ...(referenceCount > 0 && { count: referenceCount }),
    },
    versions: { ...options.versions },
  }
  const { tally } = measured.samples
  const result: EvaluationResult = {
    kind: 'distilled-evaluation',
    date: new Date().toISOString(),
    name: samples.name,
    protocol: described,
    metrics: measured.metrics,
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

/** The protocol's metrics that can be told; each of the others is reported. */
function possible(options: EvaluateOptions): MetricName[] {
  return defaultMetrics[options.protocol].filter((metric) => {
    const why = obstacle(metric, options)
    if (why) options.onSkip?.(metric, why)
    return why === undefined
  })
}

function featuresOf({ images, extractor }: EvaluationSet, { reader }: EvaluateOptions): Protocol['features'] {
  if (images && reader) return { name: reader.name, sha256: reader.sha256, preprocessing: reader.preprocessing }
  return extractor ?? { name: 'given features', preprocessing: 'unknown' }
}
