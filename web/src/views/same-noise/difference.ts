// The difference of two pictures of equal size, pixel by pixel, in levels from 0 to 255.
import type { Pixels } from './pixels.ts'

/** The largest difference, in levels, that counts as visually equal. */
export const near = 8

export interface Difference {
  /** Mean absolute difference over all pixels and channels, in levels. */
  levels: number
  /** Share of pixels that are the same in all three channels. */
  equal: number
  /** Share of visually equal pixels: every channel differs by at most `near`. */
  alike: number
  /** The largest difference of a pixel's channels, in levels, row by row. */
  map: Uint8Array
}

/**
 * What differs between two pictures of one size.
 * @throws RangeError when their sizes differ
 */
export function difference(a: Pixels, b: Pixels): Difference {
  if (a.width !== b.width || a.height !== b.height) throw new RangeError('Only pictures of equal size can be compared.')
  const map = new Uint8Array(a.width * a.height)
  let sum = 0
  let same = 0
  let close = 0
  for (let i = 0; i < map.length; i++) {
    const at = (channel: number) => Math.abs(a.data[4 * i + channel]! - b.data[4 * i + channel]!)
    const red = at(0)
    const green = at(1)
    const blue = at(2)
    sum += red + green + blue
    map[i] = Math.max(red, green, blue)
    if (map[i] === 0) same++
    if (map[i]! <= near) close++
  }
  const share = (count: number) => count / map.length
  return { levels: sum / (3 * map.length), equal: share(same), alike: share(close), map }
}

/** The mean of some numbers; undefined for an empty list. */
export const meanOf = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
