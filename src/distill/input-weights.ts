// Weights that are inputs of the program instead of bytes of a file: the parameters in training. The networks of models/ build
// on them unchanged, so the graph that is trained is the graph that samples.

import { nearest, ShapeError } from '../core/errors.ts'
import { input, type Tensor } from '../graph/index.ts'
import type { Weights } from '../models/weights.ts'

export interface InputWeights extends Weights {
  /** The input tensor of every parameter asked for so far, by name. */
  readonly used: ReadonlyMap<string, Tensor>
}

/**
 * Parameters as float32 graph inputs named `prefix` + name.
 * @param shapes name and shape of every parameter
 * @throws ShapeError when a network asks for a parameter that is not among them
 * @example
 * const w = inputWeights(new Map([['head.weight', [12, 128]]]), 'w:')
 * w.get('head.weight').shape // [12, 128]
 */
export function inputWeights(shapes: ReadonlyMap<string, readonly number[]>, prefix = ''): InputWeights {
  const used = new Map<string, Tensor>()
  const scoped = (scope: string): InputWeights => ({
    dtype: 'fp32',
    differentiable: true,
    used,
    has: (name) => shapes.has(scope + name),
    scope: (inner) => scoped(scope + inner),
    get(name) {
      const full = scope + name
      const known = used.get(full)
      if (known) return known
      const shape = shapes.get(full)
      if (!shape) {
        const near = nearest(full, shapes.keys())
        throw new ShapeError(`There is no parameter "${full}"${near ? `; did you mean "${near}"?` : '.'}`)
      }
      const tensor = input(prefix + full, 'float32', shape)
      used.set(full, tensor)
      return tensor
    },
    derive(name) {
      throw new ShapeError(`"${scope}${name}" is being trained; nothing can be precomputed from it.`)
    },
  })
  return scoped('')
}
