// Inception Score (Salimans et al., "Improved techniques for training GANs", 2016): the exponential of the mean KL
// divergence between each image's class probabilities and their mean, over blocks of consecutive images as
// guided-diffusion evaluations/evaluator.py:compute_inception_score takes them.
import { UsageError } from '../core/errors.ts'
import { checkFeatures, type Features } from './features.ts'

/** Images per block in guided-diffusion's evaluator. */
export const INCEPTION_SCORE_BLOCK = 5000

export interface InceptionScore {
  /** Mean over the blocks. */
  readonly score: number
  /** Standard deviation over the blocks; undefined where there is one. */
  readonly deviation: number | undefined
  /** Score of each block; the last may cover fewer images. */
  readonly blocks: readonly number[]
}

/** How far from 1 a row may add up; float16 stays below a tenth of it. */
const SLACK = 0.01

/** Takes rows of probabilities in any portions; a block's scores do not depend on the portions. */
export interface ScoreAccumulator {
  /** @throws UsageError for another number of classes, or values that are no probabilities */
  add(probabilities: Features): void
  /** @throws UsageError without rows */
  result(): InceptionScore
}

interface Block {
  count: number
  /** Sum of the rows, [K]. */
  readonly sums: Float64Array
  /** Sum of p log p over all of its probabilities. */
  entropies: number
}

/**
 * An Inception Score that grows with the images, in memory for one row of probabilities.
 * @throws UsageError for a block size below 1
 * @example
 * const score = scoreAccumulator()
 * score.add({ data: Float32Array.of(1, 0, 0, 1), shape: [2, 2] })
 * score.result().score // 2
 */
export function scoreAccumulator(blockSize = INCEPTION_SCORE_BLOCK): ScoreAccumulator {
  if (!(Number.isInteger(blockSize) && blockSize > 0))
    throw new UsageError(`The block size must be a whole number above 0, got ${blockSize}.`)
  const finished: number[] = []
  let block: Block | undefined
  return {
    add(probabilities) {
      const { data, shape } = probabilities
      const [n, classes] = shape
      checkFeatures('Class probabilities', probabilities)
      for (let row = 0; row < n; row++) {
        block ??= { count: 0, sums: new Float64Array(classes), entropies: 0 }
        if (block.sums.length !== classes)
          throw new UsageError(`Probabilities of ${classes} classes were added to those of ${block.sums.length}.`)
        addRow(block, data.subarray(row * classes, (row + 1) * classes))
        if (block.count < blockSize) continue
        finished.push(scoreOf(block))
        block = undefined
      }
    },
    result() {
      const blocks = block ? [...finished, scoreOf(block)] : finished
      if (!blocks.length) throw new UsageError('The Inception Score needs at least one row of probabilities.')
      const score = blocks.reduce((sum, score) => sum + score, 0) / blocks.length
      const variance = blocks.reduce((sum, value) => sum + (value - score) ** 2, 0) / blocks.length
      return { score, deviation: blocks.length > 1 ? Math.sqrt(variance) : undefined, blocks }
    },
  }
}

/**
 * The score of class probabilities [n, classes] whose rows add up to 1; a probability of 0 adds nothing.
 * @throws UsageError without rows, for a block size below 1, or for values that are no probabilities
 * @example
 * inceptionScore({ data: Float32Array.of(1, 0, 0, 1), shape: [2, 2] }).score // 2
 */
export function inceptionScore(probabilities: Features, blockSize = INCEPTION_SCORE_BLOCK): InceptionScore {
  const score = scoreAccumulator(blockSize)
  score.add(probabilities)
  return score.result()
}

function addRow(block: Block, row: Features['data']): void {
  block.count++
  let total = 0
  for (let i = 0; i < row.length; i++) {
    const p = row[i]!
    if (p < 0) throw new UsageError(`A probability is ${p}.`)
    total += p
    block.sums[i]! += p
    if (p > 0) block.entropies += p * Math.log(p)
  }
  if (Math.abs(total - 1) > SLACK)
    throw new UsageError(`Class probabilities of an image add up to ${total.toPrecision(4)}, not to 1.`, {
      remedy: 'Take the softmax of logits first.',
    })
}

/** exp of the mean over rows of KL(row || mean row): the sum of p log p, less that of the mean's logarithm. */
function scoreOf({ count, sums, entropies }: Block): number {
  let cross = 0
  for (const sum of sums) if (sum > 0) cross += sum * Math.log(sum / count)
  return Math.exp((entropies - cross) / count)
}
