// Squared Euclidean distances between all rows of two blocks of features, as |u|² - 2 u·v + |v|² and never below 0
// (guided-diffusion evaluations/evaluator.py:_batch_pairwise_distances). The one expensive step of precision and
// recall, so it is a function that callers may replace, for instance by a program of the engine.
import { type Features, rowProducts } from './features.ts'

/** [n, D] and [m, D] -> [n, m]. Swapping the two must give the transpose, to the last bit. */
export type SquaredDistances = (a: Features, b: Features) => Float32Array | Promise<Float32Array>

/** Distances in plain loops: float64 sums, rounded to float32 at the end. */
export const squaredDistances: SquaredDistances = (a, b) => {
  const [n, width] = a.shape
  const [m] = b.shape
  const u = Float64Array.from(a.data)
  const v = Float64Array.from(b.data)
  const uu = squaredNorms(u, n, width)
  const vv = squaredNorms(v, m, width)
  const products = rowProducts(u, v, width, { out: new Float64Array(n * m) })
  const out = new Float32Array(n * m)
  for (let i = 0, at = 0; i < n; i++)
    for (let j = 0; j < m; j++, at++) out[at] = Math.max(uu[i]! + vv[j]! - 2 * products[at]!, 0)
  return out
}

function squaredNorms(data: Float64Array, n: number, width: number): Float64Array {
  const norms = new Float64Array(n)
  for (let i = 0, at = 0; i < n; i++) for (let k = 0; k < width; k++, at++) norms[i]! += data[at]! ** 2
  return norms
}
