// What docblock examples take for granted: files in their folder, and values of the names that they leave unsaid. All of it is
// small and made on the spot; a file named after a released one holds just what its example needs.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { npzBytes } from '../../src/checkpoint/npz.ts'
import { bufferSource } from '../../src/checkpoint/sources.ts'
import { sprites } from '../../src/data/node/sprites.ts'
import { squaredError } from '../../src/distill/losses.ts'
import { constantInit, initialise } from '../../src/distill/parameters.ts'
import type { Task, TrainerSettings } from '../../src/distill/trainer.ts'
import { createEngine } from '../../src/engine/node/engine.ts'
import { float32 } from '../../src/engine/types.ts'
import { evaluate } from '../../src/evaluate/evaluate.ts'
import { arraySet } from '../../src/evaluate/node/sets/arrays.ts'
import { spritesSet } from '../../src/evaluate/node/sets/sprites.ts'
import { spritesReader } from '../../src/evaluate/node/sprites-reader.ts'
import { unknownOrigin } from '../../src/evaluate/sets/set.ts'
import { constant, input, serialize } from '../../src/graph/index.ts'
import { linear, matmul, mean, mul, sum } from '../../src/graph/ops/index.ts'
import { readImage } from '../../src/images/node/read.ts'
import * as api from '../../src/index.ts'
import { reportOf } from '../../src/report/model.ts'
import { readEntries } from '../../src/report/node/read-entries.ts'
import { readReview } from '../../src/review/node/folder.ts'
import { openJournal, readJournal } from '../../src/review/node/journal.ts'
import { openReviewSession } from '../../src/review/node/session.ts'
import { fixturePath } from '../fixtures.ts'
import { writeInception } from '../inception-weights.ts'
import { spriteResults, writeResults } from '../report-results.ts'
import { hashOf, makeReviewFolder, verdict } from '../review/made-review.ts'

/** The cache of the hub, below the examples' folder. */
export const hubCache = 'hub'
const published = 'models--microsoft--distilled_decoding/snapshots/main/ImageNet-256_FID_Statistic/statistic.pth'

/** Something open that an example leaves behind. */
export interface Open {
  dispose?(): Promise<void>
  close?(): Promise<void>
}

export async function closeAll(values: Iterable<unknown>): Promise<void> {
  for (const value of values as Iterable<Open>) await (value.dispose ?? value.close)?.call(value)
}

/** Writes the files that examples read. */
export async function writeFiles(folder: string): Promise<void> {
  const at = async (path: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    return join(folder, path)
  }
  const image = async (path: string, width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: 'red' } }).toFile(await at(path))
  await mkdir(join(folder, 'samples'))
  await copyFile(fixturePath('var_tiny_dd.pth'), await at('var-d16.pth'))
  await copyFile(fixturePath('var_tiny_vqvae.pth'), await at('vae.pth'))
  await writeFile(await at('tiny.json'), '{ "family": "llamagen", "heads": 4, "tokens": 16 }')
  await writeFile(await at('runs/sprites/log.jsonl'), '')
  const teacher = fileURLToPath(new URL('../../models/sprites-var.safetensors', import.meta.url))
  await copyFile(teacher, await at('runs/teacher/model.safetensors'))
  await image('photo.jpg', 40, 30)
  await image('imagenet/train/tench/0.jpg', 40, 30)
  await image('sheet.png', 342, 68)
  for (let i = 0; i < 8; i++) await image(`images/00000${i}.png`, 256, 256)

  for (const path of ['statistic.pth', join(hubCache, published)])
    await copyFile(fixturePath('metrics_statistic.pth'), await at(path))
  await writeFile(await at('VIRTUAL_imagenet256_labeled.npz'), npzBytes(referenceBatch))
  await writeInception(await at('pt_inception-2015-12-05-6726825d.pth'))
  const pixels = input('pixels', 'float32', ['N', 3, 'height', 'width'])
  const features = matmul(mean(pixels, [2, 3]), constant(new Float32Array(3 * 384), [3, 384])) // (N, 384)
  await writeFile(await at('dinov2.onnx'), (await serialize({ features })).model)

  const {
    'var-one-step.json': oneStep,
    'var-teacher.json': teacherResult,
    'llamagen-teacher.json': other,
  } = spriteResults
  await writeResults(folder, {
    'one-step.json': oneStep!,
    'teacher.json': other!,
    'results/one-step.json': oneStep!,
    'results/teacher.json': teacherResult!,
  })
  await makeReviewFolder(await at('review'), ['m'], 1)
}

/** `fetch` of a server at https://example.org that has the files of a folder and knows ranges. */
export function serveFolder(folder: string): typeof fetch {
  return async (input, { headers } = {}) => {
    const { hostname, pathname } = new URL(String(input))
    if (hostname !== 'example.org') throw new TypeError(`an example connects to ${hostname}`)
    const bytes = await readFile(join(folder, pathname))
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(new Headers(headers).get('range') ?? '') ?? []
    const range = `bytes ${from}-${to}/${bytes.length}`
    return new Response(bytes.subarray(Number(from), Number(to) + 1), {
      status: 206,
      headers: { 'content-range': range },
    })
  }
}

/** One weight that is fitted to y = 2x. */
const task: Task = {
  parameters: initialise(new Map([['w', [1, 1]]]), () => constantInit(0), 0),
  objective(w, batch) {
    const x = input('x', 'float32', [batch, 1])
    const y = input('y', 'float32', [batch, 1])
    return { loss: squaredError(linear(x, w.get('w')), y) }
  },
  feeds: async () => ({ x: float32(Float32Array.of(1), [1, 1]), y: float32(Float32Array.of(2), [1, 1]) }),
}
const settings: TrainerSettings = {
  steps: 2,
  batch: 1,
  microBatch: 1,
  lr: 0.1,
  schedule: 'constant',
  warmupSteps: 0,
  floor: 0,
  betas: [0.9, 0.95],
  weightDecay: 0,
  clip: 0,
  emaDecay: 0.5,
  validateEvery: 0,
  sheetEvery: 0,
  checkpointEvery: 0,
}

/** In the form of guided diffusion's: 10,000 images, though of one pixel, and statistics, though of one feature. */
const referenceBatch = {
  arr_0: { shape: [10_000, 1, 1, 3], data: new Uint8Array(30_000) },
  mu: { shape: [1], data: new Float64Array(1) },
  sigma: { shape: [1, 1], data: new Float64Array(1) },
}

/** The values that examples use without a word; the caller stands in the folder, and closes them with `closeAll`. */
export async function openValues() {
  const model = await api.load({ student: 'var-d16.pth', tokenizer: 'vae.pth' })
  const { images } = await model.sample({ classes: [1, 2] })
  await images[0]!.save('000000.png')
  const checkpoint = await api.openFile('var-d16.pth')
  const engine = await createEngine({ device: 'cpu', threads: 1 })
  const journal = await openJournal('review')
  const event = verdict('m', '7-cock/000.png', 'accepted')
  await journal.append(() => event)
  const result = spriteResults['var-one-step.json']!
  return {
    ...api,
    // models and files
    model,
    images,
    image: images[0],
    family: model.family,
    checkpoint,
    fileInput: { files: [new Blob([await readFile('var-d16.pth')])] },
    tensors: api.selectStateDict(checkpoint, ['trainer.ema_parameters']).tensors,
    bytes: npzBytes({ mu: { shape: [2], data: Float32Array.of(1, 2) } }),
    png: await readFile('000000.png'),
    planes: new Float32Array(3 * 256 * 256),
    pixels: new Uint8Array(8 * 256 * 256 * 3),
    bufferSource,
    readImage,
    readFile,
    writeFile,
    // graphs and sampling
    input,
    mul,
    sum,
    codes: input('codes', 'float32', [2]),
    z: input('z', 'float32', [2]),
    noise: new Float32Array(680 * 32),
    logits: Float32Array.of(1, 2, 3),
    u: 0.5,
    step: 0,
    sprites,
    // evaluation and its report
    task,
    settings,
    engine,
    reader: await spritesReader(engine),
    samples: spritesSet(48, 1001),
    reference: spritesSet(48),
    statisticsOnly: await arraySet('statistic.pth'),
    spritesSet,
    evaluate,
    unknownOrigin,
    readEntries,
    reportOf,
    few: result,
    many: { ...result, protocol: { ...result.protocol, count: 50_000 } },
    // review
    journal,
    event,
    sha256: hashOf('m', '7-cock/000.png'),
    review: await readReview('review'),
    readReview,
    readJournal,
    openReviewSession,
    madeBy: 'an example',
    checkpoints: [],
    // the program around the example
    file: { write() {} },
    signal: new AbortController().signal,
    console: { log() {} },
    process: { stdout: { write() {} }, stderr: { write() {} } },
  }
}
