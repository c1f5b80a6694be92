// The teacher's sampling loop over token groups: guided logits, filter, draw. The uniforms of a token depend on
// (seed, image, group, position) alone, so neither batch size nor the steps before change what is drawn.

import { uniforms } from '../core/random/philox.ts'
import type { Family, TeacherSession } from './family.ts'
import { tokensBefore } from './family.ts'
import { categorical, filterLlamaGen, filterVar, greedy, softmax } from './filter.ts'
import { guidanceScale, type TeacherSettings } from './plan.ts'

export interface DrawRequest {
  session: TeacherSession
  settings: TeacherSettings
  /** Indices [B, tokens before `from`] of the finished groups. */
  prefix: Int32Array
  /** Groups from .. to - 1 are sampled. */
  from: number
  to: number
  seed: number
  /** Index of each image of the batch in the whole run. */
  images: readonly number[]
  signal?: AbortSignal | undefined
  onGroup?(group: number): void
  /** Sees the guided logits [B, n, V] of every group; for parity tests and analysis. */
  onLogits?(group: number, logits: Float32Array): void
}

/** Indices [B, tokens of groups from .. to - 1] that the teacher chose. */
export async function drawTokens(family: Family, request: DrawRequest): Promise<Int32Array> {
  const { session, settings, from, to, images, seed } = request
  const batch = images.length
  const before = tokensBefore(family, from)
  const width = tokensBefore(family, to) - before
  const chosen = new Int32Array(batch * width)
  const guidance = (group: number) => guidanceScale(family, settings, group, from)
  let logits = await session.begin(request.prefix, from, guidance(from))
  for (let group = from; group < to; group++) {
    request.signal?.throwIfAborted()
    request.onLogits?.(group, logits)
    const size = family.groups[group]!
    const indices = new Int32Array(batch * size)
    for (let b = 0; b < batch; b++) {
      const u = uniforms(seed, images[b]!, group, size)
      for (let i = 0; i < size; i++) {
        const at = (b * size + i) * session.vocabSize
        indices[b * size + i] = pick(family, settings, logits.subarray(at, at + session.vocabSize), u[i]!)
      }
      const column = tokensBefore(family, group) - before
      chosen.set(indices.subarray(b * size, (b + 1) * size), b * width + column)
    }
    request.onGroup?.(group)
    if (group + 1 < to) logits = await session.advance(indices, guidance(group + 1))
  }
  return chosen
}

function pick(family: Family, settings: TeacherSettings, logits: Float32Array, u: number): number {
  if (settings.greedy) return greedy(logits)
  const { topK, topP, temperature } = settings
  if (family.name === 'llamagen') return categorical(softmax(filterLlamaGen(logits, { topK, topP, temperature })), u)
  const scaled = temperature === 1 ? logits : logits.map((x) => x / temperature)
  return categorical(softmax(filterVar(scaled, { topK, topP })), u)
}
