import { describe, expect, it } from 'vitest'
import { evaluate, numbers } from '../../test/evaluate.ts'
import { float32 } from '../engine/types.ts'
import { add, layerNorm, linear } from './ops/index.ts'
import { plainNorms } from './plain-norms.ts'
import { collect, type Graph } from './serialize.ts'
import { constant, input } from './tensor.ts'

const C = 8
const wave = (n: number, k = 1) => Float32Array.from({ length: n }, (_, i) => Math.sin(k * i + k))
const x = input('x', 'float32', ['batch', 3, C])
const condition = input('condition', 'float32', ['batch', 1, C])

/** Two adaptive norms in a row and an ordinary one; the first is used twice. */
function network(): Graph {
  const first = layerNorm(x, add(condition, 1), condition, 1e-6)
  const second = layerNorm(linear(first, constant(wave(C * C), [C, C])), condition, first, 1e-6)
  return { y: layerNorm(add(first, second), constant(wave(C, 2)), constant(wave(C, 3)), 1e-6), first }
}

const scales = (graph: Graph) =>
  collect(graph).flatMap((node) =>
    node.kind === 'op' && node.type === 'LayerNormalization' ? [node.inputs[1]!.shape.length] : [],
  )

describe('plainNorms', () => {
  it('leaves no norm whose scale broadcasts', () => {
    expect(scales(network())).toEqual([3, 3, 1])
    expect(scales(plainNorms(network()))).toEqual([1, 1, 1])
  })

  it('computes the same', async () => {
    const feeds = { x: float32(wave(2 * 3 * C, 0.7), [2, 3, C]), condition: float32(wave(2 * C, 1.3), [2, 1, C]) }
    const a = await evaluate(network(), feeds)
    const b = await evaluate(plainNorms(network()), feeds)
    for (const name of ['y', 'first']) {
      const expected = numbers(a[name])
      numbers(b[name]).forEach((value, i) => void expect(value).toBeCloseTo(expected[i]!, 5))
    }
  })

  it('leaves a graph without such norms as it is', () => {
    const graph = { y: layerNorm(x, constant(wave(C)), constant(wave(C)), 1e-6) }
    expect(plainNorms(graph)).toEqual(graph)
  })
})
