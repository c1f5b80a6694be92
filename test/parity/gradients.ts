// Compares a piece of a network, and the gradients that `grad` takes of it, with one case of the fixture `gradients`.
// The given arrays follow a formula (test/formula.ts) and come in as inputs of the graph.
import { sizeOf } from '../../src/core/dtype.ts'
import { inputWeights } from '../../src/distill/input-weights.ts'
import type { HostTensor } from '../../src/engine/types.ts'
import { grad } from '../../src/graph/grad.ts'
import { collect, type Graph, input, type Tensor } from '../../src/graph/index.ts'
import { add, mean, mul, sum } from '../../src/graph/ops/index.ts'
import type { Weights } from '../../src/models/weights.ts'
import { evaluate, numbers } from '../evaluate.ts'
import { formulaArray } from '../formula.ts'
import type { Goldens } from './goldens.ts'

interface Given {
  name: string
  shape: number[]
  scale: number
  offset: number
}

/** One case of the fixture. */
export interface Case {
  w: Weights
  /** A given array that has the batch as its first dimension. */
  batched(name: string): Tensor
  given(name: string): Tensor
  /** Runs the outputs and the gradients of the loss (by default the sum of outputs times cotangents). */
  compare(outputs: Graph, options?: CompareOptions): Promise<void>
}

export interface CompareOptions {
  loss?: Tensor
  /** Which of the case's sets of gradients. */
  set?: string
  feeds?: Record<string, HostTensor>
}

export function openCase(gradients: Goldens, name: string): Case {
  const all = gradients.meta.given as Given[]
  const mine = new Map(
    all.filter((a) => a.name.startsWith(`${name}.`)).map((a) => [a.name.slice(name.length + 1), a] as const),
  )
  const weights = inputWeights(new Map([...mine].map(([key, { shape }]) => [key, shape])))
  const data = (key: string): HostTensor | undefined => {
    const a = mine.get(key)
    return a && { dtype: 'float32', shape: a.shape, data: formulaArray(a.name, sizeOf(a.shape), a.scale, a.offset) }
  }
  return {
    w: weights,
    batched: (key) => input(key, 'float32', ['batch', ...mine.get(key)!.shape.slice(1)]),
    given: (key) => weights.get(key),
    async compare(outputs, { loss, set = 'grad', feeds = {} } = {}) {
      const total =
        loss ??
        Object.entries(outputs)
          .map(([key, y]) => weighted(key, y))
          .reduce((a, b) => add(a, b))
      const inputs = inputsOf({ ...outputs, total })
      const wanted = gradients.names.filter((n) => n.startsWith(`${name}.${set}.`)).map((n) => n.split(`${set}.`)[1]!)
      const grads = grad(
        total,
        wanted.map((key) => inputs.get(key)!),
      )
      const graph = { ...outputs, ...Object.fromEntries(wanted.map((key, i) => [`${set}.${key}`, grads[i]!])) }
      const fed = Object.fromEntries([...inputsOf(graph).keys()].map((key) => [key, feeds[key] ?? data(key)!]))
      const out = await evaluate(graph, fed)
      for (const key of Object.keys(graph)) gradients.match(`${name}.${key}`, numbers(out[key]))
    },
  }
}

const axes = (t: Tensor) => [...t.shape.keys()]

/** The mean over all elements. */
export const meanOf = (t: Tensor): Tensor => mean(t, axes(t))

/** sum(y * cotangent), the loss that pulls this cotangent back from y. */
export const weighted = (name: string, y: Tensor): Tensor =>
  sum(mul(y, input(`cotangent.${name}`, 'float32', y.shape)), axes(y))

function inputsOf(graph: Graph): Map<string, Tensor> {
  const found = new Map<string, Tensor>()
  const visit = (t: Tensor | undefined) => {
    if (t?.node.kind === 'input') found.set(t.node.name, t)
  }
  for (const t of Object.values(graph)) visit(t)
  for (const node of collect(graph)) if (node.kind === 'op') node.inputs.forEach(visit)
  return found
}
