// Mean and covariance of features that arrive in batches, as numpy.cov(rowvar=False) divides them (by n - 1), in
// float64. Batches and parts are joined exactly, without a second look at the data and without cancellation, by the
// pairwise update of Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
// variances" (1979).
import { UsageError } from '../core/errors.ts'
import { checkFeatures, type Features, rowProducts } from './features.ts'

/** The moments of `count` rows; updated in place. */
export interface Moments {
  count: number
  /** [D] */
  readonly mean: Float64Array
  /** [D, D] sum of the outer products of the rows' deviations from the mean; lower triangle. */
  readonly scatter: Float64Array
}

/** A Gaussian as the Fréchet distance compares them: `mean` [D], `covariance` [D, D]. */
export interface Gaussian {
  readonly mean: Float64Array
  readonly covariance: Float64Array
}

/** Moments of no rows of `width` features. */
export function emptyMoments(width: number): Moments {
  return { count: 0, mean: new Float64Array(width), scatter: new Float64Array(width * width) }
}

/**
 * Adds the rows of a batch [n, D].
 * @throws UsageError when the batch has another number of features, or one that is not finite
 * @example
 * const seen = emptyMoments(2)
 * addFeatures(seen, { data: Float32Array.of(0, 2, 4, 6), shape: [2, 2] })
 * gaussian(seen).covariance // [8, 8, 8, 8]
 */
export function addFeatures(moments: Moments, batch: Features): void {
  const [n, width] = batch.shape
  if (width !== moments.mean.length)
    throw new UsageError(`A batch of ${width} features was added to moments of ${moments.mean.length}.`)
  checkFeatures('Batch', batch)
  if (n > 0) mergeMoments(moments, momentsOf(batch))
}

/** Adds to `into` the rows that `other` has seen; the order of merging changes only the last bits. */
export function mergeMoments(into: Moments, other: Moments): void {
  const width = into.mean.length
  if (other.mean.length !== width)
    throw new UsageError(`Moments of ${other.mean.length} and of ${width} features cannot be merged.`)
  if (other.count === 0) return
  const count = into.count + other.count
  const weight = (into.count * other.count) / count
  const delta = other.mean.map((value, i) => value - into.mean[i]!)
  for (let i = 0; i < width; i++) {
    const scaled = weight * delta[i]!
    for (let j = 0, at = i * width; j <= i; j++, at++) into.scatter[at]! += other.scatter[at]! + scaled * delta[j]!
    into.mean[i]! += (delta[i]! * other.count) / count
  }
  into.count = count
}

/**
 * Mean and covariance (divided by n - 1) of all rows seen.
 * @throws UsageError for fewer than two rows
 */
export function gaussian({ count, mean, scatter }: Moments): Gaussian {
  if (count < 2) throw new UsageError(`A covariance needs at least two rows, got ${count}.`)
  const width = mean.length
  const covariance = new Float64Array(width * width)
  for (let i = 0; i < width; i++)
    for (let j = 0; j <= i; j++)
      covariance[i * width + j] = covariance[j * width + i] = scatter[i * width + j]! / (count - 1)
  return { mean: mean.slice(), covariance }
}

function momentsOf({ data, shape: [n, width] }: Features): Moments {
  const mean = new Float64Array(width)
  for (let row = 0, at = 0; row < n; row++) for (let i = 0; i < width; i++, at++) mean[i]! += data[at]!
  for (let i = 0; i < width; i++) mean[i]! /= n
  const centred = new Float64Array(width * n) // [D, n]: a feature's deviations lie side by side
  for (let row = 0, at = 0; row < n; row++)
    for (let i = 0; i < width; i++, at++) centred[i * n + row] = data[at]! - mean[i]!
  return { count: n, mean, scatter: rowProducts(centred, centred, n, { lower: true }) }
}
