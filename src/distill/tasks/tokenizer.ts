// Trains a tokenizer: VAR's multi-scale residual VQVAE or LlamaGen's VQ with unit-length codes. Reconstruction, perceptual
// distance and the quantiser's two losses; gradients pass the quantiser straight through. Unused codes are
// moved to features. The adversarial loss of the released tokenizers is left out: at this size it is not needed.
// Sources: VAR/models/quant.py:VectorQuantizer2.forward, LlamaGen vq_model.py:VectorQuantizer.forward.

import * as v from 'valibot'
import { CheckpointError } from '../../core/errors.ts'
import { uniforms } from '../../core/random/philox.ts'
import { type Engine, float32, hostData } from '../../engine/types.ts'
import { customVjp, input, type Tensor } from '../../graph/index.ts'
import { add, concat, gather, log, mul } from '../../graph/ops/index.ts'
import type { TokenizerArchitecture } from '../../models/architecture.ts'
import { llamaGenCodebook, llamaGenDecode, llamaGenEncode, unitRows } from '../../models/llamagen-vq.ts'
import { expectedShapes } from '../../models/shapes.ts'
import { nearestCode } from '../../models/student.ts'
import { decodeFHat, quantizeScales, varEncode } from '../../models/var-vqvae.ts'
import type { Weights } from '../../models/weights.ts'
import { memoryWeights } from '../frozen.ts'
import { absoluteError, meanOf, quantizationLoss, squaredError } from '../losses.ts'
import { initialise, normalInit, type Parameters, torchDefault } from '../parameters.ts'
import type { Perceptual } from '../perceptual.ts'
import { imageGrid } from '../sheets.ts'
import type { Task } from '../trainer.ts'
import type { Examples } from './examples.ts'

export interface TokenizerTaskOptions {
  examples: Examples
  engine: Engine
  perceptual: Perceptual
  seed: number
  batch: number
  steps: number
  commitment: number
  l1Weight: number
  l2Weight: number
  perceptualWeight: number
  /** Dead codes are looked for every so many steps, in the first three quarters of the run. */
  reviveEvery: number
}

const CODEBOOK = 'quantize.embedding.weight'

export function tokenizerTask(arch: TokenizerArchitecture, options: TokenizerTaskOptions): Task {
  const { examples, engine, seed, batch } = options
  const side = examples.data.imageSize
  const rule = (name: string, shape: readonly number[]) =>
    name === CODEBOOK ? normalInit(1 / Math.sqrt(shape[1]!)) : torchDefault(name, shape)
  const images = async (n: number, size: number) => (await examples.batch(n, size)).images
  const feed = (data: Float32Array, size: number) => ({ images: float32(data, [size, 3, side, side]) })
  const usage = codeUsage(arch.vocabSize)
  return {
    parameters: initialise(expectedShapes({ kind: 'tokenizer', architecture: arch }), rule, seed),
    objective(w, size) {
      const x = input('images', 'float32', [size, 3, side, side])
      const { image, loss: quantization, indices, features } = quantized(w, arch, x, options.commitment)
      const l1 = absoluteError(image, x)
      const l2 = squaredError(image, x)
      const perceptual = meanOf(options.perceptual(image, x))
      const reconstruction = add(mul(l1, options.l1Weight), mul(l2, options.l2Weight))
      const loss = add(add(reconstruction, mul(perceptual, options.perceptualWeight)), quantization)
      return { loss, metrics: { l1, l2, PSNR: decibels(l2), perceptual, quantization }, watched: { indices, features } }
    },
    feeds: async (step, part, size) => feed(await images(step * batch + part * size, size), size),
    validation: {
      count: Math.min(128, examples.heldOut.length),
      feeds: async (first, size) => feed((await examples.heldOutBatch(first, size)).images, size),
    },
    afterStep(step, watched, { parameters, m, v }) {
      for (const out of watched) usage.count(hostData<BigInt64Array>(out['watched:indices']))
      if ((step + 1) % options.reviveEvery || step > 0.75 * options.steps) return
      const features = hostData(watched.at(-1)!['watched:features'])
      usage.revive(
        [parameters, m, v].map((group) => group.get(CODEBOOK)!.data),
        features,
        seed,
        step,
      )
    },
    memory: usage,
    measure: async () => ({ 'codes in use': usage.inUse() }),
    sheet: async (weights) => ({
      image: await reconstructions(arch, weights, examples, engine),
      caption: 'held-out images above, their reconstructions below',
    }),
  }
}

/** Peak signal-to-noise ratio in dB of a mean squared error between images in [-1, 1]. */
const decibels = (error: Tensor) => mul(log(mul(error, 1 / 4)), -10 / Math.LN10)

/** The image behind the quantiser, its loss, codes, and the features they stand for. */
function quantized(w: Weights, arch: TokenizerArchitecture, x: Tensor, beta: number) {
  if (arch.family === 'var') {
    const f = varEncode(w, arch, x) // (B, C, S, S)
    const scales = quantizeScales(w, arch, f)
    const losses = scales.map(({ fHat }) => quantizationLoss(fHat, f, beta))
    const through = customVjp(scales.at(-1)!.fHat, [f], (g) => [g])
    return {
      image: decodeFHat(w, arch, through),
      loss: mul(losses.reduce(add), 1 / losses.length),
      indices: concat(
        scales.map(({ index }) => index),
        1,
      ),
      features: concat(
        scales.map(({ rest }) => rest),
        1,
      ),
    }
  }
  const z = unitRows(llamaGenEncode(w, arch, x)) // (B, L, C)
  const codebook = llamaGenCodebook(w)
  const indices = nearestCode(z, codebook)
  const codes = gather(codebook, indices)
  const through = customVjp(codes, [z], (g) => [g])
  return { image: llamaGenDecode(w, arch, through), loss: quantizationLoss(codes, z, beta), indices, features: z }
}

/** Counts codes between revivals. */
export function codeUsage(codes: number) {
  let counts = new Float64Array(codes)
  let last = codes
  return {
    count(indices: BigInt64Array) {
      for (const i of indices) counts[Number(i)]!++
    },
    /** Share of codes that were used between the last two revivals. */
    inUse: () => last / codes,
    /** Moves codes that were not used since the last time to random features; `groups` are codebook and moments. */
    revive([codebook, ...moments]: Float32Array[], features: Float32Array, seed: number, step: number) {
      const width = codebook!.length / codes
      const u = uniforms(seed, step, REVIVAL, codes)
      last = counts.reduce((n, c) => n + (c > 0 ? 1 : 0), 0)
      for (let i = 0; i < codes; i++) {
        if (counts[i]! > 0) continue
        const from = Math.floor((u[i]! * features.length) / width) * width
        codebook!.set(features.subarray(from, from + width), i * width)
        for (const moment of moments) moment.fill(0, i * width, (i + 1) * width)
      }
      counts = new Float64Array(codes)
    },
    save: () => ({ counts: [...counts], last }),
    load(saved: Record<string, unknown>) {
      const parsed = v.safeParse(usageSchema(codes), saved, { abortEarly: true })
      if (!parsed.success) {
        throw new CheckpointError(`The checkpoint does not say how often each of ${codes} codes was used.`, {
          remedy: 'Start the run again in a new folder.',
        })
      }
      counts = Float64Array.from(parsed.output.counts)
      last = parsed.output.last
    },
  }
}

const usageSchema = (codes: number) =>
  v.object({ counts: v.pipe(v.array(v.number()), v.length(codes)), last: v.number() })

const REVIVAL = 1_000_000_011
const COLUMNS = 8

/** Held-out images, each above its reconstruction. */
async function reconstructions(arch: TokenizerArchitecture, weights: Parameters, examples: Examples, engine: Engine) {
  const side = examples.data.imageSize
  const held = examples.heldOut.length
  const shown = held < 2 * COLUMNS ? Math.min(COLUMNS, held) : 2 * COLUMNS // full rows
  const { images } = await examples.heldOutBatch(0, shown)
  const x = input('images', 'float32', [shown, 3, side, side])
  await using program = await engine.load({ image: quantized(memoryWeights('tokenizer', weights), arch, x, 0).image })
  const out = hostData((await program.run({ images: float32(images, [shown, 3, side, side]) })).image)
  return imageGrid([images, out], side, Math.min(COLUMNS, shown))
}
