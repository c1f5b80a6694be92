// The teacher's loop over token groups: guided logits, filter, a choice for every token, and on to the next group.
// Sampling draws the tokens; the uniforms of a token depend on (seed, image, group, position) alone, so neither batch
// size nor the steps before change what is drawn. The flow map chooses in another way (flow-tokens.ts).

import { uniforms } from '../core/random/philox.ts'
import type { Family, TeacherSession } from './family.ts'
import { tokensBefore } from './family.ts'
import { categorical, filterLlamaGen, filterVar, greedy, softmax } from './filter.ts'
import { guidanceScale, type TeacherSettings } from './plan.ts'

export interface WalkRequest {
  session: TeacherSession
  settings: TeacherSettings
  /** Indices [B, tokens before `from`] of the finished groups. */
  prefix: Int32Array
  /** Groups from .. to - 1 are sampled. */
  from: number
  to: number
  /** Index of each image of the batch in the whole run. */
  images: readonly number[]
  signal?: AbortSignal | undefined
  onGroup?(group: number): void
  /** Sees the guided logits [B, n, V] of every group; for parity tests and analysis. */
  onLogits?(group: number, logits: Float32Array): void
}

/** From the guided logits [B, n, V] of a group to the indices [B, n] of its tokens. */
export type Choose = (group: number, logits: Float32Array) => Int32Array | Promise<Int32Array>

export interface DrawRequest extends WalkRequest {
  /** Of all images, or one for each of the batch. */
  seed: number | readonly number[]
}

/** Milliseconds of drawing after which other work of the thread has its turn: a server answers meanwhile. */
const TURN = 10

const pause = (): Promise<void> => new Promise((resolve) => (globalThis.setImmediate ?? setTimeout)(() => resolve()))

/** Indices [B, tokens of groups from .. to - 1] that the teacher drew. */
export function drawTokens(family: Family, request: DrawRequest): Promise<Int32Array> {
  const { session, settings, images, seed } = request
  let turn = performance.now()
  return walkGroups(family, request, async (group, logits) => {
    const size = family.groups[group]!
    const indices = new Int32Array(images.length * size)
    for (const [b, image] of images.entries()) {
      const u = uniforms(typeof seed === 'number' ? seed : seed[b]!, image, group, size)
      for (let i = 0; i < size; i++) {
        if (performance.now() - turn > TURN) {
          await pause()
          turn = performance.now()
        }
        const at = (b * size + i) * session.vocabSize
        const own = logits.subarray(at, at + session.vocabSize)
        indices[b * size + i] = settings.greedy
          ? greedy(own)
          : categorical(softmax(filtered(family, settings, own)), u[i]!)
      }
    }
    return indices
  })
}

/** Indices [B, tokens of groups from .. to - 1] when `choose` picks the tokens of each group. */
export async function walkGroups(family: Family, request: WalkRequest, choose: Choose): Promise<Int32Array> {
  const { session, settings, from, to } = request
  const batch = request.images.length
  const before = tokensBefore(family, from)
  const width = tokensBefore(family, to) - before
  const chosen = new Int32Array(batch * width)
  const guidance = (group: number) => guidanceScale(family, settings, group, from)
  let logits = await session.begin(request.prefix, from, guidance(from))
  for (let group = from; group < to; group++) {
    request.signal?.throwIfAborted()
    request.onLogits?.(group, logits)
    const size = family.groups[group]!
    const indices = await choose(group, logits)
    const column = tokensBefore(family, group) - before
    for (let b = 0; b < batch; b++) chosen.set(indices.subarray(b * size, (b + 1) * size), b * width + column)
    request.onGroup?.(group)
    if (group + 1 < to) logits = await session.advance(indices, guidance(group + 1))
  }
  return chosen
}

/** Guided logits [V] of one token over the temperature, with what the teacher does not allow at -Infinity. */
export function filtered(family: Family, settings: TeacherSettings, logits: Float32Array): Float32Array {
  const { topK, topP, temperature } = settings
  if (family.name === 'llamagen') return filterLlamaGen(logits, { topK, topP, temperature })
  return filterVar(temperature === 1 ? logits : logits.map((x) => x / temperature), { topK, topP })
}
