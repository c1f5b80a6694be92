// What is asked of a model, and what it gives back: the words that Node's Model, the page's and the server share.

import type { RgbImage } from '../images/rgb.ts'
import type { Generator, NoiseSource } from '../sampling/noise.ts'
import type { NoiseRecipe } from '../sampling/noise-recipe.ts'
import type { SampledImage, SampleProgress } from '../sampling/sampler.ts'
import type { ClassInfo } from '../zoo/class-list.ts'
import type { PlanOptions } from './choose-plan.ts'

/** Noise as an array, row-major. */
export interface GivenNoise {
  data: Float32Array
  shape: readonly number[]
}

export interface SampleOptions extends PlanOptions {
  /** One image for every entry: an id, a name, or an unambiguous part of a name. */
  classes: readonly (string | number)[]
  /** Images of every class. */
  count?: number | undefined
  seed?: number | undefined
  /** How noise follows from the seed; 'torch' is torch.manual_seed(seed); torch.randn(images, tokens, channels). */
  rng?: Generator | undefined
  /**
   * Own noise instead: float32 [firstIndex + images, tokens, channels], row-major, what gives the rows asked for, or a recipe
   * for each image.
   */
  noise?: GivenNoise | NoiseSource | readonly NoiseRecipe[] | undefined
  /** Index of the first image in a longer run: image i there and image 0 here are the same for firstIndex i. */
  firstIndex?: number | undefined
  /** Images computed together; they do not depend on it, but for the last bits of one computed alone (and for int8). */
  batch?: number | undefined
  /** Close the transformers before the last images are decoded: less memory, but the next run opens them again. */
  lean?: boolean | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((event: SampleProgress) => void) | undefined
}

/** An image of some run: what it shows, and what its noise and a teacher's draws follow from. */
export interface RunImage {
  readonly class: number
  readonly seed: number
  readonly index: number
  /** Its noise, when it is not that of seed and index. */
  readonly noise?: NoiseRecipe | undefined
}

export interface TogetherOptions extends PlanOptions {
  signal?: AbortSignal | undefined
  onProgress?: ((event: SampleProgress) => void) | undefined
}

export interface TrajectoryOptions extends PlanOptions {
  class: string | number
  noise: NoiseRecipe
  signal?: AbortSignal | undefined
  onProgress?: ((event: SampleProgress) => void) | undefined
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
