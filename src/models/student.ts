// How both students combine their two heads: finished positions keep their input, positions before `split` take the
// codebook entry of the largest logit, and the rest take the continuous prediction unchanged (docs/UPSTREAM.md).
// Upstream: DD_Model.final_predict + get_final_sequence, DDTransformer.final_predict + get_final_x_BLC.

import { constant, type Graph, input, type Tensor } from '../graph/index.ts'
import {
  add,
  argmax,
  argmin,
  concat,
  gather,
  layerNorm,
  linear,
  matmul,
  mul,
  reshape,
  slice,
  split,
  sub,
  sum,
  transpose,
} from '../graph/ops/index.ts'
import type { Weights } from './weights.ts'

export interface StudentStep {
  /** Groups (scales, tokens) that the input state already holds as data. */
  timestep: number
  /** Groups before this one come from the logits, the others from the continuous head. */
  split: number
}

/** A student's inputs; by default inputs of the graph, in training the tensors of the trainer. */
export interface StudentInputs {
  /** int64 [B] */
  labels: Tensor
  /** float32 [B, L, C]: finished tokens, then noise. */
  x: Tensor
  /** int64 [1 + L]: 1 for the class token and finished positions, 0 for noise. */
  noiseData: Tensor
}

/** Inputs labels and x of an open batch at a fixed number of finished positions. */
export function studentInputs(length: number, channels: number, finished: number): StudentInputs {
  const rows = Int32Array.from({ length: 1 + length }, (_, i) => (i <= finished ? 1 : 0))
  return {
    labels: input('labels', 'int64', ['batch']),
    x: input('x', 'float32', ['batch', length, channels]),
    noiseData: constant(rows, [1 + length], 'int64'),
  }
}

export interface StudentHeads {
  /** Logits [B, rows, V] of positions start..end. */
  logits(start: number, end: number): Tensor
  /** Continuous tokens [B, rows, C] of positions start..end. */
  continuous(start: number, end: number): Tensor
}

/**
 * The predicted sequence [B, L, C].
 * @param x input state [B, L, C]: `finished` data tokens, then noise
 * @param finished positions that were already data
 * @param split positions before it are quantised
 */
export function predictedSequence(
  x: Tensor,
  heads: StudentHeads,
  codebook: Tensor,
  finished: number,
  split: number,
): Tensor {
  const length = x.shape[1] as number
  const segments: [start: number, end: number, make: (start: number, end: number) => Tensor][] = [
    [0, Math.min(finished, split), (a, b) => gather(codebook, nearestCode(slice(x, 1, a, b), codebook))],
    [finished, split, (a, b) => gather(codebook, argmax(heads.logits(a, b)))],
    [split, finished, (a, b) => slice(x, 1, a, b)],
    [Math.max(finished, split), length, (a, b) => heads.continuous(a, b)],
  ]
  const parts = segments.filter(([start, end]) => end > start).map(([start, end, make]) => make(start, end))
  return concat(parts, 1)
}

/** Inputs x float32 [B, N, C]; outputs indices int64 [B, N] of the nearest codebook entries and these entries as sequence. */
export function quantizeGraph(codebook: Tensor): Graph {
  const x = input('x', 'float32', ['batch', 'length', codebook.shape[1]!])
  const indices = nearestCode(x, codebook)
  return { indices, sequence: gather(codebook, indices) }
}

/** Codebook entries by index: input indices int64 [B, N], output sequence float32 [B, N, C]. */
export function lookupGraph(codebook: Tensor): Graph {
  return { sequence: gather(codebook, input('indices', 'int64', ['batch', 'length'])) }
}

/** Index [B, L] of the codebook entry nearest to each vector of x [B, L, C]: argmin |c|^2 - 2 x.c. */
export function nearestCode(x: Tensor, codebook: Tensor): Tensor {
  const squared = sum(mul(codebook, codebook), [1]) // (V)
  const dot = matmul(x, transpose(codebook, [1, 0])) // (B, L, V)
  return argmin(sub(squared, mul(dot, 2)))
}

/** The continuous head of both students (PixArt's final layer): LayerNorm, then shift (first row) and scale, then Linear. */
export function continuousHead(w: Weights, h: Tensor, classEmbedding: Tensor): Tensor {
  const c = h.shape[2] as number
  const two = reshape(w.get('scale_shift_table'), [1, 2, c])
  const [shift, scale] = split(add(two, classEmbedding), [1, 1], 1) as [Tensor, Tensor] // (B, 1, C) each
  return linear(layerNorm(h, add(scale, 1), shift, 1e-6), w.get('linear.weight'), w.get('linear.bias'))
}
