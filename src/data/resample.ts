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

const ONE = 2 ** 22

interface Taps {
  first: number
  weights: number[]
}

/** For every output position the inputs it mixes, weights in units of 2^-22. */
function tapsOf(from: number, to: number, { support, at }: Filter): Taps[] {
  const scale = from / to
  const stretch = Math.max(scale, 1)
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * scale
    const first = Math.max(0, Math.trunc(center - support * stretch + 0.5))
    const end = Math.min(from, Math.trunc(center + support * stretch + 0.5))
    const raw = Array.from({ length: end - first }, (_, k) => at((k + first - center + 0.5) / stretch))
    const sum = raw.reduce((total, weight) => total + weight, 0)
    const weights = raw.map((weight) => {
      const share = weight / sum
      return Math.trunc((share < 0 ? -0.5 : 0.5) + share * ONE)
    })
    return { first, weights }
  })
}

/** Resamples lines of `taps.length` values; `step` lies between neighbours of a line, `starts` says where lines begin. */
function along(source: Uint8Array, out: Uint8Array, taps: Taps[], step: number, starts: [from: number, to: number][]) {
  for (const [from, to] of starts) {
    for (const [i, { first, weights }] of taps.entries()) {
      let sum = ONE / 2
      for (let k = 0; k < weights.length; k++) sum += source[from + (first + k) * step]! * weights[k]!
      out[to + i * step] = Math.min(255, Math.max(0, Math.floor(sum / ONE)))
    }
  }
}

/** `image` at another size. */
export function resample({ data, width, height }: RgbImage, toWidth: number, toHeight: number, filter: Filter) {
  let pixels = data
  if (toWidth !== width) {
    pixels = new Uint8Array(3 * toWidth * height)
    const rows = starts(height, (y, channel) => [3 * width * y + channel, 3 * toWidth * y + channel])
    along(data, pixels, tapsOf(width, toWidth, filter), 3, rows)
  }
  if (toHeight === height) return { data: pixels, width: toWidth, height }
  const out = new Uint8Array(3 * toWidth * toHeight)
  const columns = starts(toWidth, (x, channel) => [3 * x + channel, 3 * x + channel])
  along(pixels, out, tapsOf(height, toHeight, filter), 3 * toWidth, columns)
  return { data: out, width: toWidth, height: toHeight }
}

function starts(lines: number, at: (line: number, channel: number) => [number, number]): [number, number][] {
  return Array.from({ length: 3 * lines }, (_, i) => at(Math.floor(i / 3), i % 3))
}
