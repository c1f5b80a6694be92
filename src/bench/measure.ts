// Measurements of a benchmark: repeated runs of one program, and the roof, which is a large matrix product timed in the same
// run because shared machines change their speed from minute to minute.

import { noise } from '../core/random/philox.ts'
import { type Engine, float32, type Program, type Value } from '../engine/types.ts'
import { countFlops } from '../graph/flops.ts'
import { constant, type Graph, input } from '../graph/index.ts'
import { linear, mean } from '../graph/ops/index.ts'

export interface Timing {
  /** Milliseconds of each counted run. */
  runs: number[]
  min: number
  median: number
}

export function summarize(runs: number[]): Timing {
  const sorted = runs.toSorted((a, b) => a - b)
  return { runs, min: sorted[0]!, median: sorted[Math.floor((sorted.length - 1) / 2)]! }
}

/** Times `work`, once for warming up and `repeat` times for real. */
export async function time(work: () => Promise<unknown>, repeat: number, signal?: AbortSignal): Promise<Timing> {
  await work()
  const runs: number[] = []
  for (let i = 0; i < repeat; i++) {
    signal?.throwIfAborted()
    const start = performance.now()
    await work()
    runs.push(performance.now() - start)
  }
  return summarize(runs)
}

export const timeProgram = (program: Program, feeds: Record<string, Value>, repeat: number, signal?: AbortSignal) =>
  time(() => program.run(feeds), repeat, signal)

/**
 * GFLOP/s of VAR-d16's feed-forward shapes (681 x 1024 x 4096 and back, four times over): what the machine's speed now.
 * Only one number leaves the engine, so nothing but the products is timed.
 */
export async function measureRoof(engine: Engine, signal?: AbortSignal): Promise<number> {
  const m = 681
  const k = 1024
  const n = 4096
  const wide = constant(noise(0, 1, n * k), [n, k])
  const narrow = constant(noise(0, 2, n * k), [k, n])
  let x = input('x', 'float32', [m, k])
  for (let i = 0; i < 4; i++) x = linear(linear(x, wide), narrow)
  const graph: Graph = { y: mean(x, [0, 1]) }
  await using program = await engine.load(graph)
  const { min } = await timeProgram(
    program,
    {
      x: float32(
        noise(0, 3, m * k).map((v) => v * 1e-8),
        [m, k],
      ),
    },
    6,
    signal,
  )
  return countFlops(graph) / min / 1e6
}
