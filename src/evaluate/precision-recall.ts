// Improved precision and recall (Kynkäänniemi et al., "Improved precision and recall metric for assessing generative
// models", 2019, as guided-diffusion evaluations/evaluator.py:ManifoldEstimator computes it). A set's manifold is the
// union of balls around its points that reach to the k-th nearest neighbour; precision is the share of samples inside
// the reference's manifold, recall the share of references inside the samples'. Distances come in square blocks, so
// memory does not grow with the number of pairs.
import { UsageError } from '../core/errors.ts'
import { type SquaredDistances, squaredDistances } from './distances.ts'
import { checkFeatures, type Features, rows } from './features.ts'

/** k of the paper, section 3. */
export const NEIGHBOURS = 3

export interface ManifoldOptions {
  /** Which neighbour a ball reaches to. */
  readonly neighbours?: number
  /** Rows per side of a block of distances. */
  readonly blockRows?: number
  readonly distances?: SquaredDistances
  readonly signal?: AbortSignal
  /** Called after every block. */
  onProgress?(done: number, total: number): void
}

export interface PrecisionRecall {
  readonly precision: number
  readonly recall: number
}

/**
 * Precision and recall of `sample` against `reference`, both [images, features].
 * @throws UsageError when their widths differ, a feature is not finite, or a set has no k-th neighbour; the signal's
 * reason when cancelled
 * @example
 * const points = (...data) => ({ data: Float32Array.from(data), shape: [data.length, 1] })
 * await precisionRecall(points(0, 1, 2), points(1, 9), { neighbours: 1 }) // { precision: 0.5, recall: 1 }
 */
export async function precisionRecall(
  reference: Features,
  sample: Features,
  options: ManifoldOptions = {},
): Promise<PrecisionRecall> {
  if (reference.shape[1] !== sample.shape[1])
    throw new UsageError(`Reference and sample have ${reference.shape[1]} and ${sample.shape[1]} features per image.`)
  const size = blockRows(options)
  const m = blocksOf(reference, size)
  const n = blocksOf(sample, size)
  const total = (m * (m + 1)) / 2 + (n * (n + 1)) / 2 + m * n
  let done = 0
  const counting = { ...options, onProgress: () => options.onProgress?.(++done, total) }
  const referenceRadii = await manifoldRadii(reference, counting)
  const sampleRadii = await manifoldRadii(sample, counting)
  const inside = await insideEachOther(reference, referenceRadii, sample, sampleRadii, counting)
  return { precision: share(inside.second), recall: share(inside.first) }
}

/** Squared distance of every point of a set to its k-th nearest neighbour in the set. */
export async function manifoldRadii(features: Features, options: ManifoldOptions = {}): Promise<Float32Array> {
  const { neighbours = NEIGHBOURS, distances = squaredDistances } = options
  const [n] = features.shape
  checkFeatures('Features', features)
  if (!(Number.isInteger(neighbours) && neighbours > 0 && neighbours < n))
    throw new UsageError(`${n} points have no neighbour number ${neighbours}.`)
  const nearest = new Float32Array(n * neighbours).fill(Number.POSITIVE_INFINITY) // ascending per point
  const size = blockRows(options)
  let done = 0
  for (let top = 0; top < n; top += size)
    for (let left = 0; left <= top; left += size) {
      await breathe(options)
      const a = rows(features, top, top + size)
      const b = rows(features, left, left + size)
      const block = await distances(a, b)
      for (let i = 0, at = 0; i < a.shape[0]; i++)
        for (let j = 0; j < b.shape[0]; j++, at++) {
          if (left + j >= top + i) continue // a point is not its own neighbour, and pairs count once
          insert(nearest, top + i, neighbours, block[at]!)
          insert(nearest, left + j, neighbours, block[at]!)
        }
      const blocks = blocksOf(features, size)
      options.onProgress?.(++done, (blocks * (blocks + 1)) / 2)
    }
  return Float32Array.from({ length: n }, (_, i) => nearest[(i + 1) * neighbours - 1]!)
}

/** For each point of either set, 1 when it lies in a ball of the other. */
export async function insideEachOther(
  first: Features,
  firstRadii: Float32Array,
  second: Features,
  secondRadii: Float32Array,
  options: ManifoldOptions = {},
): Promise<{ first: Uint8Array; second: Uint8Array }> {
  const { distances = squaredDistances } = options
  const size = blockRows(options)
  const inside = { first: new Uint8Array(first.shape[0]), second: new Uint8Array(second.shape[0]) }
  let done = 0
  for (let top = 0; top < first.shape[0]; top += size)
    for (let left = 0; left < second.shape[0]; left += size) {
      await breathe(options)
      const a = rows(first, top, top + size)
      const b = rows(second, left, left + size)
      const block = await distances(a, b)
      for (let i = 0, at = 0; i < a.shape[0]; i++)
        for (let j = 0; j < b.shape[0]; j++, at++) {
          if (block[at]! <= secondRadii[left + j]!) inside.first[top + i] = 1
          if (block[at]! <= firstRadii[top + i]!) inside.second[left + j] = 1
        }
      options.onProgress?.(++done, blocksOf(first, size) * blocksOf(second, size))
    }
  return inside
}

/** Lets timers, signals and network events run between blocks. */
async function breathe({ signal }: ManifoldOptions): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve))
  signal?.throwIfAborted()
}

/** Keeps `value` in its place among the `count` smallest of a point. */
function insert(nearest: Float32Array, point: number, count: number, value: number): void {
  const first = point * count
  let at = first + count - 1
  if (!(value < nearest[at]!)) return
  for (; at > first && nearest[at - 1]! > value; at--) nearest[at] = nearest[at - 1]!
  nearest[at] = value
}

function blockRows({ blockRows: size = 512 }: ManifoldOptions): number {
  if (!(Number.isInteger(size) && size > 0)) throw new UsageError(`A block needs at least one row, got ${size}.`)
  return size
}

const blocksOf = ({ shape: [count] }: Features, size: number): number => Math.ceil(count / size)
const share = (inside: Uint8Array): number => inside.reduce((sum, value) => sum + value, 0) / inside.length
