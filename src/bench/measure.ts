// What a benchmark measures: repeated runs of one program, and the roof it stands under, a large matrix product timed
// in the same run because shared machines change their speed from minute to minute.

import { noise } from '../core/random/philox.ts'
import { type Engine, float32, type Program, type Value } from '../engine/types.ts'
import { countFlops } from '../graph/flops.ts'
import { constant, type Graph, input } from '../graph/index.ts'
import { linear } from '../graph/ops/index.ts'

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

/** GFLOP/s of a 681 x 1024 x 4096 product, the largest of VAR-d16's: what this machine can do now. */
export async function measureRoof(engine: Engine, repeat = 10): Promise<number> {
  const [m, k, n] = [681, 1024, 4096]
  const graph: Graph = { y: linear(input('x', 'float32', [m, k]), constant(noise(0, 1, n * k), [n, k])) }
  await using program = await engine.load(graph)
  const { min } = await timeProgram(program, { x: float32(noise(0, 2, m * k), [m, k]) }, repeat)
  return countFlops(graph) / min / 1e6
}
