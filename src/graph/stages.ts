// Large graphs are cut into stages that open and run one after another: ONNX Runtime takes time quadratic in the number
// of nodes to open a graph, and a stage that has run can be closed before the next one maps its weights.
// A network marks the places with `stage`; where nobody cuts, the mark is no node at all.

import { collect, type Graph } from './serialize.ts'
import { emitMany, input, type Node, type Tensor } from './tensor.ts'

/** Marks the tensors as a place where the graph may be cut; use what it returns instead of them. */
export function stage(tensors: readonly Tensor[]): Tensor[] {
  return emitMany({ type: 'Stage', inputs: tensors }, tensors)
}

const isStage = (node: Node) => node.kind === 'op' && node.type === 'Stage'

/**
 * The graph as stages, in order. Tensors that cross a mark are outputs `stage.i.j` of one stage and inputs of later ones;
 * the last stage has the graph's own outputs. What several stages need (class embeddings, tables) each computes itself.
 */
export function cutStages(graph: Graph): Graph[] {
  const marks = collect(graph).filter(isStage) as Extract<Node, { kind: 'op' }>[]
  const replaced = new Map<Node, Tensor[]>()
  const stages = marks.map((mark, i) => {
    const name = (j: number) => `stage.${i}.${j}`
    const tensors = mark.inputs as Tensor[]
    const outputs = substitute(Object.fromEntries(tensors.map((t, j) => [name(j), t])), replaced)
    replaced.set(
      mark,
      tensors.map((t, j) => input(name(j), t.dtype, t.shape)),
    )
    return outputs
  })
  return [...stages, substitute(graph, replaced)]
}

/** The graph with every output of the given nodes replaced by other tensors. */
function substitute(graph: Graph, replaced: ReadonlyMap<Node, readonly Tensor[]>): Graph {
  const changed = new Map<Node, Node>()
  const now = (t: Tensor): Tensor => {
    const other = replaced.get(t.node)?.[t.index]
    if (other) return other
    const node = changed.get(t.node)
    return node ? { ...t, node } : t
  }
  for (const node of collect(graph)) {
    if (node.kind !== 'op' || replaced.has(node)) continue
    const inputs = node.inputs.map((t) => t && now(t))
    if (inputs.some((t, i) => t !== node.inputs[i])) changed.set(node, { ...node, inputs })
  }
  return Object.fromEntries(Object.entries(graph).map(([name, t]) => [name, now(t)]))
}
