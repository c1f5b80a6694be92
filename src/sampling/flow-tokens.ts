// The teacher's flow map: noise sequences to token sequences. Group after group the teacher gives its conditional
// distribution, and the flow map of that distribution turns each position's part of the noise into a token (docs/METHOD.md; arXiv
// 2412.17153, section 3.2). An image's tokens depend only on its noise, its label and the settings.

import { EngineError, UsageError } from '../core/errors.ts'
import { float32, hostData, type Program } from '../engine/types.ts'
import { filtered, walkGroups } from './draw.ts'
import { type Family, type TeacherSession, tokensBefore } from './family.ts'
import { flowMapGraph } from './flow-map.ts'
import { type FlowSettings, schedule } from './flow-schedule.ts'
import { isGuided, type TeacherSettings } from './plan.ts'
import { cancellable, type Programs } from './programs.ts'

export interface FlowRequest {
  /** Class of every image. */
  labels: readonly number[]
  /** float32 [B, L, C], row-major. */
  noise: Float32Array
  teacher: TeacherSettings
  flow: FlowSettings
  signal?: AbortSignal | undefined
  onGroup?(group: number): void
}

/**
 * Indices [B, L] of the codebook entries that the teacher's flow map gives to the noise of each image.
 * @throws UsageError without a teacher or with a greedy one, EngineError for logits that are not numbers, the signal's reason when aborted
 * @see https://arxiv.org/abs/2412.17153
 */
export async function flowTokens(family: Family, opened: Programs, request: FlowRequest): Promise<Int32Array> {
  const { labels, noise, teacher, flow, signal } = request
  if (!family.teacher)
    throw new UsageError('The flow map needs a teacher, and none is loaded.', {
      remedy: 'Name its file with `teacher`.',
    })
  if (teacher.greedy)
    throw new UsageError('A greedy teacher has one token for every noise, so there is no flow to map.')
  // A batch of one would run other kernels, whose last bits differ, so its image is computed twice.
  const rows = labels.length === 1 ? [0, 0] : [...labels.keys()]
  const programs = cancellable(opened, signal)
  const channels = family.channels
  const size = tokensBefore(family, family.groups.length) * channels
  const settings = {
    labels: rows.map((r) => labels[r]!),
    guided: isGuided(family, teacher),
    prefixMask: 'none',
  } as const
  const session = family.teacher(programs, settings)
  try {
    const program = await flowProgram(family, programs, flow)
    const walk = {
      session,
      settings: teacher,
      prefix: new Int32Array(0),
      from: 0,
      to: family.groups.length,
      images: rows,
      signal,
      ...(request.onGroup && { onGroup: request.onGroup }),
    }
    const indices = await walkGroups(family, walk, (group, logits) => {
      const [start, end] = [group, group + 1].map((g) => tokensBefore(family, g) * channels) as [number, number]
      const own = new Float32Array(rows.length * (end - start)) // (B, n, C)
      for (const [b, r] of rows.entries()) own.set(noise.subarray(r * size + start, r * size + end), b * (end - start))
      const allow = (part: Float32Array) => allowed(family, teacher, session, part)
      return mapped(program, own, logits, { channels, entries: session.vocabSize, allow, signal })
    })
    return indices.subarray(0, labels.length * (size / channels))
  } finally {
    session.dispose()
  }
}

const flowProgram = (family: Family, programs: Programs, flow: FlowSettings): Promise<Program> =>
  programs.get(`flow:${flow.solver}:${flow.steps}`, () => flowMapGraph(family.codebook(), schedule(flow)), {
    prepack: true,
  })

/** Logits that a run takes at most: they and the weights stay in the processor's cache. */
const CHUNK = 2 ** 18

interface FlowOptions {
  channels: number
  entries: number
  /** From guided to filtered logits. */
  allow(logits: Float32Array): Float32Array
  signal: AbortSignal | undefined
}

/** Indices [N] for noise [N, C] and guided logits [N, V], in runs of a bounded size; one is filtered while another runs. */
async function mapped(program: Program, noise: Float32Array, logits: Float32Array, options: FlowOptions) {
  const { channels, entries, allow, signal } = options
  const tokens = noise.length / channels
  const rows = Math.max(2, Math.floor(CHUNK / entries))
  const indices = new Int32Array(tokens)
  const run = async (start: number, end: number, own: Float32Array) => {
    const feeds = {
      noise: float32(noise.subarray(start * channels, end * channels), [end - start, channels]),
      logits: float32(own, [end - start, entries]),
    }
    const out = hostData<BigInt64Array>((await program.run(feeds, { signal })).indices)
    for (const [i, index] of out.entries()) indices[start + i] = Number(index)
  }
  let running = Promise.resolve()
  try {
    for (let at = 0; at < tokens; at += rows) {
      // Never a single row, as above: the last run includes a row that is already done.
      const start = tokens - at === 1 ? at - 1 : at
      const end = Math.min(tokens, at + rows)
      const own = allow(logits.subarray(start * entries, end * entries))
      await running
      running = run(start, end, own)
    }
  } finally {
    await running
  }
  return indices
}

/** The logits [N, V] with what the teacher does not allow at -Infinity; untouched where nothing is filtered. */
function allowed(family: Family, settings: TeacherSettings, { vocabSize }: TeacherSession, logits: Float32Array) {
  const { topK, topP, temperature } = settings
  const keepsAll = (topK === 0 || topK >= vocabSize) && (topP === 1 || (topP === 0 && family.name === 'var'))
  const out = keepsAll && temperature === 1 ? logits : new Float32Array(logits.length)
  for (let at = 0; at < logits.length; at += vocabSize) {
    const own = logits.subarray(at, at + vocabSize)
    checkFinite(own)
    if (out !== logits) out.set(filtered(family, settings, own), at)
  }
  return out
}

function checkFinite(logits: Float32Array): void {
  let found = Number.NEGATIVE_INFINITY
  for (const logit of logits) {
    if (logit > found) found = logit
    if (!(logit < Number.POSITIVE_INFINITY)) {
      found = logit // NaN, or too large
      break
    }
  }
  if (Number.isFinite(found)) return
  throw new EngineError(`The teacher's largest logit is ${found}.`, {
    remedy: 'The network overflowed or its weights are damaged; try dtype fp32.',
  })
}
