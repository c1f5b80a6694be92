// Pillow's image resampling, bit for bit (Pillow: src/libImaging/Resample.c): a filter as wide as the reduction, 8-bit
// arithmetic with 22 fractional bits, columns before rows. Tokenizers were trained on images resized in this way.
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
    const a = -0.5
    const d = Math.abs(x)
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
 * Mixes values of `source` that lie `step` apart into `out`: output position i of a line has `step` values, which come from inputs
 * first[i] and after. Lines follow each other, `from` inputs and `taps.first.length` outputs each.
 */
function along(
  source: Uint8Array | Uint8ClampedArray,
  { first, counts, weights, width }: Taps,
  { step, from, out }: { step: number; from: number; out: Uint8ClampedArray },
): void {
  const to = first.length
  const lines = source.length / (from * step)
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
}

/** Rows made at a time, to keep the intermediate image between the two directions small. */
const BAND = 32

/** `image` at another size. */
export function resample(
  { data, width, height }: RgbImage,
  toWidth: number,
  toHeight: number,
  filter: Filter,
): RgbImage {
  if (toWidth === width && toHeight === height) return { data, width, height }
  const columns = tapsOf(width, toWidth, filter)
  const rows = tapsOf(height, toHeight, filter)
  const size = 3 * toWidth * toHeight
  // A resizable buffer's memory returns to the system when it is freed; buffers of other kinds up to 32 MB stay with the process.
  const out = new Uint8ClampedArray(new ArrayBuffer(size, { maxByteLength: size }))
  let narrow = new Uint8ClampedArray()
  for (let top = 0; top < toHeight; top += BAND) {
    const bottom = Math.min(top + BAND, toHeight)
    const { taps, start, end } = part(rows, top, bottom)
    const source = data.subarray(3 * width * start, 3 * width * end)
    const between = 3 * toWidth * (end - start)
    if (narrow.length < between) narrow = new Uint8ClampedArray(between)
    along(source, columns, { step: 3, from: width, out: narrow })
    const target = out.subarray(3 * toWidth * top, 3 * toWidth * bottom)
    along(narrow.subarray(0, between), taps, { step: 3 * toWidth, from: end - start, out: target })
  }
  return { data: new Uint8Array(out.buffer), width: toWidth, height: toHeight }
}

/** The taps of output positions `from` to `to` - 1 alone, and the inputs `start` to `end` - 1 that they mix. */
function part({ first, counts, weights, width }: Taps, from: number, to: number) {
  const firsts = first.subarray(from, to)
  const some = counts.subarray(from, to)
  const start = Math.min(...firsts)
  const end = Math.max(...firsts.map((at, i) => at + some[i]!))
  const moved = firsts.map((at) => at - start)
  const taps = { first: moved, counts: some, weights: weights.subarray(from * width, to * width), width }
  return { taps, start, end }
}
