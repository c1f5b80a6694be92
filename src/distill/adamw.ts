// AdamW with decoupled weight decay (Loshchilov & Hutter 2019), clipping by the global norm and an exponential moving
// average, as plain loops over typed arrays: ONNX Runtime's Node binding copies every output, so an update in the graph
// would cost more than it saves (docs/decisions/gradients-in-the-graph.md).

import type { Parameters } from './parameters.ts'
import type { HostTensor } from './weights-file.ts'

export interface AdamWSettings {
  /** Decay rates of the two moments. */
  betas: readonly [number, number]
  epsilon: number
  /** Pull towards zero per unit of learning rate, for parameters that `decays` names. */
  weightDecay: number
}

export interface OptimizerState {
  /** First and second moment of every parameter. */
  readonly m: Parameters
  readonly v: Parameters
}

export function zerosLike(parameters: Parameters): Parameters {
  const zero = ({ shape, data }: HostTensor): HostTensor => ({ shape, data: new Float32Array(data.length) })
  return new Map(Array.from(parameters, ([name, tensor]) => [name, zero(tensor)]))
}

/**
 * Matrices decay; norms, biases, embeddings and tables do not (VAR/utils/lr_control.py:filter_params).
 * @example
 * decaysByDefault('blocks.0.attn.proj.bias', [64]) // false
 */
export function decaysByDefault(name: string, shape: readonly number[]): boolean {
  const exempt = /bias|norm|embed|pos_|class_emb|scale_|ada_gss|table|gamma|quantize/
  return shape.length > 1 && !exempt.test(name)
}

/** Euclidean norm over all gradients. */
export function globalNorm(grads: ReadonlyMap<string, Float32Array>): number {
  let sum = 0
  for (const g of grads.values()) for (let i = 0; i < g.length; i++) sum += g[i]! * g[i]!
  return Math.sqrt(sum)
}

export interface UpdateOptions extends AdamWSettings {
  lr: number
  /** Number of this update, from 1 on: corrects the moments' start at zero. */
  step: number
  /** Multiplies every gradient: 1 / micro-batches, and what clipping asks for. */
  gradScale: number
  decays(name: string, shape: readonly number[]): boolean
}

/**
 * One update of `parameters` and moments, in place.
 * @example
 * const parameters = new Map([['w', { shape: [1], data: Float32Array.of(1) }]])
 * const state = { m: zerosLike(parameters), v: zerosLike(parameters) }
 * const settings = { betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0, decays: decaysByDefault }
 * adamW(parameters, new Map([['w', Float32Array.of(2)]]), state, { lr: 0.5, step: 1, gradScale: 1, ...settings })
 * parameters.get('w').data // [0.5]
 */
export function adamW(
  parameters: Parameters,
  grads: ReadonlyMap<string, Float32Array>,
  { m, v }: OptimizerState,
  { lr, step, gradScale, betas: [b1, b2], epsilon, weightDecay, decays }: UpdateOptions,
): void {
  const stepSize = lr / (1 - b1 ** step)
  const correction = 1 / Math.sqrt(1 - b2 ** step)
  for (const [name, { shape, data }] of parameters) {
    const g = grads.get(name)
    if (!g) continue
    const keep = decays(name, shape) ? 1 - lr * weightDecay : 1
    updateOne(data, g, m.get(name)!.data, v.get(name)!.data, { b1, b2, gradScale, stepSize, correction, epsilon, keep })
  }
}

type Step = Readonly<Record<'b1' | 'b2' | 'gradScale' | 'stepSize' | 'correction' | 'epsilon' | 'keep', number>>

/** A function of its own, called often enough to be compiled whole: twice as fast as the same loop in the caller. */
function updateOne(data: Float32Array, g: Float32Array, first: Float32Array, second: Float32Array, by: Step): void {
  const { b1, b2, gradScale, stepSize, correction, epsilon, keep } = by
  for (let i = 0; i < data.length; i++) {
    const gi = g[i]! * gradScale
    const mi = b1 * first[i]! + (1 - b1) * gi
    const vi = b2 * second[i]! + (1 - b2) * gi * gi
    first[i] = mi
    second[i] = vi
    data[i] = data[i]! * keep - (stepSize * mi) / (Math.sqrt(vi) * correction + epsilon)
  }
}

/** ema = decay ema + (1 - decay) parameters, in place. */
export function updateEma(ema: Parameters, parameters: Parameters, decay: number): void {
  for (const [name, { data }] of parameters) {
    const average = ema.get(name)!.data
    for (let i = 0; i < data.length; i++) average[i]! += (1 - decay) * (data[i]! - average[i]!)
  }
}

/** Decay of the average at a step: short at first, so that the start is forgotten (DD2: min(decay, (1 + step) / (10 + step))). */
export const emaDecay = (decay: number, step: number): number => Math.min(decay, (1 + step) / (10 + step))
