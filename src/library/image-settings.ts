// The settings that an image file carries: what makes the image again. A file may come from anywhere, so every value has a bound.

import * as v from 'valibot'
import { whole } from '../core/schemas.ts'
import { dtypes } from '../models/weights.ts'
import { indexSchema, noiseRecipeSchema, seedSchema } from '../sampling/noise-recipe.ts'
import { planSchema } from '../sampling/plan.ts'
import { mostImages } from './sample-options.ts'

const classId = whole(0, 1_000_000, 'class', 'its class')

export const imageSettingsSchema = v.object({
  model: v.pipe(v.string(), v.maxLength(4096)),
  /** Of an image. */
  class: v.optional(classId),
  /** Of a grid. */
  classes: v.optional(v.pipe(v.array(classId), v.maxLength(mostImages))),
  count: v.optional(whole(1, mostImages, 'images', 'images of every class in a grid')),
  seed: seedSchema,
  index: indexSchema,
  rng: v.picklist(['philox', 'torch', 'given']),
  /** How its noise was put together. */
  noise: v.optional(noiseRecipeSchema),
  plan: planSchema,
  dtype: v.picklist(dtypes),
  /** Whether the image was computed together with others. */
  batched: v.boolean(),
  /** Of a grid: images computed together. */
  batch: v.optional(whole(1, 4096, 'images', 'images computed together')),
  ema: v.boolean(),
})

export type ImageSettings = v.InferOutput<typeof imageSettingsSchema>
