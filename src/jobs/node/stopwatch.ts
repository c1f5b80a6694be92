// How far a shard is and when it will be done. The rate is that of this run alone: units of earlier runs count as done, but not
// towards the rate.

import { type Shard, shareOf } from '../shard.ts'
import { chunksOf, type Job } from './manifest.ts'

export interface ShardProgress {
  /** Units of this shard that are done, those of earlier runs included. */
  done: number
  /** Units that earlier runs had made. */
  kept: number
  total: number
  /** Share of `total` that is done, 0 to 1, including the finished parts of units in progress. */
  fraction: number
  /** Units made a second in this run. */
  rate: number
  secondsLeft: number
}

export interface Stopwatch {
  /** The number of units, fractions included, finished or in progress since the last `made`. */
  partly(units: number): void
  made(units: number): void
  kept(units: number): void
}

/** Counts the units of a shard and calls the listener. */
export function stopwatch(job: Job, shard: Shard, tell: ((progress: ShardProgress) => void) | undefined): Stopwatch {
  const { start, end } = shareOf(shard, chunksOf(job))
  const total = Math.min(job.count, end * job.chunk) - start * job.chunk
  const started = performance.now()
  let kept = 0
  let made = 0
  const report = (partly = 0) => {
    const rate = (made + partly) / ((performance.now() - started) / 1000)
    const fraction = total ? Math.min(1, (kept + made + partly) / total) : 1
    const secondsLeft = rate > 0 ? (total * (1 - fraction)) / rate : Number.POSITIVE_INFINITY
    tell?.({ done: kept + made, kept, total, fraction, rate, secondsLeft })
  }
  return {
    partly: report,
    made(units) {
      made += units
      report()
    },
    kept(units) {
      kept += units
      report()
    },
  }
}
