// Kernel Inception Distance (Bińkowski et al., "Demystifying MMD GANs", 2018): the unbiased squared maximum mean
// discrepancy under the kernel (x·y / D + 1)³, averaged over random subsets as torch-fidelity metric_kid.py draws them.
// Which rows a subset holds follows from the seed, so that the same features give the same number.

import { UsageError } from '../core/errors.ts'
import { uniforms } from '../core/random/philox.ts'
import { checkFeatures, type Features, rowProducts } from './features.ts'
import type { RowDots } from './pairwise.ts'

/** Pairs of subsets in torch-fidelity and clean-fid. */
export const KID_SUBSETS = 100
/** Rows of a subset in both; clean-fid takes all rows of the smaller set where there are fewer, torch-fidelity refuses. */
export const KID_SUBSET = 1000

export interface KidOptions {
  /** Pairs of subsets; 100 when left out. */
  readonly subsets?: number
  /** Rows of a subset; when left out 1000, or all of the smaller set where it has fewer, as in clean-fid. */
  readonly subsetSize?: number
  readonly seed?: number
  /** Dot products of rows; in plain loops when left out. */
  readonly dots?: RowDots
  readonly signal?: AbortSignal | undefined
  onProgress?(done: number, total: number): void
}

export interface KernelDistance {
  /** Mean over the subsets; unbiased, so it may fall below 0. */
  readonly kid: number
  /** Standard deviation over the subsets. */
  readonly deviation: number
  readonly subsets: number
  readonly subsetSize: number
}

/** Subset `i` of the samples draws from stream 2i, of the reference from stream 2i + 1. */
const FIRST = 0
const SECOND = 1

/**
 * KID between two sets of features, both [images, D].
 * @throws UsageError when widths differ, a feature is not finite, or a set has fewer rows than a subset
 * @example
 * const set = (...data) => ({ data: Float32Array.from(data), shape: [data.length, 1] })
 * const distance = await kernelDistance(set(0, 0), set(2, 2), { subsets: 1, subsetSize: 2 })
 * distance.kid // 124
 */
export async function kernelDistance(a: Features, b: Features, options: KidOptions = {}): Promise<KernelDistance> {
  const fewest = Math.min(a.shape[0], b.shape[0])
  const {
    subsets = KID_SUBSETS,
    subsetSize = Math.min(KID_SUBSET, fewest),
    seed = 0,
    dots = hostDots,
    signal,
  } = options
  if (a.shape[1] !== b.shape[1])
    throw new UsageError(`KID compares equal features; got ${a.shape[1]} and ${b.shape[1]} per image.`)
  checkFeatures('First set', a)
  checkFeatures('Second set', b)
  if (!(subsetSize >= 2 && subsetSize <= fewest)) {
    throw new UsageError(`KID draws subsets of ${subsetSize} rows; the smaller set has ${fewest}.`, {
      remedy: 'Evaluate more images, or take smaller subsets.',
    })
  }
  const values: number[] = []
  for (let i = 0; i < subsets; i++) {
    signal?.throwIfAborted()
    const x = subset(a, subsetSize, seed, 2 * i + FIRST)
    const y = subset(b, subsetSize, seed, 2 * i + SECOND)
    const within =
      (offDiagonal(await dots(x, x), subsetSize, a.shape[1]) + offDiagonal(await dots(y, y), subsetSize, a.shape[1])) /
      (subsetSize * (subsetSize - 1))
    const across = kernelSum(await dots(x, y), a.shape[1]) / subsetSize ** 2
    values.push(within - 2 * across)
    options.onProgress?.(i + 1, subsets)
  }
  const kid = values.reduce((sum, value) => sum + value, 0) / subsets
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - kid) ** 2, 0) / subsets)
  return { kid, deviation, subsets, subsetSize }
}

const kernel = (dot: number, width: number): number => (dot / width + 1) ** 3

const kernelSum = (dots: Float32Array | Float64Array, width: number): number => {
  let sum = 0
  for (let at = 0; at < dots.length; at++) sum += kernel(dots[at]!, width)
  return sum
}

/** Sum of the kernel over all pairs of different rows, from dots [n, n]. */
function offDiagonal(dots: Float32Array | Float64Array, n: number, width: number): number {
  let diagonal = 0
  for (let i = 0; i < n; i++) diagonal += kernel(dots[i * n + i]!, width)
  return kernelSum(dots, width) - diagonal
}

/** `count` different rows, drawn by a partial Fisher-Yates shuffle. */
function subset({ data, shape: [n, width] }: Features, count: number, seed: number, stream: number): Features {
  const draws = uniforms(seed, 0, stream, count)
  const moved = new Map<number, number>() // positions of the shuffled 0 .. n-1 that no longer hold themselves
  const out = new Float32Array(count * width)
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(draws[i]! * (n - i))
    const row = moved.get(j) ?? j
    moved.set(j, moved.get(i) ?? i)
    out.set(data.subarray(row * width, (row + 1) * width), i * width)
  }
  return { data: out, shape: [count, width] }
}

const hostDots = async (a: Features, b: Features) =>
  rowProducts(Float64Array.from(a.data), Float64Array.from(b.data), a.shape[1])
