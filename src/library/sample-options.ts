// What a model may be asked for, as the schemas that check it and the types that follow from them, and what it gives back. Node's
// Model, the page's and the server share these.

import * as v from 'valibot'
import type { RgbImage } from '../images/rgb.ts'
import { generators, type NoiseSource } from '../sampling/noise.ts'
import { type NoiseRecipe, noiseRecipeSchema, seedSchema } from '../sampling/noise-recipe.ts'
import { planSchema } from '../sampling/plan.ts'
import { type PlanOptions, planOptionEntries } from '../sampling/plan-options.ts'
import type { SampledImage, SampleProgress } from '../sampling/sampler.ts'
import type { ClassInfo } from '../zoo/class-list.ts'
import { callback, flag, oneOfThese, signal, wholeAbove0, wholeNumber } from './check-options.ts'

/** Images of a run without --labels: each leaves a row of a few hundred bytes in the result. */
export const mostImages = 1_000_000

/** Noise as an array, row-major. */
export interface GivenNoise {
  data: Float32Array
  shape: readonly number[]
}

const planEntries = {
  ...planOptionEntries,
  /** As `model.plan(...)` gives it, in the place of the options above. */
  plan: v.optional(planSchema),
}

const watchEntries = {
  signal: v.optional(signal),
  onProgress: v.optional(
    v.custom<(event: SampleProgress) => void>((value) => v.is(callback, value), 'must be a function'),
  ),
}

const label = v.union([v.string(), v.number()], 'must be a class id or a name')

const noise = v.union(
  [v.function(), v.array(v.looseObject({})), v.looseObject({})],
  'must be an array with its shape, recipes, or a function',
)

const sampleEntries = {
  ...planEntries,
  /** One image for every entry: an id, a name, or an unambiguous part of a name. */
  classes: v.pipe(v.array(label, 'must be an array such as ["goldfish", 207]'), v.readonly()),
  /** Images of every class. */
  count: v.optional(wholeAbove0),
  seed: v.optional(seedSchema),
  /** How noise follows from the seed; 'torch' is torch.manual_seed(seed); torch.randn(images, tokens, channels). */
  rng: v.optional(oneOfThese(generators)),
  /**
   * Own noise instead: float32 [firstIndex + images, tokens, channels], row-major, what gives the rows asked for, or a recipe
   * for each image.
   */
  noise: v.optional(noise as v.GenericSchema<GivenNoise | NoiseSource | readonly NoiseRecipe[]>),
  /** Index of the first image in a longer run: image i there and image 0 here are the same for firstIndex i. */
  firstIndex: v.optional(wholeNumber),
  /** Images computed together; they do not depend on it, but for the last bits of one computed alone (and for int8). */
  batch: v.optional(wholeAbove0),
  /** Close the transformers before the last images are decoded: less memory, but the next run opens them again. */
  lean: v.optional(flag),
  ...watchEntries,
}

export const sampleSchema = v.strictObject(sampleEntries)
/** `plan` accepts all options of sampling, so that one object serves both. */
export const planOptionsSchema = v.strictObject({ ...sampleEntries, classes: v.optional(sampleEntries.classes) })
export const togetherSchema = v.strictObject({ ...planEntries, ...watchEntries })
export const trajectorySchema = v.strictObject({
  ...planEntries,
  ...watchEntries,
  class: label,
  noise: noiseRecipeSchema,
})

export type SampleOptions = v.InferOutput<typeof sampleSchema>
export type TogetherOptions = v.InferOutput<typeof togetherSchema>
export type TrajectoryOptions = v.InferOutput<typeof trajectorySchema>
/** Options that say how an image is sampled, or the plan that they come to. */
export type PlanChoice = PlanOptions & Pick<TogetherOptions, 'plan'>

/** An image of some run: what it shows, and what its noise and a teacher's draws follow from. */
export interface RunImage {
  readonly class: number
  readonly seed: number
  readonly index: number
  /** Its noise, when it is not that of seed and index. */
  readonly noise?: NoiseRecipe | undefined
}

/** A finished image with the tensors it came from. */
export interface SampleResult<Image extends RgbImage = RgbImage> {
  image: Image
  index: number
  class: ClassInfo
  /** The policy marks images of this class. */
  flagged: boolean
  details: SampledImage
}

/** A sequence on its way: its first `timestep` groups are data, the others noise, decoded as they are. */
export interface TrajectoryState<Image extends RgbImage = RgbImage> extends SampleResult<Image> {
  timestep: number
  /** The timestep of the last state: all groups are data. */
  last: number
}

/** Pixels and the settings that made them. */
export type SettledImage = RgbImage & { settings: Readonly<Record<string, unknown>> }
