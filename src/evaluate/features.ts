// Feature matrices as the metrics read them: one row per image, one column per feature, row-major; and the product of
// two of them, which every metric here spends its time in. Sums are float64 for features of any type.

import { UsageError } from '../core/errors.ts'
import { atOnce, type Steps } from '../core/steps.ts'

export interface Features {
  readonly data: Float32Array | Float64Array
  /** [images, features per image] */
  readonly shape: readonly [number, number]
}

/**
 * Rows `start` to `end` without copying.
 * @example
 * rows({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] }, 1, 2).shape // [1, 2]
 */
export function rows({ data, shape: [count, width] }: Features, start: number, end: number): Features {
  const last = Math.min(end, count)
  return { data: data.subarray(start * width, last * width), shape: [last - start, width] }
}

/**
 * Portions of features below each other as one matrix, in the type of the first.
 * @throws UsageError when they have different numbers of features
 */
export function joinRows(portions: readonly Features[]): Features {
  const [first] = portions
  if (!first) return { data: new Float32Array(0), shape: [0, 0] }
  const rows = portions.reduce((sum, { shape }) => sum + shape[0], 0)
  const width = first.shape[1]
  const data = first.data instanceof Float64Array ? new Float64Array(rows * width) : new Float32Array(rows * width)
  let at = 0
  for (const portion of portions) {
    if (portion.shape[1] !== width)
      throw new UsageError(`Some images have ${width} features and others ${portion.shape[1]}.`, {
        remedy: 'Images of one size have features of one number.',
      })
    data.set(portion.data, at)
    at += portion.data.length
  }
  return { data, shape: [rows, width] }
}

/** Throws a UsageError unless the features fill their shape and all of them are finite numbers. */
export function checkFeatures(what: string, { data, shape: [count, width] }: Features): void {
  if (data.length !== count * width)
    throw new UsageError(`${what}: ${data.length} values do not fill a matrix of shape [${count}, ${width}].`)
  const at = data.findIndex((value) => !Number.isFinite(value))
  if (at >= 0)
    throw new UsageError(
      `${what}: feature ${at % width} of row ${Math.floor(at / width)} is ${data[at]}; a metric needs finite numbers.`,
    )
}

/** Rows and depth of the part of `b` that stays in the second-level cache. */
const PANEL_ROWS = 64
const PANEL_DEPTH = 256

/**
 * out [n, m] = a [n, depth] x transpose(b [m, depth]): the dot product of every row of a with every row of b. With
 * `lower`, only the entries on and below the diagonal are sure to be filled.
 */
export const rowProducts = (a: Float64Array, b: Float64Array, depth: number, options?: ProductOptions): Float64Array =>
  atOnce(rowProductSteps(a, b, depth, options))

interface ProductOptions {
  lower?: boolean
  out?: Float64Array
}

/** `rowProducts` in pieces. */
export function* rowProductSteps(
  a: Float64Array,
  b: Float64Array,
  depth: number,
  { lower = false, out = new Float64Array((a.length / depth) * (b.length / depth)) }: ProductOptions = {},
): Steps<Float64Array> {
  const n = a.length / depth
  const m = b.length / depth
  out.fill(0)
  for (let from = 0; from < depth; from += PANEL_DEPTH) {
    const to = Math.min(from + PANEL_DEPTH, depth)
    for (let panel = 0; panel < m; panel += PANEL_ROWS) {
      const last = Math.min(panel + PANEL_ROWS, m)
      let i = lower ? panel : 0
      for (; i + 4 <= n; i += 4) {
        let j = panel
        for (; j + 2 <= last; j += 2) tile4x2(a, b, out, depth, m, i, j, from, to)
        if (j < last) for (let r = i; r < i + 4; r++) tile1x1(a, b, out, depth, m, r, j, from, to)
      }
      for (; i < n; i++) for (let j = panel; j < last; j++) tile1x1(a, b, out, depth, m, i, j, from, to)
      yield
    }
  }
  return out
}

/** Eight dot products at once: as many sums as there are registers for. */
function tile4x2(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  depth: number,
  m: number,
  i: number,
  j: number,
  from: number,
  to: number,
): void {
  const a0 = i * depth
  const a1 = a0 + depth
  const a2 = a1 + depth
  const a3 = a2 + depth
  const b0 = j * depth
  const b1 = b0 + depth
  let s00 = 0
  let s01 = 0
  let s10 = 0
  let s11 = 0
  let s20 = 0
  let s21 = 0
  let s30 = 0
  let s31 = 0
  for (let k = from; k < to; k++) {
    const y0 = b[b0 + k]!
    const y1 = b[b1 + k]!
    const x0 = a[a0 + k]!
    s00 += x0 * y0
    s01 += x0 * y1
    const x1 = a[a1 + k]!
    s10 += x1 * y0
    s11 += x1 * y1
    const x2 = a[a2 + k]!
    s20 += x2 * y0
    s21 += x2 * y1
    const x3 = a[a3 + k]!
    s30 += x3 * y0
    s31 += x3 * y1
  }
  const at = i * m + j
  out[at]! += s00
  out[at + 1]! += s01
  out[at + m]! += s10
  out[at + m + 1]! += s11
  out[at + 2 * m]! += s20
  out[at + 2 * m + 1]! += s21
  out[at + 3 * m]! += s30
  out[at + 3 * m + 1]! += s31
}

function tile1x1(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  depth: number,
  m: number,
  i: number,
  j: number,
  from: number,
  to: number,
): void {
  let sum = 0
  for (let k = from; k < to; k++) sum += a[i * depth + k]! * b[j * depth + k]!
  out[i * m + j]! += sum
}
