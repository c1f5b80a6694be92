// Inception Score (Salimans et al., "Improved techniques for training GANs", 2016): the exponential of the mean KL
// divergence between each image's class probabilities and their mean, over blocks of consecutive images as
// guided-diffusion evaluations/evaluator.py:compute_inception_score takes them.
import { UsageError } from '../core/errors.ts'
import { checkFeatures, type Features, rows } from './features.ts'

/** Images per block in guided-diffusion's evaluator. */
export const INCEPTION_SCORE_BLOCK = 5000

export interface InceptionScore {
  /** Mean over the blocks. */
  readonly score: number
  /** Score of each block; the last may cover fewer images. */
  readonly blocks: readonly number[]
}

/**
 * The score of class probabilities [n, classes] whose rows add up to 1; a probability of 0 adds nothing.
 * @throws UsageError without rows, for a block size below 1, or for values that are no probabilities
 * @example
 * inceptionScore({ data: Float32Array.of(1, 0, 0, 1), shape: [2, 2] }).score // 2
 */
export function inceptionScore(probabilities: Features, blockSize = INCEPTION_SCORE_BLOCK): InceptionScore {
  if (!(Number.isInteger(blockSize) && blockSize > 0))
    throw new UsageError(`The block size must be a whole number above 0, got ${blockSize}.`)
  const [n] = probabilities.shape
  if (n === 0) throw new UsageError('The Inception Score needs at least one row of probabilities.')
  checkFeatures('Class probabilities', probabilities)
  const blocks: number[] = []
  for (let start = 0; start < n; start += blockSize)
    blocks.push(Math.exp(meanDivergence(rows(probabilities, start, start + blockSize))))
  return { score: blocks.reduce((sum, score) => sum + score, 0) / blocks.length, blocks }
}

/** Mean over rows of KL(row || mean row). */
function meanDivergence({ data, shape: [n, classes] }: Features): number {
  const logMean = new Float64Array(classes)
  for (let at = 0; at < data.length; at++) {
    if (data[at]! < 0) throw new UsageError(`A probability is ${data[at]}.`)
    logMean[at % classes]! += data[at]!
  }
  for (let i = 0; i < classes; i++) logMean[i] = Math.log(logMean[i]! / n)
  let sum = 0
  for (let at = 0; at < data.length; at++) {
    const p = data[at]!
    if (p > 0) sum += p * (Math.log(p) - logMean[at % classes]!)
  }
  return sum / n
}
