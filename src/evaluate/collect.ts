// Collects what the metrics need, image by image: moments for the Fréchet distances, blocks for the Inception Score,
// and the features themselves if precision, recall or KID need them. No image is kept.

import { type Features, joinRows } from './features.ts'
import { type InceptionScore, type ScoreAccumulator, scoreAccumulator } from './inception-score.ts'
import { addFeatures, emptyMoments, type Gaussian, gaussian, type Moments } from './moments.ts'
import type { Reading } from './reader.ts'

/** Correct answers of the reader, by requested class. */
export type Tally = Map<number, { count: number; right: number }>

/** What was collected from a whole set. */
export interface Collected {
  readonly count: number
  readonly gaussian?: Gaussian
  readonly spatial?: Gaussian
  /** Kept only on demand. */
  readonly features?: Features
  readonly score?: InceptionScore
  readonly tally?: Tally
}

export interface Collector {
  /** Rows of a reading in the order of the set; `labels` are the requested classes. */
  add(reading: Reading, labels?: ArrayLike<number>): void
  result(): Collected
}

export interface CollectOptions {
  /** Keep all features, N x D float32. */
  readonly keep: boolean
  /** Means and covariances; a million numbers each at Inception's width. */
  readonly moments: boolean
  readonly spatial: boolean
  readonly score: boolean
}

export function collector({ keep, moments, spatial, score }: CollectOptions): Collector {
  let seen: Moments | undefined
  let places: Moments | undefined
  const scores: ScoreAccumulator | undefined = score ? scoreAccumulator() : undefined
  const kept: Features[] = []
  const tally: Tally = new Map()
  let count = 0
  return {
    add({ features, spatial: placed, probabilities }, labels) {
      count += features.shape[0]
      if (moments) {
        seen ??= emptyMoments(features.shape[1])
        addFeatures(seen, features)
      }
      if (spatial && placed) {
        places ??= emptyMoments(placed.shape[1])
        addFeatures(places, placed)
      }
      if (probabilities) scores?.add(probabilities)
      if (keep) kept.push(features)
      if (labels && probabilities) answers(tally, probabilities, labels)
    },
    result: () => ({
      count,
      ...(seen && { gaussian: gaussian(seen) }),
      ...(places && { spatial: gaussian(places) }),
      ...(keep && { features: joinRows(kept) }),
      ...(scores && { score: scores.result() }),
      ...(tally.size && { tally }),
    }),
  }
}

/** Counts the rows whose most likely class is the requested one. */
function answers(tally: Tally, { data, shape: [n, classes] }: Features, labels: ArrayLike<number>): void {
  for (let row = 0; row < n; row++) {
    let best = 0
    for (let c = 1; c < classes; c++) if (data[row * classes + c]! > data[row * classes + best]!) best = c
    const label = labels[row]!
    const { count, right } = tally.get(label) ?? { count: 0, right: 0 }
    tally.set(label, { count: count + 1, right: right + (best === label ? 1 : 0) })
  }
}

/** Share of rows whose most likely class is the requested one; undefined without labels. */
export function accuracyOf({ tally }: Collected): number | undefined {
  if (!tally) return undefined
  const all = [...tally.values()]
  return all.reduce((n, { right }) => n + right, 0) / all.reduce((n, { count }) => n + count, 0)
}
