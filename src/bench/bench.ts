// `distilled bench`: the student's step, the decoder, the teacher, memory, cold start, int8 against fp32, and throughput
// of one model. Every line names milliseconds, operations and the share of the roof measured in the same run.

import { noise } from '../core/random/philox.ts'
import { createEngine } from '../engine/node/engine.ts'
import { type Device, type Engine, float32, hostData, int64 } from '../engine/types.ts'
import { countFlops } from '../graph/flops.ts'
import type { DType } from '../models/weights.ts'
import { drawTokens } from '../sampling/draw.ts'
import { type Family, tokensBefore } from '../sampling/family.ts'
import { defaultTeacher } from '../sampling/plan.ts'
import { type Programs, programCache } from '../sampling/programs.ts'
import type { StudentEntry } from '../zoo/model-entry.ts'
import { coldStart } from './cold-start.ts'
import { evaluationTimings } from './evaluation.ts'
import { measureRoof, summarize, type Timing, time } from './measure.ts'
import { randomFamily, studentEntry } from './random-family.ts'
import { smallTrainingSteps } from './small-training.ts'
import { imagesPerSecond } from './throughput.ts'
import { trainingStep } from './training-step.ts'

export const parts = [
  'student',
  'decoder',
  'teacher',
  'cold',
  'int8',
  'throughput',
  'train',
  'train-small',
  'evaluation',
] as const
export type Part = (typeof parts)[number]

export interface BenchOptions {
  model: string
  /** What to measure; the first four by default. */
  parts?: readonly Part[] | undefined
  device?: Device | undefined
  dtype?: DType | undefined
  threads?: number | undefined
  repeat?: number | undefined
  signal?: AbortSignal | undefined
  onRow?(row: BenchRow): void
}

export interface BenchRow {
  what: string
  /** Milliseconds, or images a second, as `unit` says. */
  best: number
  median?: number
  unit: 'ms' | 'images/s'
  /** Operations of one run, in GFLOP. */
  gflop?: number
  /** Share of the roof, 0 to 1. */
  share?: number
  note?: string
}

export interface BenchResult {
  model: string
  device: string
  threads: number
  dtype: DType
  /** GFLOP/s of a large matrix product, before and after the measurements. */
  roof: [before: number, after: number]
  rows: BenchRow[]
}

interface Context {
  entry: StudentEntry
  engine: Engine
  family: Family
  programs: Programs
  roof: number
  repeat: number
  dtype: DType
  signal: AbortSignal | undefined
}

/** Tokens that a LlamaGen teacher decodes while it is timed, around the middle of the image. */
const TEACHER_TOKENS = 32

const measurements: Record<Part, (context: Context) => AsyncGenerator<BenchRow>> = {
  student: studentRows,
  decoder: decoderRow,
  teacher: teacherRow,
  cold: coldRow,
  int8: int8Row,
  throughput: throughputRows,
  train: trainRow,
  'train-small': smallTrainingRows,
  evaluation: evaluationRows,
}

/**
 * Benchmarks one model of the zoo with random weights of its size.
 * @throws UsageError unless `model` is a student of the zoo
 * @example
 * const { roof, rows } = await bench({ model: 'sprites-var-dd', parts: ['student'], repeat: 1 })
 */
export async function bench(options: BenchOptions): Promise<BenchResult> {
  const { model, dtype = 'fp32', repeat = 5, signal } = options
  const entry = studentEntry(model)
  await using engine = await createEngine({
    device: options.device ?? 'cpu',
    ...(options.threads && { threads: options.threads }),
  })
  const asked = options.parts ?? parts.slice(0, 4)
  const roof = await measureRoof(engine, signal)
  const family = await randomFamily(entry, dtype, asked.includes('teacher'), signal)
  const rows: BenchRow[] = []
  for (const part of asked) {
    signal?.throwIfAborted()
    const programs = programCache(engine)
    for await (const row of measurements[part]({ entry, engine, family, programs, roof, repeat, dtype, signal })) {
      rows.push(row)
      options.onRow?.(row)
    }
    await programs.close()
  }
  const after = await measureRoof(engine, signal)
  return { model: entry.name, device: engine.device, threads: engine.threads, dtype, roof: [roof, after], rows }
}

const row = (what: string, { min, median }: Timing, flops: number, roof: number): BenchRow => ({
  what,
  best: min,
  median,
  unit: 'ms',
  gflop: flops / 1e9,
  share: flops / min / 1e6 / roof,
})

/** Inputs of one image. */
function inputs(family: Family) {
  const length = tokensBefore(family, family.groups.length)
  const x = float32(noise(0, 0, length * family.channels), [1, length, family.channels])
  return { length, x, labels: int64([0]) }
}

async function* studentRows({ entry, family, programs, roof, repeat, signal }: Context): AsyncGenerator<BenchRow> {
  for (const timestep of new Set(entry.presets.flatMap((p) => p.timesteps))) {
    const split = entry.presets.find((p) => p.timesteps.includes(timestep))!.split
    const graph = family.student!({ timestep, split })
    const program = await programs.get(`student:${timestep}`, () => graph, { prepack: family.quantized })
    const { x, labels } = inputs(family)
    const timing = await time(() => program.run({ labels, x }), repeat, signal)
    yield row(`student, one pass at t=${timestep}`, timing, countFlops(graph), roof)
  }
}

async function* decoderRow({ family, programs, roof, repeat, signal }: Context): AsyncGenerator<BenchRow> {
  const graph = family.decoder()
  const program = await programs.get('decoder', () => graph)
  const { x: sequence } = inputs(family)
  const timing = await time(() => program.run({ sequence }), repeat, signal)
  yield row(`decoder, ${family.imageSize}x${family.imageSize}`, timing, countFlops(graph), roof)
}

/** The teacher with guidance: all scales of VAR, or single tokens of LlamaGen with a half-filled cache. */
async function* teacherRow({ entry, family, programs, signal }: Context): AsyncGenerator<BenchRow> {
  if (!entry.teacher || !family.teacher) return
  const groups = family.groups.length
  const isVar = family.name === 'var'
  const from = isVar ? 0 : Math.max(0, Math.floor((groups - TEACHER_TOKENS) / 2))
  const to = isVar ? groups : Math.min(groups, from + TEACHER_TOKENS)
  const settings = { ...defaultTeacher, cfg: 2, greedy: true }
  const run = async () => {
    const session = family.teacher!(programs, { labels: [0], guided: true, prefixMask: 'none' })
    const prefix = new Int32Array(tokensBefore(family, from))
    const stamps = [performance.now()]
    const onGroup = () => void stamps.push(performance.now())
    await drawTokens(family, { session, settings, prefix, from, to, seed: 0, images: [0], signal, onGroup })
    session.dispose()
    return stamps
  }
  await run()
  const stamps = await run()
  if (isVar) {
    yield {
      what: `teacher ${entry.teacher}, ${groups} scales with guidance`,
      best: stamps.at(-1)! - stamps[0]!,
      unit: 'ms',
    }
    return
  }
  const { min, median } = summarize(stamps.slice(2).map((t, i) => t - stamps[i + 1]!)) // the first token is the prefill
  yield {
    what: `teacher ${entry.teacher}, one token with guidance, positions ${from}-${to}`,
    best: min,
    median,
    unit: 'ms',
  }
}

async function* coldRow({ entry, engine, dtype, signal }: Context): AsyncGenerator<BenchRow> {
  const { finished, peakGB, ownGB } = await coldStart(entry.name, dtype, engine.threads, 2, signal)
  const own = ownGB === undefined ? '' : `, of which ${ownGB.toFixed(2)} GB its own and the rest mapped files`
  yield {
    what: 'first image from a cold start',
    best: finished,
    unit: 'ms',
    note: `peak memory ${peakGB.toFixed(2)} GB${own}`,
  }
}

/** int8 against fp32 on the same noise: how much the images differ. */
async function* int8Row({ entry, engine, repeat, signal }: Context): AsyncGenerator<BenchRow> {
  const images = async (dtype: DType) => {
    const family = await randomFamily(entry, dtype, false)
    const programs = programCache(engine)
    const { x, labels } = inputs(family)
    const { split } = entry.presets[0]!
    const load = { prepack: family.quantized }
    const student = await programs.get('student', () => family.student!({ timestep: 0, split }), load)
    const timing = await time(() => student.run({ labels, x }), repeat, signal)
    const { sequence } = await student.run({ labels, x })
    const decoder = await programs.get('decoder', () => family.decoder())
    const image = hostData((await decoder.run({ sequence: sequence! })).image)
    await programs.close()
    return { image, timing }
  }
  const a = await images('fp32')
  const b = await images('int8')
  const differences = a.image.map((p, i) => Math.abs(p - b.image[i]!))
  const mean = differences.reduce((sum, d) => sum + d, 0) / differences.length
  const max = differences.reduce((most, d) => Math.max(most, d), 0)
  const note = `images differ from fp32 by ${(255 * mean).toFixed(2)}/255 on average, ${(255 * max).toFixed(0)}/255 at most (random weights); fp32 in the same run ${a.timing.min.toFixed(0)} ms`
  const { min, median } = b.timing
  yield { what: 'student in int8, one pass at t=0', best: min, median, unit: 'ms', note }
}

/** One optimiser step of distillation, micro-batch 1, through decoder and LPIPS. */
async function* smallTrainingRows({ engine, repeat, signal }: Context): AsyncGenerator<BenchRow> {
  for await (const { what, parameters, times } of smallTrainingSteps(engine, repeat, signal)) {
    const sorted = times.toSorted((a, b) => a - b)
    const memory = `${(process.resourceUsage().maxRSS / 1e6).toFixed(2)} GB so far`
    const note = `${(parameters / 1e6).toFixed(1)}M parameters, 32 images, ${memory}`
    yield { what, best: sorted[0]!, median: sorted[Math.floor(sorted.length / 2)]!, unit: 'ms', note }
  }
}

async function* trainRow({ entry, engine, signal }: Context): AsyncGenerator<BenchRow> {
  const { milliseconds, peakGB, parameters } = await trainingStep(entry, engine, signal)
  const note = `${(parameters / 1e6).toFixed(0)}M parameters, peak memory ${peakGB.toFixed(1)} GB`
  yield { what: 'one optimiser step of distillation, micro-batch 1', best: milliseconds, unit: 'ms', note }
}

async function* evaluationRows({ engine, signal }: Context): AsyncGenerator<BenchRow> {
  for await (const { what, milliseconds, peakGB } of evaluationTimings(engine, signal))
    yield { what, best: milliseconds, unit: 'ms', note: `${peakGB.toFixed(2)} GB so far` }
}

/** Images a second: one engine with all threads, and one engine per thread side by side. */
async function* throughputRows({ engine, family, repeat, signal }: Context): AsyncGenerator<BenchRow> {
  const threads = engine.threads
  for (const [engines, each] of threads > 1
    ? ([
        [1, threads],
        [threads, 1],
      ] as const)
    : ([[1, 1]] as const)) {
    for (const batch of [1, 4]) {
      const best = await imagesPerSecond(family, { engines, threads: each, batch, images: Math.max(4, repeat) }, signal)
      yield { what: `${engines} x ${each} threads, batch ${batch}`, best, unit: 'images/s' }
    }
  }
}
