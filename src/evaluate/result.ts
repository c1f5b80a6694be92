// The result of an evaluation: figures together with their protocol. Two numbers may be compared only if their protocols agree
// (compare.ts), so the protocol contains everything that a number depends on.

import * as v from 'valibot'

export const protocolNames = ['dd', 'adm'] as const
export type ProtocolName = (typeof protocolNames)[number]

export const metricNames = ['fid', 'sfid', 'is', 'precision', 'recall', 'kid'] as const
export type MetricName = (typeof metricNames)[number]

const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
/** A result may be a stranger's: texts and lists are bounded, so that a report of many of them is made in a moment. */
const text = v.pipe(v.string(), v.maxLength(4096, 'a text may have 4,096 characters'))
const few = <T extends Record<string, unknown>>(facts: T): boolean => Object.keys(facts).length <= 200
const plain = v.pipe(
  v.record(text, v.union([text, v.number(), v.boolean(), v.null()])),
  v.check(few, 'at most 200 settings are read'),
)

/** ImageNet-21k has 21,841. */
const mostClasses = 32_768

/** Everything that the figures depend on. */
const protocolSchema = v.strictObject({
  /** `dd`: as pytorch-fid and Distilled Decoding evaluate; `adm`: as guided diffusion's evaluator does. */
  name: v.picklist(protocolNames),
  /** How the samples' labels were drawn; "unknown" for images whose origin is not recorded. */
  labels: text,
  /** Samples that were measured. */
  count,
  /** Of a sampler: model, plan (timesteps, split, teacher's guidance, top-k, top-p), seed, rng, dtype, device; empty when unknown. */
  sampling: plain,
  /** How pixels became 8 bits, and the files they were read from ("none: sampled and measured in one run"). */
  rounding: text,
  format: text,
  /** Side in pixels of the squares that the samples were cut to before they were measured; missing where they were not cut. */
  crop: v.optional(count),
  /** Who made the features; without a hash where a file of features does not say. */
  features: v.strictObject({
    name: text,
    sha256: v.optional(sha256),
    preprocessing: text,
    /** Of the preprocessing, where protocols differ in it. */
    protocol: v.optional(v.picklist(protocolNames)),
  }),
  /** Missing where the Inception Score alone was measured. */
  reference: v.optional(
    v.strictObject({
      name: text,
      sha256,
      count: v.optional(count),
      /** As of the samples. */
      crop: v.optional(count),
      /** Where FID and sFID take a file's own statistics, which may be of more images than it holds. */
      statistics: v.optional(text),
    }),
  ),
  /** KID's subsets: how many pairs, and rows of each. */
  kid: v.optional(v.strictObject({ subsets: count, subsetSize: count })),
  /** The Inception Score's splits: consecutive images, the last of them perhaps fewer. */
  inceptionScore: v.optional(v.strictObject({ splits: count, splitSize: count })),
  versions: v.pipe(v.record(text, text), v.check(few, 'at most 200 packages are read')),
})

const metricsSchema = v.strictObject({
  fid: v.optional(v.number()),
  sfid: v.optional(v.number()),
  /** Mean over splits; `isDeviation` is the standard deviation over them, where there are several. */
  is: v.optional(v.number()),
  isDeviation: v.optional(v.number()),
  precision: v.optional(v.number()),
  recall: v.optional(v.number()),
  /** Mean over subsets; `kidDeviation` is the standard deviation over them. */
  kid: v.optional(v.number()),
  kidDeviation: v.optional(v.number()),
  /** Share of samples that the reader assigns to the requested class. */
  accuracy: v.optional(v.number()),
})

const kind = 'distilled-evaluation'
/** Tells the file of a result (files/replacing.ts). */
export const resultMark = new RegExp(`"kind": "${kind}"`)

export const resultSchema = v.strictObject({
  kind: v.literal(kind),
  /** ISO time at which it was made. */
  date: text,
  /** What was measured, in words: a folder, a file, or a model and its sampler. */
  name: text,
  protocol: protocolSchema,
  metrics: metricsSchema,
  /** Of a sampler. */
  sampler: v.optional(
    v.strictObject({
      model: text,
      /** e.g. "one step", "two steps", "teacher from 4", "teacher" */
      name: text,
      /** Network evaluations an image takes. */
      steps: v.number(),
      /** One image at a time, decoding included; the median of several. */
      secondsPerImage: v.optional(v.number()),
      device: text,
      threads: v.number(),
    }),
  ),
  /** Reasons why the figures may mislead, e.g. too few samples. */
  warnings: v.optional(v.pipe(v.array(text), v.maxLength(100, 'at most 100 warnings are read'))),
  /** Share of right samples by class, where the reader knows the model's classes. */
  classes: v.optional(
    v.pipe(
      v.array(v.strictObject({ id: v.number(), name: text, count, accuracy: v.number() })),
      v.maxLength(mostClasses, `at most ${mostClasses} classes are read`),
    ),
  ),
  /** A sheet of the first samples, beside the result's file. */
  grid: v.optional(text),
})

/** Whether features of that name, which their reader gives them, are those that FID, sFID and KID are named after. */
export const isInception = (features: string): boolean => /^inception-v3 \(FID variant\)/.test(features)

export type Protocol = v.InferOutput<typeof protocolSchema>
export type Metrics = v.InferOutput<typeof metricsSchema>
export type EvaluationResult = v.InferOutput<typeof resultSchema>
