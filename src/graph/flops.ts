// Floating-point operations of a graph: the matrix products and convolutions, two per multiply-add. Everything else is
// memory traffic and is not counted, so a share of the roof computed from this is a lower bound.

import { collect, type Graph } from './serialize.ts'
import type { Dim, Tensor } from './tensor.ts'

/** Operations of one run, with every open dimension set to `open` (products such as 'batch*680' are evaluated). */
export function countFlops(graph: Graph, open: Readonly<Record<string, number>> = { batch: 1 }): number {
  const size = (d: Dim): number =>
    typeof d === 'number' ? d : d.split('*').reduce((n, part) => n * (open[part] ?? (Number(part) || 1)), 1)
  const elements = (t: Tensor) => t.shape.reduce<number>((n, d) => n * size(d), 1)
  const outputs = new Map<unknown, Tensor>()
  const note = (t: Tensor) => void outputs.set(t.node, t)
  for (const t of Object.values(graph)) note(t)
  const nodes = collect(graph)
  for (const node of nodes) if (node.kind === 'op') for (const t of node.inputs) if (t) note(t)
  let total = 0
  for (const node of nodes) {
    if (node.kind !== 'op') continue
    const [a, b] = node.inputs
    const out = outputs.get(node)
    if (!a || !b || !out) continue
    if (node.type === 'Gemm' || node.type === 'MatMul' || node.type === 'DynamicQuantizeMatMul') {
      total += 2 * elements(out) * size(a.shape.at(-1)!)
    } else if (node.type === 'Conv') {
      total += 2 * elements(out) * b.shape.slice(1).reduce<number>((n, d) => n * size(d), 1)
    }
  }
  return total
}
