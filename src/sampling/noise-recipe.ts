// Mixtures of noise: on the sphere between two, with the noise of some token groups from another. A mixture is Gaussian, too, so
// students can use it.

import * as v from 'valibot'
import { UsageError } from '../core/errors.ts'
import { noise as gaussian } from '../core/random/philox.ts'
import { checkCount } from '../core/random/seed.ts'
import { decimal, whole } from '../core/schemas.ts'
import { type Family, tokensBefore } from './family.ts'
import type { NoiseSource } from './noise.ts'
import { groupIndex, mostGroups } from './plan.ts'

const count = (description: string) => whole(0, Number.MAX_SAFE_INTEGER, 'number', description)

/** A seed is exact as a float64. */
export const seedSchema = count('seed of the noise')

/** Far below the largest whole number that is exact: the images after it have an index, too, and one alone is made beside the next. */
export const indexSchema = whole(0, 2 ** 52, 'number', 'index of the image in the run of that seed (default: 0)')

const origin = {
  seed: seedSchema,
  index: v.optional(indexSchema),
}

/** Whose noise an image has, and how it is mixed. */
export const noiseRecipeSchema = v.strictObject(
  {
    ...origin,
    /** Another noise, and how far to go toward it on the sphere: 0 stays, 1 arrives. */
    toward: v.optional(
      v.strictObject(
        { ...origin, amount: decimal(0, 1, 'share', 'how far to go on the sphere; 0 stays, 1 arrives') },
        'must be an object with seed and amount',
      ),
    ),
    groups: v.optional(
      v.pipe(
        v.array(
          v.strictObject(
            { ...origin, group: groupIndex('whose noise comes from there') },
            'must be an object with group and seed',
          ),
          `must be a list of at most ${mostGroups}`,
        ),
        v.maxLength(mostGroups, `must be a list of at most ${mostGroups}`),
        v.readonly(),
        v.description('token groups whose noise is that of another seed'),
      ),
    ),
  },
  'must be an object such as {"seed": 1, "toward": {"seed": 2, "amount": 0.5}}',
)

export type NoiseRecipe = Readonly<v.InferOutput<typeof noiseRecipeSchema>>
/** The noise of image `index` (0 when left out) of a seed's run. */
export type NoiseOrigin = Pick<NoiseRecipe, 'seed' | 'index'>

/** Whether a recipe is more than a seed and an index. */
export const isMixed = ({ toward, groups = [] }: NoiseRecipe): boolean => toward !== undefined || groups.length > 0

/**
 * The noise of a recipe, float32 [L, C].
 * @throws UsageError for an amount outside of 0 to 1, a group that the family lacks or that is named twice, or an impossible seed
 * @example
 * const halfway = mixNoise({ seed: 1, toward: { seed: 2, amount: 0.5 }, groups: [{ group: 0, seed: 7 }] }, family)
 */
export function mixNoise(recipe: NoiseRecipe, family: Pick<Family, 'groups' | 'channels'>): Float32Array {
  const { groups, channels } = family
  const size = tokensBefore(family, groups.length) * channels
  const of = ({ seed, index = 0 }: NoiseOrigin, from = 0, to = size) =>
    gaussian(seed, checkCount('index', index), to - from, from)
  const { toward } = recipe
  const mixed = toward ? between(of(recipe), of(toward), toward.amount) : of(recipe)
  const seen = new Set<number>()
  for (const { group, ...origin } of recipe.groups ?? []) {
    if (!(Number.isInteger(group) && group >= 0 && group < groups.length))
      throw new UsageError(`This model has token groups 0 to ${groups.length - 1}, got ${group}.`)
    if (seen.has(group)) throw new UsageError(`Token group ${group} has its noise from two places.`)
    seen.add(group)
    const [start, end] = [group, group + 1].map((g) => tokensBefore(family, g) * channels)
    mixed.set(of(origin, start, end), start)
  }
  return mixed
}

/** Noise of images that each have a recipe. */
export function recipeNoise(recipes: readonly NoiseRecipe[], family: Pick<Family, 'groups' | 'channels'>): NoiseSource {
  return (first, count) => {
    const rows = recipes.slice(first, first + count).map((recipe) => mixNoise(recipe, family))
    const out = new Float32Array(rows.reduce((length, row) => length + row.length, 0))
    let at = 0
    for (const row of rows) {
      out.set(row, at)
      at += row.length
    }
    return out
  }
}

/** Spherical interpolation (Shoemake 1985) of whole sequences. */
function between(a: Float32Array, b: Float32Array, amount: number): Float32Array {
  if (!(amount >= 0 && amount <= 1)) throw new UsageError(`amount must be a number from 0 to 1, got ${amount}.`)
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)
  const angle = Math.acos(Math.min(1, Math.max(-1, dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)))))
  const sine = Math.sin(angle)
  if (sine < 1e-6) return amount < 0.5 ? a : b
  const keep = Math.sin((1 - amount) * angle) / sine
  const take = Math.sin(amount * angle) / sine
  return a.map((value, i) => keep * value + take * b[i]!)
}
