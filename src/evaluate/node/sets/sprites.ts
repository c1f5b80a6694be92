// The drawn sprites as a reference: images of a seed that nothing was trained on, drawn as they are read.

import { createHash } from 'node:crypto'
import { sprites } from '../../../data/node/sprites.ts'
import { toBytes } from '../../../data/planes.ts'
import { checkSpan, type EvaluationSet, type ImageSource } from '../../sets/set.ts'

/** Seeds from here on are for measuring; training takes those below. */
export const REFERENCE_SEED = 1000
const AT_ONCE = 250

/**
 * The first `count` sprites of the reference seed, 32 x 32 pixels, class i mod 12.
 * @example
 * const { images } = spritesSet(10_000)
 * const { value } = await images.read(0, 12).next() // one sprite of every class
 * value.shape // [12, 32, 32, 3]
 */
export function spritesSet(count: number, seed = REFERENCE_SEED): EvaluationSet & { images: ImageSource } {
  const data = sprites({ seed, size: count })
  const side = data.imageSize
  const hash = createHash('sha256')
  let hashed = 0
  const read = async (first: number, n: number) => {
    checkSpan('sprites', count, first, n)
    const drawn = await Promise.all(Array.from({ length: n }, (_, i) => data.get(first + i)))
    const bytes = new Uint8Array(n * 3 * side * side)
    for (const [i, { image }] of drawn.entries()) bytes.set(toBytes(image), i * 3 * side * side)
    if (first === hashed) {
      hash.update(bytes) // what is read in order anyway is not drawn a second time for its hash
      hashed += n
    }
    return bytes
  }
  return {
    name: `sprites (seed ${seed})`,
    count,
    images: {
      count,
      format: 'none: drawn as they are measured',
      lossy: false,
      classes: data.classes,
      labels: Array.from({ length: count }, (_, i) => data.labelOf(i)),
      async *read(first, n) {
        yield { data: await read(first, n), shape: [n, side, side, 3] }
      },
    },
    async sha256(signal) {
      while (hashed < count) {
        signal?.throwIfAborted()
        await read(hashed, Math.min(AT_ONCE, count - hashed))
      }
      return hash.copy().digest('hex')
    },
    async close() {},
  }
}
