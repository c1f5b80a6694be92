// `distilled bench`: the student's step, the decoder, the teacher, memory, cold start, int8 against fp32, and throughput
// of one model. Every line names milliseconds, operations and the share of the roof measured in the same run.

import { noise } from '../core/random/philox.ts'
import { createEngine } from '../engine/node.ts'
import { type Device, type Engine, float32, hostData, int64 } from '../engine/types.ts'
import { countFlops } from '../graph/flops.ts'
import type { DType } from '../models/weights.ts'
import { drawTokens } from '../sampling/draw.ts'
import { type Family, tokensBefore } from '../sampling/family.ts'
import { type Programs, programCache } from '../sampling/programs.ts'
import type { StudentEntry } from '../zoo/model-entry.ts'
import { findModel } from '../zoo/registry.ts'
import { measureRoof, summarize, type Timing, time } from './measure.ts'
import { randomFamily, studentEntry } from './random-family.ts'

export interface BenchOptions {
  model: string
  device?: Device | undefined
  dtype?: DType | undefined
  threads?: number | undefined
  repeat?: number | undefined
  /** Tokens that a LlamaGen teacher decodes while it is timed. */
  tokens?: number | undefined
  signal?: AbortSignal | undefined
  onRow?(row: BenchRow): void
}

export interface BenchRow extends Timing {
  what: string
  /** Operations of one run, in GFLOP; undefined where they say little. */
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
  family: Family
  programs: Programs
  roof: number
  repeat: number
  signal: AbortSignal | undefined
}

/** Runs the benchmark of one model with random weights of its size. */
export async function bench(options: BenchOptions): Promise<BenchResult> {
  const { model, dtype = 'fp32', repeat = 5, signal } = options
  const entry = studentEntry(model)
  await using engine = await createEngine({
    device: options.device ?? 'cpu',
    ...(options.threads && { threads: options.threads }),
  })
  const roof = await measureRoof(engine)
  const rows: BenchRow[] = []
  const report = (row: BenchRow) => {
    rows.push(row)
    options.onRow?.(row)
  }
  const family = await randomFamily(entry, dtype, true)
  const programs = programCache(engine)
  const context: Context = { entry, family, programs, roof, repeat, signal }
  try {
    for (const timestep of new Set(entry.presets.flatMap((p) => p.timesteps)))
      report(await studentRow(context, timestep))
    report(await decoderRow(context))
    report(await teacherRow(context, options.tokens ?? 32))
  } finally {
    await programs.dispose()
  }
  const after = await measureRoof(engine)
  return { model, device: engine.device, threads: engine.threads, dtype, roof: [roof, after], rows }
}

const row = (what: string, timing: Timing, flops: number, roof: number): BenchRow => ({
  what,
  ...timing,
  gflop: flops / 1e9,
  share: flops / timing.min / 1e6 / roof,
})

async function studentRow(
  { entry, family, programs, roof, repeat, signal }: Context,
  timestep: number,
): Promise<BenchRow> {
  const split = entry.presets.find((p) => p.timesteps.includes(timestep))!.split
  const graph = family.student!({ timestep, split })
  const program = await programs.get(`student:${timestep}:${split}`, () => graph)
  const length = tokensBefore(family, family.groups.length)
  const feeds = { labels: int64([0]), x: float32(noise(0, 0, length * family.channels), [1, length, family.channels]) }
  const timing = await time(() => program.run(feeds), repeat, signal)
  return row(`student, one pass at t=${timestep}`, timing, countFlops(graph), roof)
}

async function decoderRow({ family, programs, roof, repeat, signal }: Context): Promise<BenchRow> {
  const graph = family.decoder()
  const program = await programs.get('decoder', () => graph)
  const length = tokensBefore(family, family.groups.length)
  const sequence = float32(noise(0, 0, length * family.channels), [1, length, family.channels])
  const timing = await time(() => program.run({ sequence }), repeat, signal)
  return row(`decoder, ${family.imageSize}x${family.imageSize}`, timing, countFlops(graph), roof)
}

/** The teacher with guidance: all scales of VAR, or so many tokens of LlamaGen behind a half-filled cache. */
async function teacherRow({ entry, family, programs, signal }: Context, tokens: number): Promise<BenchRow> {
  const teacher = findModel(entry.teacher!)
  const sampling = teacher.kind === 'teacher' ? teacher.sampling : undefined
  const settings = { ...sampling!, cfgInterval: -1, greedy: true, prefixMask: 'none' as const }
  const groups = family.groups.length
  const from = family.name === 'var' ? 0 : Math.max(0, groups / 2 - tokens / 2)
  const to = family.name === 'var' ? groups : from + tokens
  const stamps: number[] = []
  const run = async () => {
    const session = family.teacher!(programs, { labels: [0], guided: true, prefixMask: 'none' })
    stamps.length = 0
    const start = performance.now()
    await drawTokens(family, {
      session,
      settings,
      prefix: new Int32Array(tokensBefore(family, from)),
      from,
      to,
      seed: 0,
      images: [0],
      signal,
      onGroup: () => stamps.push(performance.now() - start),
    })
    session.dispose()
    return stamps.at(-1)!
  }
  await run()
  if (family.name === 'var')
    return { what: `teacher ${entry.teacher}, ${groups} scales with guidance`, ...summarize([await run()]) }
  await run()
  const gaps = stamps.slice(1).map((t, i) => t - stamps[i]!)
  return { what: `teacher ${entry.teacher}, one token with guidance at position ${from}..${to}`, ...summarize(gaps) }
}

/** int8 against fp32 on the same noise: how the images differ. */
export async function compareInt8(
  engine: Engine,
  entry: StudentEntry,
  seeds = 2,
): Promise<{ mean: number; max: number }> {
  const decode = async (dtype: DType) => {
    const family = await randomFamily(entry, dtype, false)
    const programs = programCache(engine)
    const split = entry.presets[0]!.split
    const length = tokensBefore(family, family.groups.length)
    const images: Float32Array[] = []
    for (let seed = 0; seed < seeds; seed++) {
      const x = float32(noise(seed, 0, length * family.channels), [1, length, family.channels])
      const student = await programs.get('student', () => family.student!({ timestep: 0, split }))
      const { sequence } = await student.run({ labels: int64([seed]), x })
      const decoder = await programs.get('decoder', () => family.decoder())
      images.push(hostData((await decoder.run({ sequence: sequence! })).image))
    }
    await programs.dispose()
    return images
  }
  const [a, b] = [await decode('fp32'), await decode('int8')]
  let [sum, max, count] = [0, 0, 0]
  for (const [i, image] of a.entries()) {
    for (let p = 0; p < image.length; p++) {
      const d = Math.abs(image[p]! - b[i]![p]!)
      sum += d
      count++
      if (d > max) max = d
    }
  }
  return { mean: sum / count, max }
}
