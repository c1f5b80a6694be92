// An evaluation in one call: whatever holds samples and reference is opened, read, measured and closed.

import * as v from 'valibot'
import { UsageError } from '../../core/errors.ts'
import { createEngine, runtimeVersion } from '../../engine/node/engine.ts'
import { type Device, devices, type Engine } from '../../engine/types.ts'
import { evaluate as evaluateSets } from '../../evaluate/evaluate.ts'
import type { Features } from '../../evaluate/features.ts'
import type { Stage } from '../../evaluate/measure.ts'
import { openFeatureReader } from '../../evaluate/node/open-reader.ts'
import { memorySet } from '../../evaluate/node/sets/memory.ts'
import { type LabelScheme, labelsOf, publishedCount } from '../../evaluate/protocols.ts'
import type { FeatureReader, RgbBatch } from '../../evaluate/reader.ts'
import {
  type EvaluationResult,
  type MetricName,
  metricNames,
  type ProtocolName,
  protocolNames,
} from '../../evaluate/result.ts'
import type { EvaluationSet } from '../../evaluate/sets/set.ts'
import type { PlanOptions } from '../../sampling/plan-options.ts'
import { callback, checkOptions, oneOfThese, signal, text, wholeAbove0, wholeNumber } from '../check-options.ts'
import { modelSet, openSamplesOrSet } from '../node/evaluation-sets.ts'
import { Model } from '../node/model.ts'
import { samplerFacts } from '../node/sampler-facts.ts'
import { version } from '../node/version.ts'

/** A path or a name (docs/EVALUATION.md), images uint8 [N, H, W, 3], features [N, D], or an opened set, which stays open. */
export type Evaluated = string | RgbBatch | Features | EvaluationSet

export interface EvaluateOptions {
  /** The same, or a loaded model, whose images are made and measured in one run. */
  samples: Evaluated | Model
  /** Needed by all metrics but the Inception Score. */
  reference?: Evaluated | undefined
  /** Where images are given: Inception's weights, an .onnx file, `sprites`, or an opened reader, which stays open. */
  features?: string | FeatureReader | undefined
  /** 'dd' by default. */
  protocol?: ProtocolName | undefined
  /** What the protocol reports, as far as the sets can tell it, by default. */
  metrics?: readonly MetricName[] | undefined
  /** Images of each of KID's subsets. */
  kidSubset?: number | undefined
  /** Images of a model, 50,000 by default; drawn sprites as a reference are as many as the samples. */
  count?: number | undefined
  /** How a model's classes are drawn; as the protocol has it by default. */
  labels?: LabelScheme | undefined
  /** Of a model's images; 0 by default. */
  seed?: number | undefined
  /** How a model samples: `{ steps: 2 }`. */
  sampling?: PlanOptions | undefined
  /** Of the readers and the distances; a model brings its own. */
  device?: Device | undefined
  threads?: number | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((stage: Stage, done: number, total: number) => void) | undefined
  /** What the figures will not mean; the result holds it, too. */
  onWarning?: ((text: string) => void) | undefined
  /** A metric of the protocol that these sets cannot tell, and why. */
  onSkip?: ((metric: MetricName, why: string) => void) | undefined
}

const isArray = (value: unknown): value is RgbBatch | Features =>
  ArrayBuffer.isView((value as Partial<Features> | null)?.data) && Array.isArray((value as Partial<Features>).shape)
const isSet = (value: unknown): value is EvaluationSet =>
  typeof (value as Partial<EvaluationSet> | null)?.sha256 === 'function'
const isReader = (value: unknown): value is FeatureReader =>
  typeof (value as Partial<FeatureReader> | null)?.read === 'function'

const evaluated = v.custom<Evaluated>(
  (value) => (typeof value === 'string' && value !== '') || isArray(value) || isSet(value),
  'must be a path, an array { data, shape } or an opened set',
)

const schema = v.strictObject({
  samples: v.union(
    [v.instance(Model), evaluated],
    'must be a path, an array { data, shape }, a model or an opened set',
  ),
  reference: v.optional(evaluated),
  features: v.optional(
    v.union([text, v.custom<FeatureReader>(isReader)], "must be a file of weights, 'sprites' or an opened reader"),
  ),
  protocol: v.optional(oneOfThese(protocolNames)),
  metrics: v.optional(v.pipe(v.array(oneOfThese(metricNames), 'must be a list of metrics'), v.minLength(1))),
  kidSubset: v.optional(wholeAbove0),
  count: v.optional(wholeAbove0),
  labels: v.optional(oneOfThese(['random', 'balanced'])),
  seed: v.optional(wholeNumber),
  sampling: v.optional(v.looseObject({}, 'must be an object such as { steps: 2 }')),
  device: v.optional(oneOfThese(devices)),
  threads: v.optional(wholeAbove0),
  signal: v.optional(signal),
  onProgress: v.optional(callback),
  onWarning: v.optional(callback),
  onSkip: v.optional(callback),
} satisfies Record<keyof EvaluateOptions, v.GenericSchema>)

const ofModels = ['count', 'labels', 'seed', 'sampling'] as const
const ofEngines = ['device', 'threads'] as const

/**
 * Evaluates samples against a reference: the figures, and the protocol under which they hold.
 * @throws UsageError for unknown options, paths that lead nowhere, arrays of another shape, and when nothing can be told;
 * CheckpointError for damaged files; the signal's reason when aborted
 * @example
 * const features = (seed) => ({ data: Float32Array.from({ length: 400 }, (_, i) => Math.sin(seed * (i + 1) ** 2)), shape: [100, 4] })
 * const { metrics, protocol } = await evaluate({ samples: features(1), reference: features(2), metrics: ['fid'] })
 * console.log(metrics.fid)
 * protocol.count // 100
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationResult> {
  checkOptions('evaluate', schema, options)
  const { samples, features, protocol = 'dd', sampling = {}, signal, metrics, kidSubset } = options
  const model = samples instanceof Model ? samples : undefined
  const idle = (model ? ofEngines : ofModels).find((name) => options[name] !== undefined)
  if (idle)
    throw new UsageError(
      `\`${idle}\` ${model ? 'was chosen when the model was loaded' : 'is of a model, and samples are given'}.`,
      {
        remedy: 'Leave it out.',
      },
    )
  const opened: (() => Promise<void>)[] = []
  const open = async (what: Evaluated, name: string, sprites: number): Promise<EvaluationSet> => {
    if (isArray(what)) return memorySet(name, what)
    if (typeof what !== 'string') return what
    const set = await openSamplesOrSet(what, { sprites })
    opened.push(() => set.close())
    return set
  }
  const referenceOf = async (sprites: number) =>
    options.reference === undefined ? undefined : open(options.reference, 'reference', sprites)
  const engineOf = async (): Promise<Engine> => {
    const engine = await createEngine({ device: options.device, threads: options.threads })
    opened.push(() => engine.dispose())
    return engine
  }
  const readerOf = async (file: string, engine: Engine): Promise<FeatureReader> => {
    const reader = await openFeatureReader(file, { engine, protocol })
    opened.push(() => reader.dispose())
    return reader
  }
  try {
    const set = model ? await sampled(model, options, protocol) : await open(samples as Evaluated, 'samples', 10_000)
    const reference = await referenceOf(set.count ?? 10_000)
    const engine = model?.engine ?? (await engineOf())
    const reader = typeof features === 'string' ? await readerOf(features, engine) : features
    if (!reader && set.images && !set.matrices) {
      throw new UsageError('Images need a network that reads them.', {
        remedy: "Name Inception's weights with `features`, or give `features: 'sprites'` for the drawn sprites.",
      })
    }
    const { result } = await evaluateSets({
      samples: set,
      reference,
      reader,
      engine,
      protocol,
      metrics,
      kidSubset,
      signal,
      ...(model && { sampler: await samplerFacts(model, sampling, signal), classes: classNames(model) }),
      versions: { 'distilled-decoding': version(), onnxruntime: runtimeVersion, node: process.versions.node },
      onWarning: (text) => options.onWarning?.(text),
      onSkip: (metric, why) => options.onSkip?.(metric, why),
      onProgress: (stage, done, total) => options.onProgress?.(stage, done, total),
    })
    return result
  } finally {
    for (const close of opened.toReversed()) await close()
  }
}

const classNames = (model: Model): string[] =>
  Array.from({ length: model.family.numClasses }, (_, id) => model.classInfo(id).name)

const sampled = (model: Model, options: EvaluateOptions, protocol: ProtocolName) =>
  modelSet(model, {
    count: options.count ?? publishedCount,
    labels: options.labels ?? labelsOf[protocol],
    seed: options.seed,
    plan: model.plan(options.sampling),
    signal: options.signal,
  })
