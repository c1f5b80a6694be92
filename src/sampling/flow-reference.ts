// The flow map in plain float64, from the formula with squared distances in docs/METHOD.md; tests compare the graph with
// it. The two share only the solver's table.

import type { Schedule } from './flow-schedule.ts'

/** Codebook entries that noise [N, C] arrives at, given logits [N, V] and the codebook [V, C]. */
export function referenceFlowMap(
  codebook: ArrayLike<number>,
  channels: number,
  noise: ArrayLike<number>,
  logits: ArrayLike<number>,
  { moves, end }: Schedule,
): Int32Array {
  const entries = normalizedEntries(codebook, channels)
  return Int32Array.from({ length: noise.length / channels }, (_, n) => {
    const logP = (j: number) => logits[n * entries.length + j]!
    let x = Array.from({ length: channels }, (_, d) => noise[n * channels + d]!)
    let before = x
    const predictions: number[][] = []
    for (const { time, restart, keep, weights } of moves) {
      predictions.unshift(prediction(entries, logWeights(entries, logP, x, time)))
      const base = restart ? before : x
      before = x
      x = base.map((b, d) => weights.reduce((sum, w, age) => sum + w * predictions[age]![d]!, keep * b))
    }
    const last = logWeights(entries, logP, x, end)
    return last.indexOf(Math.max(...last))
  })
}

function logWeights(entries: readonly number[][], logP: (j: number) => number, x: readonly number[], t: number) {
  return entries.map((c, j) => logP(j) - c.reduce((sum, v, d) => sum + (x[d]! - t * v) ** 2, 0) / (2 * (1 - t) ** 2))
}

/** D: the mean of the entries under exp(log w), normalised. */
function prediction(entries: readonly number[][], logW: readonly number[]): number[] {
  const max = Math.max(...logW)
  const w = logW.map((v) => Math.exp(v - max))
  const total = w.reduce((sum, v) => sum + v, 0)
  return entries[0]!.map((_, d) => entries.reduce((sum, c, j) => sum + w[j]! * c[d]!, 0) / total)
}

function normalizedEntries(codebook: ArrayLike<number>, channels: number): number[][] {
  const rows = Array.from({ length: codebook.length / channels }, (_, j) =>
    Array.from({ length: channels }, (_, d) => codebook[j * channels + d]!),
  )
  const centre = rows[0]!.map((_, d) => rows.reduce((sum, row) => sum + row[d]!, 0) / rows.length)
  const centred = rows.map((row) => row.map((v, d) => v - centre[d]!))
  const rms = Math.sqrt(centred.flat().reduce((sum, v) => sum + v * v, 0) / codebook.length)
  return centred.map((row) => row.map((v) => v / Math.max(rms, 1e-15)))
}
