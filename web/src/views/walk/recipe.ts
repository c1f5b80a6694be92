// A place on the way from one noise to another as a NoiseRecipe. The groups that walk are interpolated on the sphere
// between the two; for the others the recipe names the seed of the first noise.
import type { NoiseOrigin, NoiseRecipe } from '../../backend/types.ts'

export interface Walk {
  from: number
  /** Index of the first noise in its seed's run, 0 by default; the second is the first one of its seed. */
  index?: number
  to: number
  /** 0 at the first noise, 1 at the second. */
  at: number
  /** The groups that walk, of `total`. */
  moving: readonly number[]
  total: number
}

/**
 * The shortest recipe for the noise at a place.
 * @example
 * recipeAt({ from: 7, to: 8, at: 0.5, moving: [0], total: 2 })
 * // { seed: 7, toward: { seed: 8, amount: 0.5 }, groups: [{ group: 1, seed: 7 }] }
 */
export function recipeAt({ from, index, to, at, moving, total }: Walk): NoiseRecipe {
  const first = { seed: from, ...(index && { index }) }
  const second = { seed: to }
  if (at <= 0 || moving.length === 0 || (from === to && !index)) return first
  const still = Array.from({ length: total }, (_, group) => group).filter((group) => !moving.includes(group))
  const comesFrom = (origin: NoiseOrigin) => (group: number) => ({ group, ...origin })
  if (at < 1) {
    const toward = { ...second, amount: at }
    return { ...first, toward, ...(still.length > 0 && { groups: still.map(comesFrom(first)) }) }
  }
  if (still.length === 0) return second
  return still.length < moving.length
    ? { ...second, groups: still.map(comesFrom(first)) }
    : { ...first, groups: moving.map(comesFrom(second)) }
}

/** Places of a film of `count` pictures from 0 to 1; there and back shows neither end twice, so that it loops. */
export function places(count: number, back: boolean): number[] {
  const there = Array.from({ length: count }, (_, i) => (count === 1 ? 0 : i / (count - 1)))
  return back ? [...there, ...there.slice(1, -1).reverse()] : there
}

/** Where a walk there and back is after `turns` of one way; 0.5 -> 0.5, 1.25 -> 0.75, 2 -> 0. */
export function swing(turns: number): number {
  const phase = ((turns % 2) + 2) % 2
  return phase <= 1 ? phase : 2 - phase
}
