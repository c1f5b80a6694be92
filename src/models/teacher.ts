// The common part of both teachers: a pass over any number of new positions that appends to a KV cache, and classifier-free
// guidance (Ho & Salimans 2022). The batch holds the conditional rows first, then the unconditional ones.

import { type Dim, input, type Tensor } from '../graph/index.ts'
import { add, concat, halves, mul, sub } from '../graph/ops/index.ts'

export interface TeacherPass {
  /** The pass that starts a sequence has no past and begins with the class token. */
  start: boolean
  /** The batch is [conditional; unconditional] and the logits are mixed by the input `guidance`. */
  guided: boolean
}

/** Number of new positions of a pass, as an open dimension. */
export const newPositions = (start: boolean): Dim => (start ? '1+rest' : 'new')
/** Number of keys that a pass attends to. */
export const allPositions = (start: boolean): Dim => (start ? '1+rest' : 'past+new')

/** Collects `present.i.key` and `present.i.value`, float32 [B, H, P + N, D]; the pass reads `past.i.*` unless it starts. */
export function kvCache({ start }: TeacherPass, heads: number, headDim: number) {
  const present: Record<string, Tensor> = {}
  return {
    present,
    extend(layer: number, k: Tensor, v: Tensor): [key: Tensor, value: Tensor] {
      const grow = (name: string, fresh: Tensor) => {
        const past = () => input(`past.${layer}.${name}`, 'float32', ['batch', heads, 'past', headDim])
        const all = start ? fresh : concat([past(), fresh], 2)
        present[`present.${layer}.${name}`] = all
        return all
      }
      return [grow('key', k), grow('value', v)]
    },
  }
}

/** uncond + guidance (cond - uncond) over the two halves of the batch; VAR's (1+t) cond - t uncond is guidance = 1 + t. */
export function guide(logits: Tensor): Tensor {
  const [conditional, unconditional] = halves(logits) // (B / 2, N, V) each
  return add(unconditional, mul(sub(conditional, unconditional), input('guidance', 'float32', [])))
}
