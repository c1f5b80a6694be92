// The flow map: a token's Gaussian noise to the codebook entry at the end of its trajectory under flow matching, in
// closed form because the data are a mixture of V points (docs/METHOD.md; arXiv 2412.17153, section 3). On the straight path
// x_t = (1-t) e + t c the velocity is (D(x, t) - x) / (1-t), where D is the posterior mean of the entries under
//   log w_j = log p_j - |x - t c_j|^2 / (2 (1-t)^2) + const = log p_j + t / (1-t)^2 (x.c_j - t |c_j|^2 / 2) + const.
// In the second form nothing large cancels, and an entry of log p = -Infinity has weight 0 exactly.
// Moving or scaling the codebook only renames t, so the entries are brought to mean 0 and variance 1 and one table of
// steps fits every tokenizer.

import { type Graph, input, type Tensor } from '../graph/index.ts'
import { add, argmax, clamp, concat, div, matmul, mean, mul, softmax, sqrt, sub } from '../graph/ops/index.ts'
import { constant, emit, scalar } from '../graph/tensor.ts'
import type { Schedule } from './flow-schedule.ts'

/**
 * The flow map as a graph. Inputs noise float32 [N, C] and logits float32 [N, V], the teacher's after guidance and filter
 * (log-probabilities up to a constant; -Infinity where an entry is not allowed); output indices int64 [N].
 * @param codebook float32 [V, C]
 * @param solver its table, for example `schedule({ solver: 'dpm', steps: 32 })`
 * @see https://arxiv.org/abs/2412.17153
 * @example
 * const twoSteps = { moves: [{ time: 0, restart: false, keep: 0.5, weights: [0.5] }], end: 0.5 }
 * const graph = flowMapGraph(family.codebook(), twoSteps)
 */
export function flowMapGraph(codebook: Tensor, solver: Schedule): Graph {
  const [entries, channels] = codebook.shape as [number, number]
  const noise = input('noise', 'float32', ['tokens', channels])
  const logits = input('logits', 'float32', ['tokens', entries])
  const unit = normalized(codebook) // (V, C)
  const lifted = concat([unit, mul(mean(mul(unit, unit), [1], true), -channels / 2)], 1) // (V, C + 1): c, -|c|^2 / 2
  let x = noise
  let before = noise
  const predictions: Tensor[] = []
  for (const { time, restart, keep, weights } of solver.moves) {
    predictions.unshift(matmul(softmax(scores(x, time, lifted, logits)), unit)) // D(x, t) (N, C)
    const next = weights.reduce((sum, w, age) => add(sum, mul(predictions[age]!, w)), mul(restart ? before : x, keep))
    ;[before, x] = [x, next]
  }
  return { indices: argmax(scores(x, solver.end, lifted, logits)) }
}

/** log w [N, V] as one matrix product: [x, t] times [c, -|c|^2 / 2], scaled, on top of the logits. */
function scores(x: Tensor, time: number, lifted: Tensor, logits: Tensor): Tensor {
  if (time === 0) return logits
  const attributes = { transB: 1, alpha: { float: time / (1 - time) ** 2 } }
  return emit({ type: 'Gemm', inputs: [withColumn(x, time), lifted, logits], attributes }, logits.shape, 'float32')
}

/** x [N, C] with a last column of one value. */
function withColumn(x: Tensor, value: number): Tensor {
  const inputs = [x, constant([0, 0, 0, 1], [4], 'int64'), scalar(value)]
  return emit({ type: 'Pad', inputs }, [x.shape[0]!, (x.shape[1] as number) + 1], x.dtype)
}

/** Entries [V, C] moved to mean 0 in every channel and scaled to variance 1 over all. */
function normalized(codebook: Tensor): Tensor {
  const centred = sub(codebook, mean(codebook, [0], true))
  return div(centred, sqrt(clamp(mean(mul(centred, centred), [0, 1], true), 1e-30, 1e30)))
}
