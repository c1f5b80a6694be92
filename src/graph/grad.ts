// Reverse-mode gradients on the graph: walk back from the loss, let every node turn the cotangents of its outputs into
// those of its inputs by the rule its op wrote beside it (`vjp`), add up where paths meet. The result is more graph. Gradients
// that no output needs are never emitted.

import { ShapeError } from '../core/errors.ts'
import { collect } from './serialize.ts'
import { type Cotangents, emit, emitMany, type Node, scalar, show, type Tensor } from './tensor.ts'

/**
 * Gradients of a scalar loss with respect to `params` (any tensors of the graph, usually inputs), in their order.
 * @throws ShapeError when the loss is not a scalar, does not depend on a parameter, or an op on the way has no rule
 * @example
 * const w = input('w', 'float32', [3])
 * const [dw] = grad(sum(mul(w, w), [0]), [w]) // 2 w
 */
export function grad(loss: Tensor, params: readonly Tensor[]): Tensor[] {
  if (loss.shape.some((d) => d !== 1)) throw new ShapeError(`grad: the loss must be a scalar, got ${show(loss)}.`)
  const order = collect({ loss })
  const relevant = dependents(order, params)
  const flowing = new Map<Node, Tensor[][]>([[loss.node, [[scalar(1)]]]])
  const cotangent = (t: Tensor) => total(flowing.get(t.node)?.[t.index] ?? [])
  for (const node of order.toReversed()) {
    const parts = flowing.get(node)
    if (!parts || node.kind !== 'op' || !relevant.has(node)) continue
    if (params.some((p) => p.node === node)) continue
    if (!node.vjp) throw new ShapeError(`grad: the op ${node.type} has no gradient rule.`)
    const grads = node.vjp(Array.from({ length: node.outputs }, (_, i) => total(parts[i] ?? [])))
    for (const [i, input] of node.inputs.entries()) {
      const g = grads[i]
      if (!input || !g || !relevant.has(input.node)) continue
      const outputs = flowing.get(input.node) ?? []
      outputs[input.index] = [...(outputs[input.index] ?? []), g]
      flowing.set(input.node, outputs)
    }
  }
  return params.map((p) => {
    const g = cotangent(p)
    if (g) return g
    throw new ShapeError(`grad: the loss does not depend on ${nameOf(p)}.`)
  })
}

const nameOf = (p: Tensor) => (p.node.kind === 'op' ? `a result of ${p.node.type}` : `"${p.node.name}"`)

/** The nodes through which a parameter reaches the loss. */
function dependents(order: readonly Node[], params: readonly Tensor[]): Set<Node> {
  const found = new Set(params.map((p) => p.node))
  for (const node of order) {
    if (node.kind === 'op' && node.inputs.some((t) => t && found.has(t.node))) found.add(node)
  }
  return found
}

function total(parts: readonly Tensor[]): Tensor | undefined {
  const [first] = parts
  if (!first || parts.length === 1) return first
  return emit({ type: 'Sum', inputs: parts }, first.shape, first.dtype)
}

/**
 * `y` with another gradient: what flows back goes to `inputs` by `rule`, not into y. For fused ops, straight-through
 * estimators and stops.
 * @param rule from the cotangent of y to those of `inputs`
 * @example
 * const hard = customVjp(codes, [z], (g) => [g]) // straight-through: z gets the gradient of the codes
 */
export function customVjp(y: Tensor, inputs: readonly Tensor[], rule: (g: Tensor) => Cotangents): Tensor {
  const spec = { type: 'CustomVjp', inputs: [y, ...inputs] }
  return emitMany({ ...spec, vjp: ([g]) => [undefined, ...rule(g!)] }, [y])[0]!
}

/** `y`, through which nothing flows back (torch's detach). */
export const stopGradient = (y: Tensor): Tensor => customVjp(y, [], () => [])
