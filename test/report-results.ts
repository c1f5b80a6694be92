// Results as an evaluation writes them, made up for tests of the report: a family of sprites under one protocol, and released
// students under Inception. Times and distances have the shape of real ones; none is a measurement.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import type { EvaluationResult, Protocol } from '../src/evaluate/result.ts'

export const sha = (digit: string): string => digit.repeat(64)

export const spritesProtocol: Protocol = {
  name: 'dd',
  labels: 'random, seed 0',
  count: 5000,
  sampling: {},
  rounding: 'floor(clamp(255 x + 0.5, 0, 255))',
  format: 'none: sampled and measured in one run',
  features: { name: 'sprites', sha256: sha('a'), preprocessing: '2 x - 1 at 32 x 32 pixels' },
  reference: { name: 'sprites', sha256: sha('b'), count: 5000 },
  versions: { 'distilled-decoding': '0.1.0', 'onnxruntime-node': '1.30.0' },
}

export const inceptionProtocol: Protocol = {
  ...spritesProtocol,
  count: 50_000,
  features: { name: 'inception-v3 (FID variant)', sha256: sha('c'), preprocessing: 'bilinear to 299 x 299' },
  reference: { name: 'imagenet-256', sha256: sha('d'), count: 50_000 },
}

const classNames = ['fish', 'house', 'tree', 'boat', 'mushroom', 'cat', 'car', 'flower', 'rocket', 'cup', 'key', 'star']

export interface Sampler {
  model: string
  name: string
  steps: number
  seconds?: number
  fid: number
  sampling?: Protocol['sampling']
  protocol?: Protocol
  metrics?: EvaluationResult['metrics']
  classes?: number
  grid?: string
}

/** A result of a sampler; accuracy by class when `classes`, the mean accuracy, is given. */
export function resultOf(given: Sampler): EvaluationResult {
  const { model, name, steps, seconds, fid, sampling = {}, protocol = spritesProtocol, metrics, classes, grid } = given
  const byClass = (mean: number) =>
    classNames.map((one, id) => ({
      id,
      name: one,
      count: 400,
      accuracy: Math.min(1, mean - (id === 10 ? 0.09 : 0.004 * (id % 5)) + 0.012),
    }))
  return {
    kind: 'distilled-evaluation',
    date: '2026-01-02T03:04:05.000Z',
    name: `${model}, ${name}`,
    protocol: { ...protocol, sampling: { model, seed: 0, rng: 'philox', dtype: 'float32', ...sampling } },
    metrics: { fid, ...metrics },
    sampler: {
      model,
      name,
      steps,
      device: 'cpu',
      threads: 2,
      ...(seconds !== undefined && { secondsPerImage: seconds }),
    },
    ...(classes !== undefined && { classes: byClass(classes) }),
    ...(grid !== undefined && { grid }),
  }
}

const teacherOf = (cfg: number) => ({
  'plan.kind': 'teacher',
  'plan.teacher.cfg': cfg,
  'plan.teacher.topK': 0,
  'plan.teacher.topP': 1,
})
const student = (timesteps: string, split: number) => ({
  'plan.kind': 'student',
  'plan.timesteps': timesteps,
  'plan.split': split,
})
const scores = (is: number, precision: number, recall: number, accuracy: number) => ({
  is,
  precision,
  recall,
  accuracy,
})

/** Two families of sprites, as files by name. */
export const spriteResults: Readonly<Record<string, EvaluationResult>> = {
  'var-one-step.json': resultOf({
    model: 'sprites-var-dd',
    name: 'one step',
    steps: 1,
    seconds: 0.0051,
    fid: 52.24,
    sampling: student('0', 3),
    metrics: scores(11.42, 0.871, 0.702, 0.988),
    classes: 0.988,
    grid: 'var-one-step.png',
  }),
  'var-two-steps.json': resultOf({
    model: 'sprites-var-dd',
    name: 'two steps',
    steps: 2,
    seconds: 0.0079,
    fid: 45.9,
    sampling: student('0,3', 3),
    metrics: scores(11.5, 0.88, 0.72, 0.99),
    classes: 0.99,
  }),
  'var-teacher.json': resultOf({
    model: 'sprites-var',
    name: 'teacher',
    steps: 6,
    seconds: 0.0214,
    fid: 25.83,
    sampling: teacherOf(1.5),
    metrics: scores(11.8, 0.902, 0.811, 0.997),
    classes: 0.997,
    grid: 'var-teacher.png',
  }),
  'var-teacher-from-2.json': resultOf({
    model: 'sprites-var-dd',
    name: 'teacher from 2',
    steps: 3,
    seconds: 0.0125,
    fid: 47.1,
    sampling: {
      'plan.kind': 'teacher-involved',
      'plan.timestep': 3,
      'plan.split': 3,
      'plan.teacherFrom': 2,
      'plan.teacher.cfg': 1.5,
    },
    metrics: scores(11.6, 0.885, 0.7, 0.994),
    classes: 0.994,
  }),
  'llamagen-one-step.json': resultOf({
    model: 'sprites-llamagen-dd',
    name: 'one step',
    steps: 1,
    seconds: 0.00702,
    fid: 260.1,
    sampling: student('0', 24),
    metrics: scores(10.9, 0.78, 0.24, 0.998),
    classes: 0.998,
  }),
  'llamagen-two-steps.json': resultOf({
    model: 'sprites-llamagen-dd',
    name: 'two steps',
    steps: 2,
    seconds: 0.0104,
    fid: 204.7,
    sampling: student('0,24', 24),
    metrics: scores(11, 0.796, 0.271, 0.998),
    classes: 0.998,
  }),
  'llamagen-teacher.json': resultOf({
    model: 'sprites-llamagen',
    name: 'teacher',
    steps: 64,
    seconds: 0.0689,
    fid: 87.4,
    sampling: teacherOf(1.5),
    metrics: scores(11.7, 0.84, 0.55, 0.999),
    classes: 0.999,
  }),
}

const imagenet = (given: Omit<Sampler, 'protocol'>) => resultOf({ ...given, protocol: inceptionProtocol })

/** Released models, with published figures for all but the last. */
export const releasedResults: Readonly<Record<string, EvaluationResult>> = {
  'd16-one-step.json': imagenet({
    model: 'var-dd-d16',
    name: 'one step',
    steps: 1,
    seconds: 0.91,
    fid: 10.01,
    sampling: student('0', 5),
    metrics: { is: 190.2, precision: 0.79, recall: 0.37, kid: 0.00512, kidDeviation: 0.0003 },
  }),
  'd16-two-steps.json': imagenet({
    model: 'var-dd-d16',
    name: 'two steps',
    steps: 2,
    seconds: 1.62,
    fid: 7.9,
    sampling: student('0,5', 5),
    metrics: { is: 195.1, precision: 0.8, recall: 0.4 },
  }),
  'd16-teacher.json': imagenet({
    model: 'var-d16',
    name: 'teacher',
    steps: 10,
    seconds: 5.82,
    fid: 4.25,
    sampling: { 'plan.kind': 'teacher', 'plan.teacher.cfg': 2, 'plan.teacher.topK': 900, 'plan.teacher.topP': 0.95 },
    metrics: { is: 229, precision: 0.84, recall: 0.48 },
  }),
  'd16-other-timesteps.json': imagenet({
    model: 'var-dd-d16',
    name: 'timesteps 0,7',
    steps: 2,
    fid: 8.4,
    sampling: student('0,7', 5),
  }),
}

/** Writes results as files of a folder, with a sheet of coloured squares for each that names one. */
export async function writeResults(folder: string, results: Readonly<Record<string, EvaluationResult>>): Promise<void> {
  for (const [name, result] of Object.entries(results)) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, JSON.stringify(result))
    if (result.grid !== undefined) await writeSheet(join(dirname(path), result.grid))
  }
}

async function writeSheet(path: string): Promise<void> {
  const columns = 10
  const rows = 4
  const data = Uint8Array.from({ length: 3 * columns * rows }, (_, i) => (i * 97) % 256)
  const image = sharp(data, { raw: { width: columns, height: rows, channels: 3 } })
  await image
    .resize({ width: 32 * columns, kernel: 'nearest' })
    .png()
    .toFile(path)
}
