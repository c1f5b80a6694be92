// Distils a teacher of your own: anything that gives logits token after token. Here it is a Markov chain on a 4x4 grid -
// each token depends on the one before it and on the class - and its student is a small LlamaGen-DD that learns the whole
// chain in one step. Run it in a project that has the package installed, or here: npm run build && node examples/custom-teacher.js

import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  constantInit,
  createEngine,
  expectedShapes,
  initialise,
  llamaGenFfnDim,
  makePairs,
  memoryWeights,
  normalInit,
  openPairs,
  programCache,
  studentTask,
  teacherDefaults,
  train,
} from 'distilled-decoding/distill'

const TOKENS = 16
const ENTRIES = 32
const CHANNELS = 4
const CLASSES = 3

/**
 * Logits of the next token: three likely successors of the last one, others for every class.
 * @param {number} last
 * @param {number} label
 */
function chain(last, label) {
  return Float32Array.from({ length: ENTRIES }, (_, next) => {
    const distance = (next - last * (label + 2) - 5 + 10 * ENTRIES) % ENTRIES
    return distance < 3 ? 3 - distance : -4
  })
}

/**
 * @param {readonly number[]} labels
 * @returns {import('distilled-decoding/distill').TeacherSession}
 */
function teacherSession(labels) {
  const logits = (/** @type {(b: number) => number} */ last) => {
    const out = new Float32Array(labels.length * ENTRIES)
    for (const [b, label] of labels.entries()) out.set(chain(last(b), label), b * ENTRIES)
    return out
  }
  return {
    vocabSize: ENTRIES,
    begin: async () => logits(() => 0), // this teacher always starts from nothing
    advance: async (indices) => logits((b) => Number(indices[b])),
    dispose() {},
  }
}

/** Makes pairs, trains a student for `steps` steps and returns how often it agrees with the teacher's map. */
export async function distilCustomTeacher({ steps = 400, count = 4000 } = {}) {
  const vq = { ch: 8, chMult: [1, 2], resBlocks: 1, normGroups: 4, zChannels: 16 }
  const arch = { family: /** @type {const} */ ('llamagen'), ...vq, embedDim: CHANNELS, vocabSize: ENTRIES }
  const tensors = initialise(expectedShapes({ kind: 'tokenizer', architecture: arch }), () => normalInit(0.3), 0) // only its codebook matters here
  const tokenizer = { arch, weights: memoryWeights('tokenizer', tensors, { differentiable: true }) }

  /** @type {import('distilled-decoding/distill').Family} */
  const family = {
    name: 'llamagen',
    groups: new Array(TOKENS).fill(1),
    channels: CHANNELS,
    numClasses: CLASSES,
    imageSize: 8,
    quantized: false,
    codebook: () => tokenizer.weights.get('quantize.embedding.weight'),
    decoder: () => {
      throw new Error('This example makes tokens, no images.')
    },
    teacher: (_, { labels }) => teacherSession(labels),
  }

  const engine = await createEngine({ device: 'cpu' })
  const folder = await mkdtemp(join(tmpdir(), 'custom-teacher-'))
  const own = 'a Markov chain'
  await makePairs(family, programCache(engine), {
    folder,
    count,
    seed: 1,
    teacher: teacherDefaults({ cfg: 1 }),
    origin: { teacher: own, teacherSha256: own, tokenizer: own, tokenizerSha256: own, device: 'cpu', madeBy: own },
  })

  /** @type {import('distilled-decoding/distill').LlamaGenArchitecture} */
  const student = {
    family: 'llamagen',
    layers: 4,
    dim: 64,
    heads: 4,
    ffnDim: llamaGenFfnDim(64),
    vocabSize: ENTRIES,
    channels: CHANNELS,
    tokens: TOKENS,
    numClasses: CLASSES,
  }
  /** @type {import('distilled-decoding/distill').TrainerSettings} */
  const settings = {
    steps,
    batch: 64,
    microBatch: 64,
    lr: 2e-3,
    schedule: 'cosine',
    warmupSteps: 20,
    floor: 0.05,
    betas: [0.9, 0.95],
    weightDecay: 0.01,
    clip: 1,
    emaDecay: 0.99,
    validateEvery: steps,
    sheetEvery: 0,
    checkpointEvery: 0,
  }
  const task = studentTask(student, {
    pairs: await openPairs(folder),
    tokenizer,
    parameters: initialise(
      expectedShapes({ kind: 'student', architecture: student }),
      (_, shape) => (shape.length > 1 ? normalInit(0.05) : constantInit(1)),
      0,
    ),
    perceptual: (a) => a, // never asked: its weight is 0
    seed: 0,
    batch: settings.batch,
    heldOut: 256,
    timesteps: [0],
    firstShare: 1,
    crossEntropyWeight: 1,
    embeddingWeight: 1,
    perceptualWeight: 0,
    pixelWeight: 0,
  })
  let agreement = 0
  /** @param {number} _ @param {Record<string, number>} metrics */
  const onValidation = (_, metrics) => {
    agreement = metrics.agreement ?? 0
  }
  await train(task, { engine, settings, onValidation })
  await engine.dispose()
  return agreement
}

if (import.meta.url === `file://${process.argv[1]}`) {
  console.log(
    `The student agrees with its teacher's map on ${(100 * (await distilCustomTeacher())).toFixed(1)} % of tokens.`,
  )
}
