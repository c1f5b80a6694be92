// LlamaGen as a family of token groups: every token is a group of its own.
// Upstream: LlamaGen/autoregressive/models/generate.py.

import { float32, hostData, int64, type Value } from '../engine/types.ts'
import type { LlamaGenArchitecture, LlamaGenVqArchitecture } from '../models/architecture.ts'
import { llamaGenTeacherGraph } from '../models/llamagen.ts'
import { llamaGenStudentGraph } from '../models/llamagen-dd.ts'
import { llamaGenCodebook, llamaGenDecoderGraph } from '../models/llamagen-vq.ts'
import type { Weights } from '../models/weights.ts'
import type { Family, TeacherSession, TeacherSessionSettings } from './family.ts'
import { cacheNames, disposeCache, guidedLabels, renamedCache } from './kv-cache.ts'
import type { Programs } from './programs.ts'

export interface LlamaGenParts {
  tokenizer: { weights: Weights; arch: LlamaGenVqArchitecture }
  student?: { weights: Weights; arch: LlamaGenArchitecture }
  teacher?: { weights: Weights; arch: LlamaGenArchitecture }
  /** Tokens of an image. */
  tokens: number
}

export function llamaGenFamily({ tokenizer, student, teacher, tokens }: LlamaGenParts): Family {
  const codebook = () => llamaGenCodebook(tokenizer.weights)
  return {
    name: 'llamagen',
    groups: new Array<number>(tokens).fill(1),
    channels: tokenizer.arch.embedDim,
    numClasses: (student ?? teacher)?.arch.numClasses ?? 0,
    imageSize: Math.sqrt(tokens) * 2 ** (tokenizer.arch.chMult.length - 1),
    quantized: student?.weights.dtype === 'int8',
    codebook,
    decoder: () => llamaGenDecoderGraph(tokenizer.weights, tokenizer.arch, tokens),
    ...(student && { student: (step) => llamaGenStudentGraph(student.weights, codebook(), student.arch, step) }),
    ...(teacher && { teacher: (programs, settings) => llamaGenTeacherSession(teacher, programs, settings) }),
  }
}

function llamaGenTeacherSession(
  { weights, arch }: Required<LlamaGenParts>['teacher'],
  programs: Programs,
  settings: TeacherSessionSettings,
): TeacherSession {
  const { guided } = settings
  const { vocabSize } = arch
  const batch = settings.labels.length
  const rows = guided ? 2 * batch : batch
  const present = cacheNames('present', arch.layers)
  let done = 0 // positions in the cache, the class token included
  let cache: Record<string, Value> = {}

  async function run(start: boolean, indices: Int32Array, count: number, guidance: number): Promise<Float32Array> {
    const program = await programs.get(
      `teacher:${start ? 'start' : 'next'}:${guided}`,
      () => llamaGenTeacherGraph(weights, arch, { start, guided }),
      { prepack: !start }, // a single token reads every weight once: packed rows are worth their memory
    )
    const given = start ? count - 1 : count
    const doubled = guided ? Int32Array.of(...indices, ...indices) : indices
    const positions = Array.from({ length: rows * count }, (_, i) => done + (i % count))
    const out = await program.run(
      {
        ...(start && { labels: guidedLabels(settings.labels, arch.numClasses, guided) }),
        tokens: int64(doubled, [rows, given]),
        positions: int64(positions, [rows, count]),
        mask: float32(causalMask(count, done), [count, done + count]),
        ...(guided && { guidance: float32(Float32Array.of(guidance), []) }),
        ...renamedCache(cache),
      },
      { keep: present },
    )
    disposeCache(cache)
    cache = Object.fromEntries(present.map((name) => [name, out[name]!]))
    done += count
    return hostData(out.logits)
  }

  return {
    vocabSize,
    async begin(prefix, group, guidance) {
      const logits = await run(true, prefix, group + 1, guidance)
      const last = new Float32Array(batch * vocabSize)
      for (let b = 0; b < batch; b++) {
        const end = (b + 1) * (group + 1) * vocabSize
        last.set(logits.subarray(end - vocabSize, end), b * vocabSize)
      }
      return last
    },
    advance: (indices, guidance) => run(false, indices, 1, guidance),
    dispose() {
      disposeCache(cache)
      cache = {}
    },
  }
}

/** Additive mask [n, past + n]. */
function causalMask(n: number, past: number): Float32Array {
  const width = past + n
  return Float32Array.from({ length: n * width }, (_, i) =>
    i % width <= past + Math.floor(i / width) ? 0 : Number.NEGATIVE_INFINITY,
  )
}
