// Training steps of networks as small as those that ship: a VAR teacher, a LlamaGen teacher and a tokenizer, 32 images a step,
// with random data of their shapes: the teachers' in one go, as PyTorch does, the tokenizer's in two. The sizes are those that
// PyTorch was timed at for docs/BENCHMARKS.md.

import { noise, uniforms } from '../core/random/philox.ts'
import { memoryWeights } from '../distill/frozen.ts'
import { initialise, torchDefault } from '../distill/parameters.ts'
import { teacherSettings, tokenizerSettings } from '../distill/settings.ts'
import { transformerFor } from '../distill/stages.ts'
import type { Examples } from '../distill/tasks/examples.ts'
import { teacherTask } from '../distill/tasks/teacher.ts'
import type { TokenStore } from '../distill/tasks/token-store.ts'
import { tokenizerTask } from '../distill/tasks/tokenizer.ts'
import { type Task, type TrainerSettings, train } from '../distill/trainer.ts'
import type { Engine } from '../engine/types.ts'
import { mean, mul, sub } from '../graph/ops/index.ts'
import type { TokenizerArchitecture } from '../models/architecture.ts'
import { expectedShapes } from '../models/shapes.ts'

export interface SmallStep {
  what: string
  parameters: number
  /** Milliseconds of each step after the first. */
  times: readonly number[]
}

const BATCH = 32
const SIDE = 32
const CLASSES = 10
const sizes = { ch: 64, chMult: [1, 2, 2], resBlocks: 1, normGroups: 32, vocabSize: 512 }
const tokenizers: Readonly<Record<'var' | 'llamagen', TokenizerArchitecture>> = {
  var: { family: 'var', ...sizes, zChannels: 16, patchNums: [1, 2, 3, 4, 6, 8], quantResi: 0.5, shareQuantResi: 4 },
  llamagen: { family: 'llamagen', ...sizes, zChannels: 16, embedDim: 8 },
}

/** Times `steps` steps of each, after one that warms up. */
export async function* smallTrainingSteps(
  engine: Engine,
  steps: number,
  signal?: AbortSignal,
): AsyncGenerator<SmallStep> {
  const teacher = (family: 'var' | 'llamagen', dim: number, heads: number) =>
    teacherOf(tokenizers[family], { depth: 6, dim, heads })
  const cases: [what: string, task: () => Task, microBatch: number][] = [
    ['training step, VAR teacher 6 x 128, 130 tokens', () => teacher('var', 128, 4), 32],
    ['training step, LlamaGen teacher 6 x 192, 64 tokens', () => teacher('llamagen', 192, 6), 32],
    ['training step, LlamaGen tokenizer ch 64, 32 x 32 pixels', () => tokenizerOf(tokenizers.llamagen, engine), 16],
  ]
  for (const [what, make, microBatch] of cases) {
    const task = make()
    const times: number[] = []
    const settings: TrainerSettings = {
      ...teacherSettings.defaults,
      ...quiet,
      steps: steps + 1,
      batch: BATCH,
      microBatch,
    }
    await train(task, {
      engine,
      settings,
      signal,
      onStep: ({ imagesPerSecond }) => times.push((1000 * BATCH) / imagesPerSecond),
    })
    yield {
      what,
      parameters: [...task.parameters.values()].reduce((n, { data }) => n + data.length, 0),
      times: times.slice(1),
    }
  }
}

const quiet = { validateEvery: 0, sheetEvery: 0, checkpointEvery: 0 }

function teacherOf(tokenizer: TokenizerArchitecture, size: { depth: number; dim: number; heads: number }): Task {
  const chosen = transformerFor(tokenizer, size, { numClasses: CLASSES, imageSize: SIDE })
  const arch = chosen.family === 'var' ? { ...chosen, sharedAdaLN: false } : chosen // the released form
  const shapes = expectedShapes({ kind: 'tokenizer', architecture: tokenizer })
  const weights = memoryWeights('tokenizer', initialise(shapes, torchDefault, 0))
  const { validation: _, ...task } = teacherTask(arch, {
    tokens: randomTokens(tokenizer),
    tokenizer: { weights, arch: tokenizer },
    seed: 0,
    batch: BATCH,
    classDropout: 0.1,
  })
  return task
}

/** Only the pixel loss: the perceptual network is not measured here. */
function tokenizerOf(arch: TokenizerArchitecture, engine: Engine): Task {
  const {
    validation: _,
    afterStep: __,
    ...task
  } = tokenizerTask(arch, {
    ...tokenizerSettings.defaults,
    seed: 0,
    batch: BATCH,
    engine,
    examples: randomExamples(),
    perceptualWeight: 0,
    perceptual: (a, b) => mean(mul(sub(a, b), sub(a, b)), [1, 2, 3]),
  })
  return task
}

function randomTokens(tokenizer: TokenizerArchitecture): TokenStore {
  const length = tokenizer.family === 'var' ? tokenizer.patchNums.reduce((n, p) => n + p * p, 0) : (SIDE / 4) ** 2
  const batch = async (first: number, count: number) => ({
    indices: Int32Array.from(uniforms(0, first, 0, count * length), (u) => Math.floor(u * tokenizer.vocabSize)),
    labels: Array.from({ length: count }, (_, i) => (first + i) % CLASSES),
  })
  return { length, heldOut: 1, batch, heldOutBatch: batch, async [Symbol.asyncDispose]() {} }
}

function randomExamples(): Examples {
  const size = 3 * SIDE ** 2
  const batch = async (first: number, count: number) => ({
    images: noise(0, first, count * size).map((x) => Math.tanh(x)),
    labels: Array.from({ length: count }, (_, i) => (first + i) % CLASSES),
  })
  const data = {
    name: 'noise',
    classes: Array.from({ length: CLASSES }, (_, i) => String(i)),
    imageSize: SIDE,
    size: 1024,
    get: async (index: number) => ({ image: (await batch(index, 1)).images, label: index % CLASSES }),
  }
  return { data, count: 1024, index: (n) => n % 1024, heldOut: [], batch, heldOutBatch: batch }
}
