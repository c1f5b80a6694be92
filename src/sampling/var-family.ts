// VAR as a family of token groups: the groups are the scales.
// Upstream: VAR/models/var.py:autoregressive_infer_cfg, intermediate_sample.

import { float32, hostData, int64, type Program, type Value } from '../engine/types.ts'
import type { VarArchitecture, VarVqvaeArchitecture } from '../models/architecture.ts'
import { varTeacherGraph } from '../models/var.ts'
import { varStudentGraph } from '../models/var-dd.ts'
import { varCodebook, varDecoderGraph, varNextScaleGraph } from '../models/var-vqvae.ts'
import type { Weights } from '../models/weights.ts'
import type { Family, TeacherSession, TeacherSessionSettings } from './family.ts'
import { cacheNames, disposeCache, guidedLabels, renamedCache } from './kv-cache.ts'
import type { Programs } from './programs.ts'

export interface VarParts {
  tokenizer: { weights: Weights; arch: VarVqvaeArchitecture }
  student?: { weights: Weights; arch: VarArchitecture }
  teacher?: { weights: Weights; arch: VarArchitecture }
}

export function varFamily({ tokenizer, student, teacher }: VarParts): Family {
  const { patchNums, zChannels, chMult } = tokenizer.arch
  const codebook = () => varCodebook(tokenizer.weights)
  return {
    name: 'var',
    groups: patchNums.map((side) => side * side),
    channels: zChannels,
    numClasses: (student ?? teacher)?.arch.numClasses ?? 0,
    imageSize: patchNums.at(-1)! * 2 ** (chMult.length - 1),
    quantized: student?.weights.dtype === 'int8',
    codebook,
    decoder: () => varDecoderGraph(tokenizer.weights, tokenizer.arch),
    ...(student && { student: (step) => varStudentGraph(student.weights, codebook(), student.arch, step) }),
    ...(teacher && { teacher: (programs, settings) => varTeacherSession({ tokenizer, teacher }, programs, settings) }),
  }
}

type TeacherParts = Required<Pick<VarParts, 'tokenizer' | 'teacher'>>

function varTeacherSession(parts: TeacherParts, programs: Programs, settings: TeacherSessionSettings): TeacherSession {
  const { arch } = parts.teacher
  const { patchNums, channels, vocabSize, depth } = arch
  const { guided } = settings
  const batch = settings.labels.length
  const side = patchNums.at(-1)!
  const labels = guidedLabels(settings.labels, arch.numClasses, guided)
  const levelOf = patchNums.flatMap((p, level) => new Array<number>(p * p).fill(level))
  const tokensUpTo = (scale: number) => patchNums.slice(0, scale).reduce((n, p) => n + p * p, 0)
  const present = cacheNames('present', depth)

  let scale = 0
  let fHat = new Float32Array(batch * channels * side * side)
  let cache: Record<string, Value> = {}

  const pass = (start: boolean): Promise<Program> =>
    programs.get(`teacher:${start ? 'start' : 'next'}:${guided}`, () =>
      varTeacherGraph(parts.teacher.weights, arch, { start, guided }),
    )

  /** Adds the current scale's indices to f_hat; the next scale's input tokens [B, n, C]. */
  async function grow(indices: Int32Array): Promise<Float32Array> {
    const n = patchNums[scale]! ** 2
    const program = await programs.get(`next-scale:${scale}`, () =>
      varNextScaleGraph(parts.tokenizer.weights, parts.tokenizer.arch, scale),
    )
    const out = await program.run({
      previous: float32(fHat, [batch, channels, side, side]),
      indices: int64(indices, [batch, n]),
    })
    fHat = hostData(out.f_hat) as Float32Array<ArrayBuffer>
    scale++
    return out.next ? hostData(out.next) : new Float32Array(0)
  }

  async function run(start: boolean, tokens: Float32Array, count: number, mask: Float32Array, guidance: number) {
    const from = tokensUpTo(scale + 1) - count // index of the first new position
    const rows = guided ? 2 * batch : batch
    const doubled = guided ? concatenated([tokens, tokens]) : tokens
    const feeds: Record<string, Value> = {
      labels,
      tokens: float32(doubled, [rows, start ? count - 1 : count, channels]),
      positions: int64(Array.from({ length: count }, (_, i) => from + i)),
      levels: int64(levelOf.slice(from, from + count)),
      mask: float32(mask, [count, from + count]),
      ...(guided && { guidance: float32(Float32Array.of(guidance), []) }),
      ...renamedCache(cache),
    }
    const out = await (await pass(start)).run(feeds, { keep: present })
    disposeCache(cache)
    cache = Object.fromEntries(present.map((name) => [name, out[name]!]))
    return hostData(out.logits)
  }

  return {
    vocabSize,
    async begin(prefix, group, guidance) {
      const before = tokensUpTo(group)
      const inputs: Float32Array[] = []
      for (let s = 0; s < group; s++) {
        const start = tokensUpTo(s)
        const end = tokensUpTo(s + 1)
        inputs.push(await grow(rowsSlice(prefix, batch, before, start, end)))
      }
      const count = tokensUpTo(group + 1)
      const tokens = joinRows(inputs, batch)
      const logits = await run(true, tokens, count, prefixMask(levelOf, count, settings.prefixMask), guidance)
      return rowsSlice(logits, batch, count * vocabSize, before * vocabSize, count * vocabSize)
    },
    async advance(indices, guidance) {
      const tokens = await grow(indices)
      const count = patchNums[scale]! ** 2
      return run(false, tokens, count, new Float32Array(count * tokensUpTo(scale + 1)), guidance)
    },
    dispose() {
      disposeCache(cache)
      cache = {}
    },
  }
}

/** Additive mask [n, n]: nothing hidden, or every position sees its own and earlier scales. */
function prefixMask(levelOf: readonly number[], n: number, kind: 'none' | 'causal'): Float32Array {
  const mask = new Float32Array(n * n)
  if (kind === 'none') return mask
  return mask.map((_, i) => (levelOf[i % n]! <= levelOf[Math.floor(i / n)]! ? 0 : Number.NEGATIVE_INFINITY))
}

/** Columns start..end of a row-major [rows, width] array. */
function rowsSlice<T extends Float32Array | Int32Array>(
  data: T,
  rows: number,
  width: number,
  start: number,
  end: number,
): T {
  return concatenated(Array.from({ length: rows }, (_, r) => data.subarray(r * width + start, r * width + end) as T))
}

/** Joins arrays of [rows, n_i] along the second axis. */
function joinRows(parts: readonly Float32Array[], rows: number): Float32Array {
  const slices = Array.from({ length: rows }, (_, r) =>
    parts.map((part) => part.subarray((r * part.length) / rows, ((r + 1) * part.length) / rows)),
  )
  return concatenated(slices.flat())
}

function concatenated<T extends Float32Array | Int32Array>(parts: readonly T[]): T {
  const length = parts.reduce((n, part) => n + part.length, 0)
  const Type = (parts[0]?.constructor ?? Float32Array) as { new (length: number): T }
  const out = new Type(length)
  let at = 0
  for (const part of parts) {
    out.set(part as never, at)
    at += part.length
  }
  return out
}
