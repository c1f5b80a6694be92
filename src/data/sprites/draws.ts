// The random choices of one sprite: Philox uniforms, with a stream each for background, pose and figure, so that a new choice
// in one of them does not change the others.
import { uniforms } from '../../core/random/philox.ts'

const LENGTH = 24

export interface Draws {
  between(low: number, high: number): number
  chance(probability: number): boolean
  pick<T>(options: readonly T[]): T
}

/** The choices of image `index` in one stream; they depend on (seed, index, stream) alone. */
export function draws(seed: number, index: number, stream: number): Draws {
  const values = uniforms(seed, index, stream, LENGTH)
  let at = 0
  const next = () => {
    if (at === LENGTH) throw new Error(`A sprite takes more than ${LENGTH} draws from stream ${stream}.`)
    return values[at++]!
  }
  return {
    between: (low, high) => low + (high - low) * next(),
    chance: (probability) => next() < probability,
    pick: (options) => options[Math.floor(next() * options.length)]!,
  }
}
