// Networks that take part in a training graph without being trained: tokenizers, teachers, feature extractors. Their
// weights are constants of the graph; gradients flow through them, not into them.

import type { StateDict, TensorRef } from '../checkpoint/types.ts'
import { openWeights, type Weights } from '../models/weights.ts'
import { bytesOf, type Tensors } from './weights-file.ts'

/** Tensors in memory as a state dict, in the order they have. */
export function stateDictOf(tensors: Tensors): StateDict {
  return new Map(
    Array.from(tensors, ([name, { shape, data }]): [string, TensorRef] => [
      name,
      { name, dtype: 'float32', shape, read: async () => bytesOf(data) as Uint8Array<ArrayBuffer> },
    ]),
  )
}

/**
 * Weights of a network whose parameters are in memory.
 * @param options `differentiable`: gradients shall flow through what is built on them
 */
export const memoryWeights = (name: string, tensors: Tensors, options: { differentiable?: boolean } = {}): Weights =>
  openWeights(name, stateDictOf(tensors), options)
