// One sampler for both families: noise to sequence by a plan, sequence to images, batch by batch.
// Upstream: VAR/sample.py, combine_sample.py; LlamaGen eval_fewstep.py, eval_combine_sample.py.

import { float32, hostData, int64, type Program, type Value } from '../engine/types.ts'
import { lookupGraph, quantizeGraph } from '../models/student.ts'
import { drawTokens } from './draw.ts'
import { type Family, tokensBefore } from './family.ts'
import { flowTokens } from './flow-tokens.ts'
import type { NoiseSource } from './noise.ts'
import { isGuided, type SamplingPlan, steps, type TeacherSettings } from './plan.ts'
import { cancellable, type Programs } from './programs.ts'

export interface SampleRequest {
  /** Class of every image. */
  labels: readonly number[]
  plan: SamplingPlan
  noise: NoiseSource
  /** Seeds the teacher's draws. */
  seed: number
  /** Images computed together; results do not depend on it. */
  batch: number
  /** Index of the first image in the whole run. */
  firstIndex?: number
  /** Seed and index of each image when they are of several runs; then `seed` and `firstIndex` are not used. */
  origins?: readonly ImageOrigin[] | undefined
  /** Close the transformers before the last images are decoded: less memory, but the next run opens them again. */
  lean?: boolean | undefined
  signal?: AbortSignal | undefined
  onProgress?(event: SampleProgress): void
}

/** What an image's noise and draws follow from. */
export interface ImageOrigin {
  readonly seed: number
  readonly index: number
}

/** After every network evaluation and every decoded image. */
export type SampleProgress =
  | { type: 'step'; images: readonly number[]; step: number; steps: number }
  | { type: 'image'; image: number; done: number; total: number }

export interface SampledImage {
  index: number
  label: number
  /** float32 [3, H, W] in [0, 1] before rounding. */
  pixels: Float32Array
  /** float32 [L, C]: what was decoded. */
  sequence: Float32Array
  /** float32 [L, C]: what it was made from. */
  noise: Float32Array
  /** float32 [C, S, S], VAR only. */
  fHat?: Float32Array
  /** The indices the teacher itself chose, without the prefix. */
  teacherIndices?: Int32Array
}

/** Yields finished images in order. */
export async function* sample(family: Family, opened: Programs, request: SampleRequest): AsyncGenerator<SampledImage> {
  const { labels, batch, noise, seed, firstIndex = 0, signal } = request
  const programs = cancellable(opened, signal)
  const size = tokensBefore(family, family.groups.length) * family.channels
  for (let start = 0; start < labels.length; start += batch) {
    const rows = labels.slice(start, start + batch)
    const origins = rows.map((_, i) => request.origins?.[start + i] ?? { seed, index: firstIndex + start + i })
    const images = origins.map(({ index }) => index)
    const x = noise(firstIndex + start, rows.length)
    const { sequence, teacherIndices } = await sampleSequences(family, programs, request, rows, origins, x)
    if (request.lean && start + batch >= labels.length) await programs.close()
    const drawn = teacherIndices && teacherIndices.length / rows.length
    const own = (data: Float32Array, i: number) => data.slice(i * size, (i + 1) * size)
    let i = 0
    for await (const { pixels, fHat } of decoded(family, programs, sequence)) {
      signal?.throwIfAborted()
      request.onProgress?.({ type: 'image', image: images[i]!, done: start + i + 1, total: labels.length })
      yield {
        index: images[i]!,
        label: rows[i]!,
        pixels,
        sequence: own(sequence, i),
        noise: own(x, i),
        ...(fHat && { fHat }),
        ...(drawn && { teacherIndices: teacherIndices.slice(i * drawn, (i + 1) * drawn) }),
      }
      i++
    }
  }
}

/** Yields the pixels [3, H, W] of every sequence of [n, L, C], and f_hat for VAR. */
export async function* decoded(family: Family, programs: Programs, sequences: Float32Array) {
  const length = tokensBefore(family, family.groups.length)
  const size = together(family) * length * family.channels
  for (let at = 0; at < sequences.length; at += size)
    yield* await decode(family, programs, sequences.slice(at, at + size), length)
}

/** Pixels that are decoded at once: activations fill memory, so large images go through the decoder one by one. */
const PIXELS = 64 ** 2 * 4

const together = (family: Family) => Math.max(1, Math.floor(PIXELS / family.imageSize ** 2))

/** Decodes sequences [B, L, C]: pixels [3, H, W] and f_hat of each. */
async function decode(family: Family, programs: Programs, sequences: Float32Array, length: number) {
  const program = await programs.get('decoder', () => family.decoder())
  const count = sequences.length / (length * family.channels)
  const out = await program.run({ sequence: float32(sequences, [count, length, family.channels]) })
  const each = (value: Value | undefined) => {
    const data = hostData(value)
    const size = data.length / count
    return (i: number) => data.slice(i * size, (i + 1) * size)
  }
  const pixels = each(out.image)
  const fHat = out.f_hat && each(out.f_hat)
  return Array.from({ length: count }, (_, i) => ({ pixels: pixels(i), fHat: fHat?.(i) }))
}

interface Sequences {
  /** [B, L, C] */
  sequence: Float32Array
  teacherIndices?: Int32Array
}

async function sampleSequences(
  family: Family,
  programs: Programs,
  request: SampleRequest,
  labels: readonly number[],
  origins: readonly ImageOrigin[],
  noise: Float32Array,
): Promise<Sequences> {
  const { plan, signal } = request
  const images = origins.map((origin) => origin.index)
  const seed = origins.map((origin) => origin.seed)
  const groups = family.groups.length
  const batch = labels.length
  const total = steps(plan, groups)
  let step = 0
  const advance = () => request.onProgress?.({ type: 'step', images, step: ++step, steps: total })

  /** One student step: data in front of `timestep` comes from `sequence`, the rest is the noise. */
  const studentStep = async (sequence: Float32Array, timestep: number, split: number): Promise<Float32Array> => {
    const program = await studentProgram(family, programs, timestep, split, runsOnce(request))
    const x = spliced(family, sequence, noise, batch, timestep)
    const feeds = { labels: int64(labels), x: float32(x, [batch, x.length / batch / family.channels, family.channels]) }
    const out = await program.run(feeds, { signal })
    advance()
    return hostData(out.sequence)
  }

  const teacherTokens = async (settings: TeacherSettings, prefix: Int32Array, from: number, to: number) => {
    const guided = isGuided(family, settings)
    const session = family.teacher!(programs, { labels, guided, prefixMask: settings.prefixMask })
    try {
      return await drawTokens(family, { session, settings, prefix, from, to, seed, images, signal, onGroup: advance })
    } finally {
      session.dispose()
    }
  }

  if (plan.kind === 'student') {
    let sequence = noise
    for (const timestep of plan.timesteps) sequence = await studentStep(sequence, timestep, plan.split)
    return { sequence }
  }

  if (plan.kind === 'teacher') {
    const { teacher, flow } = plan
    const teacherIndices = flow
      ? await flowTokens(family, programs, { labels, noise, teacher, flow, signal, onGroup: advance })
      : await teacherTokens(teacher, new Int32Array(0), 0, groups)
    return { sequence: await lookup(family, programs, teacherIndices, batch), teacherIndices }
  }

  const { teacherFrom: from, timestep, split } = plan
  let prefix = new Int32Array(0)
  if (from > 0) {
    const first = await studentStep(noise, 0, split)
    prefix = await quantized(family, programs, first, batch, from)
  }
  const teacherIndices = await teacherTokens(plan.teacher, prefix, from, timestep)
  const data = await lookup(family, programs, joined(prefix, teacherIndices, batch), batch)
  if (timestep === groups) return { sequence: data, teacherIndices }
  return { sequence: await studentStep(data, timestep, split), teacherIndices }
}

function studentProgram(
  family: Family,
  programs: Programs,
  timestep: number,
  split: number,
  once: boolean,
): Promise<Program> {
  return programs.get(`student:${timestep}:${split}`, () => family.student!({ timestep, split }), {
    once,
    prepack: family.quantized,
  })
}

/** A lean run of a single batch needs every student program exactly once. */
const runsOnce = ({ lean = false, labels, batch }: SampleRequest) => lean && labels.length <= batch

/** The first `timestep` groups of `sequence` [B, at least that many tokens, C], then the noise [B, L, C]. */
function spliced(family: Family, sequence: Float32Array, noise: Float32Array, batch: number, timestep: number) {
  const x = noise.slice()
  const finished = tokensBefore(family, timestep) * family.channels
  const from = sequence.length / batch
  const to = noise.length / batch
  for (let b = 0; b < batch; b++) x.set(sequence.subarray(b * from, b * from + finished), b * to)
  return x
}

/** Codebook vectors [B, n, C] of indices [B, n]. */
async function lookup(family: Family, programs: Programs, indices: Int32Array, batch: number): Promise<Float32Array> {
  const program = await programs.get('lookup', () => lookupGraph(family.codebook()))
  return hostData((await program.run({ indices: int64(indices, [batch, indices.length / batch]) })).sequence)
}

/** Nearest codebook indices [B, n] of the first `groups` groups of a sequence [B, L, C]. */
async function quantized(family: Family, programs: Programs, sequence: Float32Array, batch: number, groups: number) {
  const program = await programs.get('quantize', () => quantizeGraph(family.codebook()))
  const n = tokensBefore(family, groups)
  const c = family.channels
  const width = sequence.length / batch
  const x = new Float32Array(batch * n * c)
  for (let b = 0; b < batch; b++) x.set(sequence.subarray(b * width, b * width + n * c), b * n * c)
  const out = await program.run({ x: float32(x, [batch, n, c]) })
  return Int32Array.from(hostData<BigInt64Array>(out.indices), Number)
}

/** [B, n] and [B, m] side by side. */
function joined(a: Int32Array, b: Int32Array, batch: number): Int32Array {
  const n = a.length / batch
  const m = b.length / batch
  const out = new Int32Array(a.length + b.length)
  for (let r = 0; r < batch; r++) {
    out.set(a.subarray(r * n, (r + 1) * n), r * (n + m))
    out.set(b.subarray(r * m, (r + 1) * m), r * (n + m) + n)
  }
  return out
}
