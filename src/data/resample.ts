// Pillow's image resampling, bit for bit (Pillow: src/libImaging/Resample.c): a filter as wide as the reduction, 8-bit
// arithmetic with 22 fractional bits, columns before rows. What a tokenizer saw in training went through it.
import type { RgbImage } from '../images/rgb.ts'

interface Filter {
  support: number
  at(x: number): number
}

export const box: Filter = { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) }

/** Keys' cubic with a = -0.5. */
export const bicubic: Filter = {
  support: 2,
  at(x) {
    const [a, d] = [-0.5, Math.abs(x)]
    if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1
    return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0
  },
}

/** Fractional bits of a weight. */
const BITS = 22

interface Taps {
  /** First input of every output position. */
  first: Int32Array
  /** How many inputs each mixes. */
  counts: Int32Array
  /** Their weights in units of 2^-22, `width` places for every output position. */
  weights: Int32Array
  width: number
}

/** For every output position the inputs it mixes. */
function tapsOf(from: number, to: number, { support, at }: Filter): Taps {
  const scale = from / to
  const stretch = Math.max(scale, 1)
  const width = Math.ceil(2 * support * stretch) + 1
  const taps = { first: new Int32Array(to), counts: new Int32Array(to), weights: new Int32Array(to * width), width }
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale
    const first = Math.max(0, Math.trunc(center - support * stretch + 0.5))
    const end = Math.min(from, Math.trunc(center + support * stretch + 0.5))
    const raw = Array.from({ length: end - first }, (_, k) => at((k + first - center + 0.5) / stretch))
    const sum = raw.reduce((total, weight) => total + weight, 0)
    taps.first[i] = first
    taps.counts[i] = raw.length
    for (const [k, weight] of raw.entries()) {
      const share = weight / sum
      taps.weights[i * width + k] = Math.trunc((share < 0 ? -0.5 : 0.5) + share * 2 ** BITS)
    }
  }
  return taps
}

/**
 * Mixes values of `source` that lie `step` apart: output position i of a line has `step` values, which come from inputs first[i]
 * and after. Lines follow each other, `from` inputs and `taps.first.length` outputs each.
 */
function along(source: Uint8Array, { first, counts, weights, width }: Taps, step: number, from: number): Uint8Array {
  const to = first.length
  const lines = source.length / (from * step)
  const out = new Uint8ClampedArray(lines * to * step)
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < to; i++) {
      const start = (line * from + first[i]!) * step
      const target = (line * to + i) * step
      const count = counts[i]!
      for (let value = 0; value < step; value++) {
        let sum = 1 << (BITS - 1)
        for (let k = 0, at = start + value; k < count; k++, at += step) sum += source[at]! * weights[i * width + k]!
        out[target + value] = sum >> BITS
      }
    }
  }
  return new Uint8Array(out.buffer)
}

/** `image` at another size. */
export function resample(
  { data, width, height }: RgbImage,
  toWidth: number,
  toHeight: number,
  filter: Filter,
): RgbImage {
  const rows = toWidth === width ? data : along(data, tapsOf(width, toWidth, filter), 3, width)
  const both = toHeight === height ? rows : along(rows, tapsOf(height, toHeight, filter), 3 * toWidth, height)
  return { data: both, width: toWidth, height: toHeight }
}
