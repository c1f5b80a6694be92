import { afterAll, describe, expect, it } from 'vitest'
import { createEngine } from '../engine/node/engine.ts'
import { float32, hostData } from '../engine/types.ts'
import { halfPrecision } from './half.ts'
import { add, argmax, cast, gather, layerNorm, linear, matmul, mul, softmax, transpose } from './ops/index.ts'
import { collect, type Graph, serialize } from './serialize.ts'
import { constant, input, type Tensor } from './tensor.ts'

const engine = await createEngine({ device: 'cpu', threads: 1 })
afterAll(() => engine.dispose())

const C = 8
const wave = (n: number, k = 1) => Float32Array.from({ length: n }, (_, i) => Math.sin(k * i + k))
const x = input('x', 'float32', ['batch', C])
const matrix = (k: number, out = C) => constant(wave(out * C, k), [out, C])

/** A block in small: norm, product, residual, attention over rows, a product that an argmax decides upon. */
function network(): Graph {
  const normed = layerNorm(x, constant(wave(C, 0.1)), constant(wave(C, 0.2)), 1e-6)
  const h = add(x, linear(normed, matrix(1)))
  const scores = mul(matmul(h, transpose(h, [1, 0])), 0.3)
  const context = matmul(softmax(scores), h)
  const tokens = argmax(linear(context, matrix(2, 5)))
  return { y: linear(context, matrix(3)), code: gather(matrix(4, 5), tokens) }
}

/** dtypes of what goes into the ops of a type. */
const inputTypes = (graph: Graph, type: string) =>
  collect(graph).flatMap((node) =>
    node.kind === 'op' && node.type === type
      ? [[...new Set(node.inputs.flatMap((t) => (t && t.dtype !== 'int64' ? [t.dtype] : [])))]]
      : [],
  )

describe('halfPrecision', () => {
  const half = halfPrecision(network())

  it('multiplies in float16', () => {
    const graph = halfPrecision({ y: linear(layerNorm(x, matrix(1, 1), matrix(2, 1), 1e-6), matrix(1)) })
    expect(inputTypes(graph, 'Gemm')).toEqual([['float16']])
  })

  it('keeps norms, softmax and the residual stream in float32', () => {
    for (const type of ['LayerNormalization', 'Softmax', 'Add']) {
      const types = inputTypes(half, type)
      expect(types.length).toBeGreaterThan(0)
      expect(types.flat()).toEqual(types.map(() => 'float32'))
    }
  })

  it('keeps what an argmax decides upon, and scores that are scaled after the product, in float32', () => {
    expect(inputTypes(half, 'Gemm')).toEqual([['float16'], ['float16'], ['float32']])
    expect(inputTypes(half, 'MatMul')).toEqual([['float32'], ['float16']])
  })

  it('leaves inputs and outputs what they were', () => {
    const inputs = collect(half).flatMap((node) => (node.kind === 'input' ? [node.name] : []))
    expect(inputs).toEqual(['x'])
    expect(Object.values(half).map(({ dtype, shape }) => [dtype, shape])).toEqual(
      Object.values(network()).map(({ dtype, shape }) => [dtype, shape]),
    )
  })

  it('computes the same within a few parts in a thousand', async () => {
    const feeds = { x: float32(wave(3 * C, 0.7), [3, C]) }
    const run = async (graph: Graph) => {
      await using program = await engine.load(graph)
      const out = await program.run(feeds)
      return [hostData(out.y), hostData(out.code)] as const
    }
    const [[y, code], [y16, code16]] = [await run(network()), await run(half)]
    expect(y16).toBeWithinRelative(y, 5e-3)
    expect(y16).not.toEqual(y)
    expect(code16).toEqual(code)
  })
})

it('weights computed from weights alone are computed in float32', () => {
  const bias = add(constant(wave(C)), constant(wave(C, 2)))
  const graph = halfPrecision({ y: linear(x, matrix(1), bias) })
  expect(inputTypes(graph, 'Add')).toEqual([['float32']])
  expect(inputTypes(graph, 'Gemm')).toEqual([['float16']])
})

it('a float16 weight behind its cast is used as it is', () => {
  const stored: Tensor = {
    shape: [C, C],
    dtype: 'float16',
    index: 0,
    node: {
      kind: 'weight',
      name: 'w',
      source: { dtype: 'float16', shape: [C, C], read: async () => new Uint8Array(2 * C * C) },
    },
  }
  const graph = halfPrecision({ y: linear(x, cast(stored, 'float32')) })
  expect(collect(graph).filter((node) => node === stored.node)).toHaveLength(1)
  expect(inputTypes(graph, 'Cast')).toEqual([['float32'], ['float16']]) // x on its way in, y on its way out
})

it('a value that float16 cannot hold is an error that names it', async () => {
  const large = constant(wave(C * C).fill(70_000, 3, 4), [C, C])
  await expect(serialize(halfPrecision({ y: linear(x, large) }))).rejects.toThrow(
    /"constant" is 70000 at element 3, which float16 cannot hold. Use fp32./,
  )
  const masked = constant([0, Number.NEGATIVE_INFINITY], [1, 2])
  await serialize(halfPrecision({ y: matmul(matmul(x, constant(wave(C), [C, 1])), masked) }))
})
