// The seam between the two families and everything above: a sequence of token groups, a codebook, and graphs for the
// student's step, the decoder and the teacher. A timestep is a number of finished groups (docs/METHOD.md).

import type { Graph, Tensor } from '../graph/index.ts'
import type { StudentStep } from '../models/student.ts'
import type { Programs } from './programs.ts'

export interface Family {
  readonly name: 'var' | 'llamagen'
  /** Tokens of each group, in order. */
  readonly groups: readonly number[]
  /** Width of a codebook entry. */
  readonly channels: number
  readonly numClasses: number
  /** Side of the image in pixels. */
  readonly imageSize: number
  /** Whether the student computes in int8, whose kernels want their weights packed on opening. */
  readonly quantized: boolean
  /** Codebook [V, C] as a graph tensor. */
  codebook(): Tensor
  /** labels [B], x [B, L, C] -> sequence [B, L, C]; undefined without a student checkpoint. */
  readonly student?: (step: StudentStep) => Graph
  /** sequence [B, L, C] -> image [B, 3, H, W] in [0, 1] (and f_hat for VAR). */
  decoder(): Graph
  /** Undefined without a teacher checkpoint. */
  readonly teacher?: (programs: Programs, settings: TeacherSessionSettings) => TeacherSession
}

export const prefixMasks = ['none', 'causal'] as const
/** What a plan asks of a model: its token groups, and whether its networks are there. A page knows no more. */
export interface PlannedFamily extends Pick<Family, 'name' | 'groups'> {
  readonly student?: unknown
  readonly teacher?: unknown
}

export type PrefixMask = (typeof prefixMasks)[number]

export interface TeacherSessionSettings {
  /** Class of every image of the batch. */
  labels: readonly number[]
  /** Run the unconditional branch too. */
  guided: boolean
  /** What the prefix's groups see when they are processed in one pass (VAR only): each other, or earlier groups only. */
  prefixMask: PrefixMask
}

/** A teacher in the middle of a sequence; holds the KV cache. Logits are float32, [B, tokens of the group, V]. */
export interface TeacherSession {
  readonly vocabSize: number
  /** Logits of group `group`, given the indices [B, tokens before] of all earlier groups. */
  begin(prefix: Int32Array, group: number, guidance: number): Promise<Float32Array>
  /** Takes the indices [B, tokens] chosen for the current group; logits of the next one. */
  advance(indices: Int32Array, guidance: number): Promise<Float32Array>
  dispose(): void
}

/** Number of tokens in the first `groups` groups. */
export function tokensBefore(family: Pick<Family, 'groups'>, groups: number): number {
  return family.groups.slice(0, groups).reduce((n, size) => n + size, 0)
}
