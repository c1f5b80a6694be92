// One optimiser step of distillation at a released size with random weights, micro-batch 1: forward, the loss through
// decoder and LPIPS, all gradients, AdamW and the average. Uses the same trainer and task as distillation.

import { join } from 'node:path'
import { noise } from '../core/random/philox.ts'
import { constantInit, initialise, type Parameters, uniformInit } from '../distill/parameters.ts'
import type { Pairs } from '../distill/read-pairs.ts'
import { studentSettings } from '../distill/settings.ts'
import { studentTask } from '../distill/tasks/student.ts'
import { train } from '../distill/trainer.ts'
import type { Engine } from '../engine/types.ts'
import type { TokenizerArchitecture } from '../models/architecture.ts'
import { groupSizes } from '../models/architecture.ts'
import { lpips, lpipsShapes } from '../models/lpips.ts'
import { expectedShapes } from '../models/shapes.ts'
import { openWeights } from '../models/weights.ts'
import type { StudentEntry } from '../zoo/model-entry.ts'
import { findModel } from '../zoo/registry.ts'
import { scratchFolder } from './random-family.ts'
import { randomStateDict } from './random-weights.ts'

export interface TrainingStep {
  /** Milliseconds of the second of two steps. */
  milliseconds: number
  /** Largest resident memory of the process so far, in GB. */
  peakGB: number
  parameters: number
}

/** Trains a student of the zoo for two steps. */
export async function trainingStep(entry: StudentEntry, engine: Engine, signal?: AbortSignal): Promise<TrainingStep> {
  const { architecture } = entry
  const frozen = async (name: string, shapes: ReadonlyMap<string, readonly number[]>) =>
    openWeights(name, await randomStateDict(shapes, join(scratchFolder(), `${name}.bin`), signal), {
      differentiable: true,
    })
  const tokenizerArch = findModel(entry.tokenizer).architecture as TokenizerArchitecture
  const tokenizer = {
    arch: tokenizerArch,
    weights: await frozen(entry.tokenizer, expectedShapes({ kind: 'tokenizer', architecture: tokenizerArch })),
  }
  const { vgg, lin } = lpipsShapes()
  const vggWeights = await frozen('vgg16', vgg)
  const linWeights = await frozen('lpips-vgg', lin)
  const shapes = expectedShapes({ kind: 'student', architecture })
  const parameters: Parameters = initialise(
    shapes,
    (_, shape) => (shape.length > 1 ? constantInit(0) : uniformInit(0.02)),
    0,
  )
  fillMatrices(parameters)
  const groups = groupSizes(architecture)
  const settings = {
    ...studentSettings.defaults,
    batch: 1,
    microBatch: 1,
    steps: 2,
    heldOut: 1,
    validateEvery: 0,
    sheetEvery: 0,
  }
  const task = studentTask(architecture, {
    ...settings,
    pairs: randomPairs(
      groups.reduce((n, g) => n + g, 0),
      architecture.channels,
      architecture.vocabSize,
      architecture.numClasses,
    ),
    tokenizer,
    parameters,
    perceptual: (a, b) => lpips(vggWeights, linWeights, a, b),
  })
  const { validation: _, ...lean } = task
  let milliseconds = 0
  await train(lean, {
    engine,
    settings,
    signal,
    onStep: ({ imagesPerSecond }) => {
      milliseconds = 1000 / imagesPerSecond
    },
  })
  const count = [...parameters.values()].reduce((n, { data }) => n + data.length, 0)
  return { milliseconds, peakGB: process.resourceUsage().maxRSS / 1e6, parameters: count }
}

/** Matrices get small normal values from one block: drawing hundreds of millions would take longer than training on them. */
function fillMatrices(parameters: Parameters): void {
  const block = noise(0, 0, 1 << 18).map((x) => 0.02 * x)
  for (const { shape, data } of parameters.values()) {
    if (shape.length < 2) continue
    for (let at = 0; at < data.length; at += block.length) data.set(block.subarray(0, data.length - at), at)
  }
}

/** Pairs as a folder of them would give, with random tokens. */
function randomPairs(length: number, channels: number, entries: number, classes: number): Pairs {
  return {
    count: 8,
    length,
    channels,
    entries,
    classes,
    seed: 0,
    settings: {},
    get: (index) => ({
      label: index % classes,
      tokens: Int32Array.from({ length }, (_, i) => (i * 7919 + index * 104729) % entries),
    }),
    noise: (index) => noise(0, index, length * channels),
  }
}
