// A graph for every provider, as a new graph. ONNX lets the scale and shift of LayerNormalization broadcast, which makes adaptive
// norms one node, and ONNX Runtime's CPU and CUDA do it; its WebGPU provider takes vectors only. Such norms become a norm
// with nothing learned, a product and a sum.

import { add, mul } from './ops/elementwise.ts'
import { collect, type Graph } from './serialize.ts'
import { constant, type Node, type Tensor } from './tensor.ts'

/**
 * The same network with layer norms whose scale and shift are vectors.
 * @example
 * const graph = plainNorms({ y: mul(z, 2) })
 */
export function plainNorms(graph: Graph): Graph {
  const changed = new Map<Node, (t: Tensor) => Tensor>()
  const now = (t: Tensor): Tensor => changed.get(t.node)?.(t) ?? t
  const vectors = new Map<number, Tensor[]>()
  const identity = (width: number): Tensor[] => {
    const pair = vectors.get(width) ?? [1, 0].map((value) => constant(new Float32Array(width).fill(value)))
    vectors.set(width, pair)
    return pair
  }
  for (const node of collect(graph)) {
    if (node.kind !== 'op') continue
    const inputs = node.inputs.map((t) => t && now(t))
    const [x, scale, shift] = inputs
    const width = x?.shape.at(-1)
    if (node.type === 'LayerNormalization' && scale && shift && typeof width === 'number' && scale.shape.length > 1) {
      const plain: Node = { ...node, inputs: [x, ...identity(width)] }
      let y: Tensor | undefined
      changed.set(node, (t) => {
        if (t.index > 0) return { ...t, node: plain } // its statistics are those of x
        y ??= add(mul({ ...t, node: plain }, scale), shift)
        return y
      })
    } else if (inputs.some((t, i) => t !== node.inputs[i])) {
      const own: Node = { ...node, inputs }
      changed.set(node, (t) => ({ ...t, node: own }))
    }
  }
  return Object.fromEntries(Object.entries(graph).map(([name, t]) => [name, now(t)]))
}
