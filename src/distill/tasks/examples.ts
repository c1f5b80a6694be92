// Which images a run sees: a fixed shuffle of the data set, whose first images are held out for validation; training
// repeats the rest. Everything is a function of (seed, position), so a resumed run sees the same images.
// Where the shuffle leaves a class out on either side, images change places until every class that can be is on both.

import { UsageError } from '../../core/errors.ts'
import { uniforms } from '../../core/random/philox.ts'
import { type Batch, type Dataset, readBatch } from '../../data/dataset.ts'
import type { LabelledDataset } from '../../data/labels.ts'

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

/** How much is held out: a number of examples, but no larger a share of all than given. */
export interface HeldOut {
  heldOut: number
  heldOutShare: number
}

/**
 * Examples held out of `count`: one at least.
 * @throws UsageError when none would be left to train on; `what` names the data
 * @example
 * heldOutOf(60, { heldOut: 960, heldOutShare: 0.1 }, 'photos') // 6
 */
export function heldOutOf(count: number, { heldOut, heldOutShare }: HeldOut, what: string): number {
  if (count >= 2) return Math.max(1, Math.min(heldOut, Math.round(heldOutShare * count)))
  throw new UsageError(`${what} has too few examples (${count}) to train on some and hold out others: 2 are the least.`)
}

/**
 * @param limit train on so many images only; the rest of the data set stays unseen
 * @throws UsageError when nothing is left to train on
 */
export function examples(
  data: Dataset | LabelledDataset,
  { seed, limit, ...share }: HeldOut & { seed: number; limit?: number },
): Examples {
  const heldOut = heldOutOf(data.size, share, data.name)
  const total = Math.min(data.size, limit === undefined ? data.size : limit + heldOut)
  const order = shuffled(data.size, seed).subarray(0, total)
  if ('labelOf' in data) representAll(order, heldOut, data)
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

/** Exchanges images between the first `heldOut` and the rest: each class is trained on, then each is held out, if it can be. */
function representAll(order: Uint32Array, heldOut: number, { classes, labelOf }: LabelledDataset): void {
  const held = new Uint32Array(classes.length)
  const trained = new Uint32Array(classes.length)
  for (const [i, image] of order.entries()) (i < heldOut ? held : trained)[labelOf(image)]!++
  const most = (counts: Uint32Array) => counts.indexOf(Math.max(...counts))
  const placeOf = (label: number, from: number, to: number) => {
    for (let i = from; i < to; i++) if (labelOf(order[i]!) === label) return i
    return -1
  }
  /** An image of class `out` is no longer held out, one of class `into` is instead. */
  const exchange = (out: number, into: number) => {
    const a = placeOf(out, 0, heldOut)
    const b = placeOf(into, heldOut, order.length)
    const image = order[a]!
    order[a] = order[b]!
    order[b] = image
    held[out]!--
    trained[out]!++
    held[into]!++
    trained[into]!--
  }
  for (const label of classes.keys()) {
    const other = most(trained)
    if (trained[label] === 0 && held[label]! > 0 && trained[other]! > 1) exchange(label, other)
  }
  for (const label of classes.keys()) {
    const other = most(held)
    if (held[label] === 0 && trained[label]! > 1 && held[other]! > 1) exchange(other, label)
  }
}

const SHUFFLE = 1_000_000_007
