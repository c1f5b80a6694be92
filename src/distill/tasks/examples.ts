// Which images a run sees: a fixed shuffle of the data set, of which the first ones are held out for validation and the
// rest are walked through again and again. Everything follows from (seed, position), so a resumed run sees the same.

import { UsageError } from '../../core/errors.ts'
import { uniforms } from '../../core/random/philox.ts'
import { type Batch, type Dataset, readBatch } from '../../data/dataset.ts'

export interface Examples {
  readonly data: Dataset
  /** Number of images that are trained on. */
  readonly count: number
  /** Index in the data set of the n-th example of the run. */
  index(n: number): number
  /** Indices of the held-out images. */
  readonly heldOut: readonly number[]
  /** Examples number first .. first + count - 1. */
  batch(first: number, count: number): Promise<Batch>
  heldOutBatch(first: number, count: number): Promise<Batch>
}

/**
 * @param limit train on so many images only; the rest of the data set stays unseen
 * @throws UsageError when nothing is left to train on
 */
export function examples(
  data: Dataset,
  { seed, heldOut, limit }: { seed: number; heldOut: number; limit?: number },
): Examples {
  const total = Math.min(data.size, limit === undefined ? data.size : limit + heldOut)
  if (total <= heldOut) {
    throw new UsageError(`${data.name} has ${data.size} images; ${heldOut} are held out, and none is left to train on.`)
  }
  const order = shuffled(data.size, seed).subarray(0, total)
  const count = total - heldOut
  const index = (n: number) => order[heldOut + (n % count)]!
  const held = Array.from(order.subarray(0, heldOut))
  return {
    data,
    count,
    index,
    heldOut: held,
    batch: (first, size) => readBatch(data, range(first, size).map(index)),
    heldOutBatch: (first, size) =>
      readBatch(
        data,
        range(first, size).map((n) => held[n % heldOut]!),
      ),
  }
}

const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)

/** 0 .. n - 1 in an order that the seed gives (Fisher-Yates). */
function shuffled(n: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i)
  const u = uniforms(seed, 0, SHUFFLE, n)
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(u[i]! * (i + 1))
    const other = order[j]!
    order[j] = order[i]!
    order[i] = other
  }
  return order
}

const SHUFFLE = 1_000_000_007
