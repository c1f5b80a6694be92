// Distillation: the student reads a state of the trajectory (finished tokens, then noise) and predicts the teacher's
// tokens in one pass, by two heads. Cross-entropy on the logits; on the continuous head the perceptual distance between the
// images decoded from its prediction and from the teacher's tokens (arXiv 2412.17153, section 3.3). The pixel and embedding
// terms are ours; set them to 0 for the paper's loss.

import { uniforms } from '../../core/random/philox.ts'
import { float32, int64 } from '../../engine/types.ts'
import { constant, input, stopGradient, type Tensor } from '../../graph/index.ts'
import { add, gather, mul, reshape, split, sub } from '../../graph/ops/index.ts'
import type { TokenizerArchitecture, TransformerArchitecture } from '../../models/architecture.ts'
import { groupSizes } from '../../models/architecture.ts'
import { llamaGenStudent } from '../../models/llamagen-dd.ts'
import { llamaGenCodebook, llamaGenDecode } from '../../models/llamagen-vq.ts'
import { varStudent } from '../../models/var-dd.ts'
import { decodeFHat, sequenceToFHat, varCodebook } from '../../models/var-vqvae.ts'
import type { Weights } from '../../models/weights.ts'
import { absoluteError, agreement, crossEntropy, meanOf, squaredError } from '../losses.ts'
import type { Parameters } from '../parameters.ts'
import type { Perceptual } from '../perceptual.ts'
import type { Pairs } from '../read-pairs.ts'
import type { Feeds, Objective, Task } from '../trainer.ts'

export interface StudentTaskOptions {
  pairs: Pairs
  tokenizer: { weights: Weights; arch: TokenizerArchitecture }
  /** First values, usually the teacher's (init-student.ts). */
  parameters: Parameters
  perceptual: Perceptual
  seed: number
  batch: number
  /** Pairs that are not trained on, the last ones. */
  heldOut: number
  timesteps: readonly number[]
  /** Share of micro-batches at the first timestep; the others share the rest. */
  firstShare: number
  crossEntropyWeight: number
  perceptualWeight: number
  pixelWeight: number
  embeddingWeight: number
  sheet?: Task['sheet']
}

const TIMESTEP = 1_000_000_033

export function studentTask(arch: TransformerArchitecture, options: StudentTaskOptions): Task {
  const { pairs, seed, batch, heldOut, timesteps } = options
  const groups = groupSizes(arch)
  const count = pairs.count - heldOut
  const finishedAt = (timestep: number) => groups.slice(0, timestep).reduce((n, size) => n + size, 0)
  const feedsOf = (indices: readonly number[], timestep: number) => stateFeeds(pairs, indices, finishedAt(timestep))
  const range = (first: number, n: number) => Array.from({ length: n }, (_, i) => first + i)
  return {
    parameters: options.parameters,
    objective: (w, size) => studentObjective(w, arch, size, options),
    async feeds(step, part, size) {
      const first = step * batch + part * size
      const u = uniforms(seed, first, TIMESTEP, 2)
      const others = timesteps.slice(1)
      const later = others.length > 0 && u[0]! >= options.firstShare
      const timestep = later ? others[Math.floor(u[1]! * others.length)]! : timesteps[0]!
      return feedsOf(
        range(first, size).map((n) => n % count),
        timestep,
      )
    },
    validation: {
      count: Math.min(128, heldOut),
      feeds: async (first, size) => feedsOf(range(count + first, size), timesteps[0]!),
    },
    ...(options.sheet && { sheet: options.sheet }),
  }
}

/** A state of the trajectory: pairs `indices` with their first `finished` tokens as data. */
function stateFeeds(pairs: Pairs, indices: readonly number[], finished: number): Feeds {
  const { length, channels } = pairs
  const batch = indices.length
  const size = length * channels
  const noise = new Float32Array(batch * size)
  const tokens = new Int32Array(batch * length)
  const labels = indices.map((index, i) => {
    const pair = pairs.get(index)
    noise.set(pairs.noise(index), i * size)
    tokens.set(pair.tokens, i * length)
    return pair.label
  })
  const isData = Float32Array.from({ length }, (_, i) => (i < finished ? 1 : 0))
  return {
    labels: int64(labels),
    noise: float32(noise, [batch, length, channels]),
    tokens: int64(tokens, [batch, length]),
    is_data: float32(isData, [1, length, 1]),
    noise_data: int64([1, ...isData]),
  }
}

function studentObjective(
  w: Weights,
  arch: TransformerArchitecture,
  size: number,
  { tokenizer, perceptual, ...settings }: StudentTaskOptions,
): Objective {
  const { length, channels } = settings.pairs
  const labels = input('labels', 'int64', [size])
  const tokens = input('tokens', 'int64', [size, length])
  const isData = input('is_data', 'float32', [1, length, 1])
  const codes = stopGradient(gather(codebookOf(tokenizer), tokens)) // (B, L, C)
  const isNoise = sub(1, isData)
  const noise = input('noise', 'float32', [size, length, channels])
  const x = add(mul(codes, isData), mul(noise, isNoise)) // (B, L, C)
  const inputs = { labels, x, noiseData: input('noise_data', 'int64', [1 + length]) }
  const { heads } = arch.family === 'var' ? varStudent(w, arch, 0, inputs) : llamaGenStudent(w, arch, 0, inputs)

  const open = mul(reshape(isNoise, [1, length]), constant(new Float32Array(size).fill(1), [size, 1])) // 1 where something is to be predicted
  const logits = heads.logits(0, length) // (B, L, V)
  const predicted = add(mul(codes, isData), mul(heads.continuous(0, length), isNoise)) // (B, L, C)
  const terms: Record<string, [weight: number, term: Tensor]> = {
    'cross-entropy': [settings.crossEntropyWeight, crossEntropy(logits, tokens, open)],
    embedding: [settings.embeddingWeight, squaredError(predicted, codes)],
  }
  if (settings.perceptualWeight > 0 || settings.pixelWeight > 0) {
    const image = decoded(tokenizer, predicted) // (B, 3, H, W)
    const target = stopGradient(decoded(tokenizer, codes))
    terms.pixels = [settings.pixelWeight, absoluteError(image, target)]
    terms.perceptual = [settings.perceptualWeight, meanOf(perceptual(image, target))]
  }
  const loss = Object.values(terms)
    .map(([weight, term]) => mul(term, weight))
    .reduce(add)
  const metrics = Object.fromEntries(Object.entries(terms).map(([name, [, term]]) => [name, term]))
  return {
    loss,
    metrics: { ...metrics, ...agreements(arch, logits, tokens), agreement: agreement(logits, tokens, open) },
  }
}

const BANDS = 8

/** How often the logits' choice is the teacher's token: by scale, or by eighths of a sequence of single tokens. */
function agreements(arch: TransformerArchitecture, logits: Tensor, tokens: Tensor): Record<string, Tensor> {
  const groups = groupSizes(arch)
  const length = groups.reduce((n, size) => n + size, 0)
  const sizes = groups.length <= BANDS ? groups : new Array<number>(BANDS).fill(length / BANDS)
  if (!sizes.every(Number.isInteger)) return {}
  const chosen = split(logits, sizes, 1)
  const wanted = split(tokens, sizes, 1)
  const what = groups.length <= BANDS ? 'group' : 'eighth'
  return Object.fromEntries(chosen.map((part, i) => [`agreement, ${what} ${i}`, agreement(part, wanted[i]!)]))
}

const codebookOf = ({ weights, arch }: StudentTaskOptions['tokenizer']): Tensor =>
  arch.family === 'var' ? varCodebook(weights) : llamaGenCodebook(weights)

/** Image [B, 3, H, W] in [-1, 1] of a sequence [B, L, C]. */
export function decoded({ weights, arch }: StudentTaskOptions['tokenizer'], sequence: Tensor): Tensor {
  if (arch.family === 'llamagen') return llamaGenDecode(weights, arch, sequence)
  return decodeFHat(weights, arch, sequenceToFHat(weights, arch, sequence))
}
