// Loss terms on the graph. All are scalars: means over the batch.

import type { Tensor } from '../graph/index.ts'
import { emit, stopGradient } from '../graph/index.ts'
import { abs, add, argmax, cast, div, logSoftmax, mean, mul, neg, reshape, sub, sum } from '../graph/ops/index.ts'

const all = (x: Tensor) => [...x.shape.keys()]
export const meanOf = (x: Tensor): Tensor => mean(x, all(x))

/** Mean squared difference. */
export function squaredError(a: Tensor, b: Tensor): Tensor {
  const difference = sub(a, b)
  return meanOf(mul(difference, difference))
}

/** Mean absolute difference. */
export const absoluteError = (a: Tensor, b: Tensor): Tensor => meanOf(abs(sub(a, b)))

/**
 * Codebook and commitment loss of van den Oord et al. (2017): codes move towards features, features towards codes.
 * @param beta weight of the commitment, 0.25 in VAR and LlamaGen
 */
export function quantizationLoss(codes: Tensor, features: Tensor, beta: number): Tensor {
  return add(squaredError(codes, stopGradient(features)), mul(squaredError(stopGradient(codes), features), beta))
}

/** -log p(target) [N] of logits [N, V] and targets int64 [N]. */
export function negativeLogLikelihood(logits: Tensor, targets: Tensor): Tensor {
  const [n, classes] = logits.shape as [number, number]
  const logP = logSoftmax(logits)
  const at = reshape(targets, [n, 1])
  // The gradient puts one number a row into a table of zeros.
  const vjp = (g: Tensor) => {
    const zero = emit({ type: 'Sub', inputs: [logP, logP] }, logP.shape, 'float32')
    return [
      emit({ type: 'ScatterElements', inputs: [zero, at, g], attributes: { axis: 1 } }, [n, classes], 'float32'),
      undefined,
    ]
  }
  const picked = emit({ type: 'GatherElements', inputs: [logP, at], attributes: { axis: 1 }, vjp }, [n, 1], 'float32')
  return neg(reshape(picked, [n]))
}

/** Cross-entropy of logits [..., V] with targets int64 [...], averaged with `weights` float32 [...]: sum w l / sum w. */
export function crossEntropy(logits: Tensor, targets: Tensor, weights?: Tensor): Tensor {
  const { rows, flat } = flattened(logits)
  const losses = negativeLogLikelihood(flat, reshape(targets, [rows]))
  return weights ? weightedMean(losses, reshape(weights, [rows])) : meanOf(losses)
}

/** Share of positions at which the largest logit is the target's. */
export function agreement(logits: Tensor, targets: Tensor, weights?: Tensor): Tensor {
  const { rows, flat } = flattened(logits)
  const inputs = [argmax(flat), reshape(targets, [rows])]
  const hits = cast(emit({ type: 'Equal', inputs }, [rows], 'bool'), 'float32')
  return weights ? weightedMean(hits, reshape(weights, [rows])) : meanOf(hits)
}

function flattened(logits: Tensor) {
  const shape = logits.shape as number[]
  const rows = shape.slice(0, -1).reduce((n, d) => n * d, 1)
  return { rows, flat: reshape(logits, [rows, shape.at(-1)!]) }
}

const weightedMean = (x: Tensor, w: Tensor) => div(sum(mul(x, w), all(x)), sum(w, all(w)))
