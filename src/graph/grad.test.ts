// Every gradient rule against central differences, one row each; then what `grad` itself promises.
import { describe, expect, test } from 'vitest'
import { evaluate } from '../../test/evaluate.ts'
import { expectGradients, type GradientCase } from '../../test/finite-differences.ts'
import { float32, int64 } from '../engine/types.ts'
import { constant, customVjp, emit, grad, input, stopGradient, type Tensor } from './index.ts'
import { alsoChannelsLast } from './ops/channels-last.ts'
import * as op from './ops/index.ts'
import { matmulT } from './ops/linear.ts'
import { winogradConv3x3 } from './ops/winograd-gradients.ts'

const positive = (x: number) => 0.5 + Math.abs(x)
/** Far from 0, where the op has a kink, by more than a difference step. */
const away = (x: number) => (Math.abs(x) < 0.1 ? x + 0.3 : x)
const x23 = { x: [2, 3, 4] }
type Inputs = Record<string, Tensor>
const index = (values: number[], shape: number[]) => constant(values, shape, 'int64')

const rows: Record<string, GradientCase> = {
  add: { shapes: { x: [2, 3, 4], y: [3, 1] }, build: ({ x, y }: Inputs) => op.add(x!, y!) },
  'add, row': { shapes: { x: [2, 3, 4], y: [4] }, build: ({ x, y }: Inputs) => op.add(x!, y!) },
  'add, one row a batch': { shapes: { x: [2, 3, 4], y: [2, 1, 4] }, build: ({ x, y }: Inputs) => op.add(x!, y!) },
  sub: { shapes: { x: [2, 3], y: [3] }, build: ({ x, y }) => op.sub(x!, y!) },
  mul: { shapes: { x: [2, 3, 4], y: [1, 4] }, build: ({ x, y }) => op.mul(x!, y!) },
  'mul by itself': { shapes: x23, build: ({ x }) => op.mul(x!, x!) },
  div: { shapes: { x: [2, 3], y: [3] }, values: { y: positive }, build: ({ x, y }) => op.div(x!, y!) },
  minimum: { shapes: { x: [2, 3] }, build: ({ x }) => op.minimum(op.mul(x!, 2), 0.9) },
  neg: { shapes: x23, build: ({ x }) => op.neg(x!) },
  exp: { shapes: x23, build: ({ x }) => op.exp(x!) },
  log: { shapes: x23, values: { x: positive }, build: ({ x }) => op.log(x!) },
  sqrt: { shapes: x23, values: { x: positive }, build: ({ x }) => op.sqrt(x!) },
  sigmoid: { shapes: x23, build: ({ x }) => op.sigmoid(x!) },
  relu: { shapes: x23, values: { x: away }, build: ({ x }) => op.relu(x!) },
  abs: { shapes: x23, values: { x: away }, build: ({ x }) => op.abs(x!) },
  where: { shapes: { x: [2, 3], y: [3] }, build: ({ x, y }) => op.where(op.greater(constant([1, 0, 1]), 0.5), x!, y!) },
  clamp: { shapes: x23, values: { x: away }, build: ({ x }) => op.clamp(x!, -0.05, 0.05 + 20) },
  silu: { shapes: x23, build: ({ x }) => op.silu(x!) },
  geluTanh: { shapes: { x: [2, 3, 4], b: [4] }, build: ({ x, b }) => op.geluTanh(x!, b!) },
  'geluTanh without bias': { shapes: x23, build: ({ x }) => op.geluTanh(x!) },
  cast: { shapes: x23, build: ({ x }) => op.cast(op.cast(x!, 'float64'), 'float32') },
  sum: { shapes: x23, build: ({ x }) => op.sum(x!, [1]) },
  'sum, kept': { shapes: x23, build: ({ x }) => op.sum(op.mul(x!, x!), [0, 2], true) },
  mean: { shapes: x23, build: ({ x }) => op.mean(op.mul(x!, x!), [-1]) },
  norm2: { shapes: x23, build: ({ x }) => op.norm2(x!, [-1]) },
  softmax: { shapes: x23, build: ({ x }) => op.softmax(x!) },
  'softmax, axis 1': { shapes: x23, build: ({ x }) => op.softmax(x!, 1) },
  logSoftmax: { shapes: x23, build: ({ x }) => op.logSoftmax(x!) },
  reshape: { shapes: x23, build: ({ x }) => op.reshape(x!, [4, 6]) },
  transpose: { shapes: x23, build: ({ x }) => op.transpose(x!, [2, 0, 1]) },
  slice: { shapes: x23, build: ({ x }) => op.slice(x!, 1, 1, 2) },
  pad: { shapes: x23, build: ({ x }) => op.pad(x!, 1, 2, 1) },
  concat: { shapes: { x: [2, 3], y: [2, 2] }, build: ({ x, y }) => op.concat([x!, y!, x!], 1) },
  split: {
    shapes: { x: [2, 6] },
    build: ({ x }) => {
      const [a, , c] = op.split(x!, [1, 2, 3], 1) as [Tensor, Tensor, Tensor]
      return op.mul(a, c)
    },
  },
  gather: { shapes: { x: [5, 3] }, build: ({ x }) => op.gather(x!, index([4, 0, 4, 1, 4, 2], [2, 3])) },
  'gather, axis 1': { shapes: { x: [1, 5, 3] }, build: ({ x }) => op.gather(x!, index([4, 0, 4], [3]), 1) },
  expandLike: { shapes: { x: [1, 3], y: [2, 3] }, build: ({ x, y }) => op.mul(op.expandLike(x!, y!), y!) },
  matmul: { shapes: { x: [2, 3, 4], y: [2, 4, 5] }, build: ({ x, y }) => op.matmul(x!, y!) },
  'matmul, shared matrix': { shapes: { x: [3, 4], y: [2, 4, 5] }, build: ({ x, y }) => op.matmul(x!, y!) },
  'matmul, flat right': { shapes: { x: [2, 3, 4], y: [4, 5] }, build: ({ x, y }) => op.matmul(x!, y!) },
  'matmulT B': { shapes: { x: [2, 3, 4], y: [2, 5, 4] }, build: ({ x, y }) => matmulT(x!, y!, 'B') },
  'matmulT A': { shapes: { x: [2, 4, 3], y: [2, 4, 5] }, build: ({ x, y }) => matmulT(x!, y!, 'A') },
  linear: { shapes: { x: [2, 3, 4], w: [5, 4], b: [5] }, build: ({ x, w, b }) => op.linear(x!, w!, b!) },
  gemm: { shapes: { x: [3, 4], w: [4, 5] }, build: ({ x, w }) => op.gemm(x!, w!) },
  'gemm, first transposed': { shapes: { x: [4, 3], w: [4, 5] }, build: ({ x, w }) => op.gemm(x!, w!, 'A') },
  layerNorm: {
    shapes: { x: [2, 3, 8], s: [2, 1, 8], b: [2, 1, 8] },
    build: ({ x, s, b }) => op.layerNorm(x!, s!, b!, 1e-6),
  },
  'layerNorm, own parameters': {
    shapes: { x: [2, 3, 8], s: [8], b: [8] },
    build: ({ x, s, b }) => op.layerNorm(x!, s!, b!, 1e-6),
  },
  rmsNorm: { shapes: { x: [2, 3, 8], s: [8] }, build: ({ x, s }) => op.rmsNorm(x!, s!, 1e-5) },
  l2Normalize: { shapes: { x: [2, 3, 8] }, build: ({ x }) => op.l2Normalize(x!) },
  groupNorm: {
    shapes: { x: [2, 6, 3, 2], w: [6], b: [6] },
    build: ({ x, w, b }) => op.groupNorm(x!, 3, w!, b!, 1e-6),
  },
  'groupNorm in rows': {
    shapes: { x: [2, 6, 3, 2], w: [6], b: [6] },
    build: ({ x, w, b }) => op.groupNorm(alsoChannelsLast(op.mul(x!, 1)), 3, w!, b!, 1e-6),
  },
  winogradConv3x3: {
    shapes: { x: [2, 3, 5, 6], w: [4, 3, 3, 3], b: [4] },
    build: ({ x, w, b }) => winogradConv3x3(x!, w!, b!),
  },
  conv2d: {
    shapes: { x: [2, 3, 5, 4], w: [4, 3, 3, 3], b: [4] },
    build: ({ x, w, b }) => op.conv2d(x!, w!, b!, { padding: 1 }),
  },
  'conv2d 1x1': { shapes: { x: [2, 3, 5, 4], w: [4, 3, 1, 1] }, build: ({ x, w }) => op.conv2d(x!, w!) },
  'conv2d, stride 2, padded at one side': {
    shapes: { x: [2, 3, 6, 6], w: [4, 3, 3, 3], b: [4] },
    build: ({ x, w, b }) => op.conv2d(x!, w!, b!, { stride: 2, padding: [0, 0, 1, 1] }),
  },
  upsampleNearest2x: { shapes: { x: [2, 3, 2, 3] }, build: ({ x }) => op.upsampleNearest2x(x!) },
  averagePool2x2: { shapes: { x: [2, 3, 4, 6] }, build: ({ x }) => op.averagePool2x2(x!) },
  maxPool2x2: {
    shapes: { x: [2, 3, 4, 4] },
    values: { x: (_, i) => ((i * 7) % 97) / 20 }, // no two of a window nearer than a step
    build: ({ x }) => op.maxPool2x2(x!),
  },
  'maxPool2d, overlapping and padded': {
    shapes: { x: [2, 3, 5, 4] },
    values: { x: (_, i) => ((i * 7) % 97) / 20 },
    build: ({ x }) => op.maxPool2d(x!, 3, 2, 1),
  },
  averagePool3x3: { shapes: { x: [2, 3, 4, 2] }, build: ({ x }) => op.averagePool3x3(x!) },
  batchNorm: {
    shapes: { x: [2, 3, 4, 5], w: [3], b: [3] },
    build: ({ x, w, b }) => {
      const statistics = { mean: constant([0.5, -1, 2]), variance: constant([0.3, 1, 4]) }
      return op.batchNorm(x!, { weight: w!, bias: b!, ...statistics }, 1e-3)
    },
  },
  attention: {
    shapes: { q: [1, 2, 3, 4], k: [1, 2, 5, 4], v: [1, 2, 5, 4] },
    build: ({ q, k, v }) => op.attention(q!, k!, v!),
  },
  'attention, masked': {
    shapes: { q: [1, 2, 2, 4], k: [1, 2, 2, 4], v: [1, 2, 2, 4] },
    build: ({ q, k, v }) => op.attention(q!, k!, v!, constant([0, Number.NEGATIVE_INFINITY, 0, 0], [2, 2])),
  },
  blockAttention: {
    shapes: { q: [1, 2, 5, 4], k: [1, 2, 5, 4], v: [1, 2, 5, 4] },
    build: ({ q, k, v }) =>
      op.blockAttention(q!, k!, v!, [
        { rows: [0, 2], keys: 2, mask: constant([0, Number.NEGATIVE_INFINITY, 0, 0], [2, 2]) },
        { rows: [2, 5], keys: 2, self: true },
      ]),
  },
  rotary: {
    shapes: { x: [1, 2, 3, 4] },
    build: ({ x }) => {
      const angles = [0.3, 0.7, 1.1, -0.4, 2, 0.1]
      const table = (f: (a: number) => number) => constant(angles.map(f), [3, 2])
      return op.rotary(x!, table(Math.cos), table(Math.sin), index([0], [1]))
    },
  },
}

describe('every rule agrees with central differences', () => {
  test.each(Object.entries(rows))('%s', async (_, row) => expectGradients(row))
})

describe('grad', () => {
  const x = input('x', 'float32', [2])

  test('adds up where paths meet, and cotangents of unused outputs are zero', async () => {
    const y = op.add(op.mul(x, x), op.mul(x, 3))
    const [dx] = grad(op.sum(y, [0]), [x])
    const out = await evaluate({ dx: dx! }, { x: float32(Float32Array.of(1, -2), [2]) })
    expect(Array.from(out.dx!.data as Float32Array)).toEqual([5, -1])
  })

  test('a custom rule replaces the one of what it wraps; a stop lets nothing through', async () => {
    const doubled = customVjp(op.exp(x), [x], (g) => [op.mul(g, 2)])
    const loss = op.sum(op.add(doubled, stopGradient(op.mul(x, 100))), [0])
    const [dx] = grad(loss, [x])
    const out = await evaluate({ dx: dx!, loss }, { x: float32(Float32Array.of(0, 0), [2]) })
    expect(Array.from(out.dx!.data as Float32Array)).toEqual([2, 2])
    expect(out.loss!.data[0]).toBe(2)
  })

  test('repeated indices add up exactly, with any number of threads', async () => {
    const table = input('table', 'float32', [3, 2])
    const picked = op.gather(table, input('i', 'int64', [4096]))
    const [d] = grad(op.sum(picked, [0, 1]), [table])
    const i = int64(Array.from({ length: 4096 }, (_, k) => (k % 4 === 0 ? 2 : 0)))
    const out = await evaluate({ d: d! }, { i })
    expect(Array.from(out.d!.data as Float32Array)).toEqual([3072, 3072, 0, 0, 1024, 1024])
  })

  test('names what cannot be differentiated', () => {
    const scalarLoss = op.sum(x, [0])
    expect(() => grad(x, [x])).toThrow('must be a scalar, got float32[2]')
    expect(() => grad(scalarLoss, [input('other', 'float32', [1])])).toThrow('does not depend on "other"')
    const opaque = emit({ type: 'Erf', inputs: [x] }, x.shape, x.dtype)
    expect(() => grad(op.sum(opaque, [0]), [x])).toThrow('Erf has no gradient rule')
  })
})
