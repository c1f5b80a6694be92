// Fréchet distance between two Gaussians (Dowson and Landau 1982; as FID in Heusel et al., "GANs trained by a two
// time-scale update rule", 2017): |mu1 - mu2|² + tr(S1 + S2 - 2 (S1 S2)^(1/2)). The eigenvalues of S1 S2 are those of
// the symmetric S1^(1/2) S2 S1^(1/2); in the basis of S1's eigenvectors that is a graded matrix, whose small
// eigenvalues QL finds accurately, and directions without variance drop out. scipy's sqrtm, which the reference
// implementations call, loses digits exactly there.
import { UsageError } from '../core/errors.ts'
import { atOnce, type Steps } from '../core/steps.ts'
import { rowProductSteps } from './features.ts'
import type { Gaussian } from './moments.ts'
import { eigenSteps, eigenvalueSteps } from './symmetric-eigen.ts'

/**
 * The squared Fréchet distance, never below 0. Fewer samples than features and equal inputs are fine. At 2048 features
 * it computes for about half a minute without a pause; `inPieces(frechetSteps(a, b))` lets others have their turn.
 * @throws UsageError when the two have different numbers of features, or values that are not finite
 * @example
 * const at = (mean) => ({ mean: Float64Array.of(mean), covariance: Float64Array.of(4) })
 * frechetDistance(at(0), at(3)) // 9
 */
export const frechetDistance = (a: Gaussian, b: Gaussian): number => atOnce(frechetSteps(a, b))

/** `frechetDistance` in pieces. */
export function* frechetSteps(a: Gaussian, b: Gaussian): Steps<number> {
  const width = a.mean.length
  if (b.mean.length !== width)
    throw new UsageError(`Gaussians of ${width} and ${b.mean.length} features have no distance.`)
  for (const { covariance } of [a, b])
    if (covariance.length !== width * width)
      throw new UsageError(`${covariance.length} values are no covariance of ${width} features.`)
  let distance = -2 * (yield* traceOfRoot(a.covariance, b.covariance, width))
  for (let i = 0; i < width; i++)
    distance += (a.mean[i]! - b.mean[i]!) ** 2 + a.covariance[i * width + i]! + b.covariance[i * width + i]!
  if (!Number.isFinite(distance)) throw new UsageError('A mean or covariance holds a value that is not finite.')
  return Math.max(distance, 0)
}

/** tr((s1 s2)^(1/2)) for covariances s1 and s2 [n, n]. */
export function* traceOfRoot(s1: Float64Array, s2: Float64Array, n: number): Steps<number> {
  const { values, vectors } = yield* eigenSteps(s1, n)
  const first = values.findIndex((value) => value > n * Number.EPSILON * values[n - 1]!)
  if (first < 0) return 0 // no variance at all
  const root = vectors.subarray(first * n) // [r, n]: the eigenvectors, each times the root of its value
  for (let i = first; i < n; i++) for (let k = i * n; k < (i + 1) * n; k++) vectors[k]! *= Math.sqrt(values[i]!)
  const half = yield* rowProductSteps(root, s2, n)
  const product = yield* rowProductSteps(half, root, n, { lower: true })
  return (yield* eigenvalueSteps(product, n - first)).reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0)
}
