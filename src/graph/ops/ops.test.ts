// Every op (convolutions and group norm: conv.test.ts) through ONNX Runtime against plain TypeScript, with open dimensions.
import { describe, expect, it } from 'vitest'
import { evaluate, numbers } from '../../../test/evaluate.ts'
import { float32, type HostTensor, int64 } from '../../engine/types.ts'
import { constant, input, type Shape, type Tensor } from '../tensor.ts'
import { attention, blockAttention, rotary } from './attention.ts'
import { averagePool3x3, maxPool2d } from './conv.ts'
import { add, cast, clamp, div, exp, geluTanh, minimum, mul, silu, sqrt, sub } from './elementwise.ts'
import { concat, expandLike, gather, halves, reshape, slice, split, transpose, unflatten } from './layout.ts'
import { linear, matmul, quantizedLinear } from './linear.ts'
import { batchNorm } from './norm.ts'
import { argmax, argmin, mean, norm2, softmax, sum } from './reduce.ts'

/** Reproducible values in (-1, 1) that repeat nowhere. */
const values = (n: number, phase = 0) => Float32Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) + phase))
const size = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1)
const host = (shape: readonly number[], phase = 0) => float32(values(size(shape), phase), shape)
const fp32 = { atol: 1e-6, rtol: 1e-5 }

const x = (...shape: Shape) => input('x', 'float32', shape)
const y = (...shape: Shape) => input('y', 'float32', shape)

/** The values of `tensor`, and that its shape is what was promised. */
async function run(tensor: Tensor, feeds: Record<string, HostTensor> = {}) {
  const { out } = await evaluate({ out: tensor }, feeds)
  for (const [axis, d] of tensor.shape.entries()) if (typeof d === 'number') expect(out!.shape[axis]).toBe(d)
  expect(out!.shape).toHaveLength(tensor.shape.length)
  return { data: numbers(out), shape: out!.shape }
}

const a = host([2, 3])
const b = host([2, 3], 1)
const pairs = (f: (p: number, q: number) => number) => Array.from(values(6), (p, i) => f(p, values(6, 1)[i]!))
const each = (f: (p: number) => number) => Array.from(values(6), f)
const tanhGelu = (v: number) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)))

describe('pointwise', () => {
  it.each<[string, (p: Tensor, q: Tensor) => Tensor, number[]]>([
    ['add', add, pairs((p, q) => p + q)],
    ['sub', sub, pairs((p, q) => p - q)],
    ['mul', mul, pairs((p, q) => p * q)],
    ['div', div, pairs((p, q) => p / q)],
    ['minimum', minimum, pairs(Math.min)],
  ])('%s of two tensors', async (_, op, expected) => {
    const { data } = await run(op(x('rows', 3), y('rows', 3)), { x: a, y: b })
    expect(data).toBeAllclose(expected, fp32)
  })

  it.each<[string, (t: Tensor) => Tensor, (v: number) => number]>([
    ['exp', exp, Math.exp],
    ['sqrt', (t) => sqrt(mul(t, t)), Math.abs],
    ['clamp', (t) => clamp(t, -0.5, 0.25), (v) => Math.min(Math.max(v, -0.5), 0.25)],
    ['silu', silu, (v) => v / (1 + Math.exp(-v))],
    ['geluTanh', geluTanh, tanhGelu],
    ['a number on the left', (t) => sub(1, t), (v) => 1 - v],
    ['a number on the right', (t) => div(t, 4), (v) => v / 4],
  ])('%s', async (_, op, f) => {
    const { data } = await run(op(x('rows', 'columns')), { x: a })
    expect(data).toBeAllclose(each(f), fp32)
  })

  it('geluTanh adds its bias first', async () => {
    const { data } = await run(geluTanh(x('rows', 3), constant([1, -1, 2])), { x: a })
    expect(data).toBeAllclose(
      Array.from(values(6), (v, i) => tanhGelu(v + [1, -1, 2][i % 3]!)),
      fp32,
    )
  })

  it('broadcasts as NumPy does, open dimensions included', async () => {
    const sum = add(x('rows', 1, 3), y(2, 1))
    expect(sum.shape).toEqual(['rows', 2, 3])
    const { data, shape } = await run(sum, { x: host([2, 1, 3]), y: host([2, 1], 1) })
    expect(shape).toEqual([2, 2, 3])
    const p = values(6)
    const q = values(2, 1)
    expect(data).toBeAllclose(
      [0, 1].flatMap((r) => [0, 1].flatMap((s) => [0, 1, 2].map((c) => p[3 * r + c]! + q[s]!))),
      fp32,
    )
  })

  it('cast rounds to zero, and is no node when there is nothing to do', async () => {
    const { data } = await run(cast(cast(x(4), 'int64'), 'float32'), {
      x: float32(Float32Array.of(-1.7, -0.2, 0.9, 2), [4]),
    })
    expect(data.map((v) => v + 0)).toEqual([-1, 0, 0, 2])
    const t = x(4)
    expect(cast(t, 'float32')).toBe(t)
  })
})

describe('moving elements', () => {
  it('reshape keeps the order; an open dimension stays or moves', async () => {
    const feeds = { x: host([2, 6]) }
    expect(await run(reshape(x('n', 6), ['n', 3, 2]), feeds)).toEqual({
      data: Array.from(values(12)),
      shape: [2, 3, 2],
    })
    expect((await run(reshape(x('n', 6), [3, 'n', 2]), feeds)).shape).toEqual([3, 2, 2])
    expect((await run(reshape(x('n', 'm'), ['n*m']), feeds)).shape).toEqual([12])
  })

  it('unflatten restores any number of open dimensions, empty ones too', async () => {
    const restored = unflatten(y('rows', 2), x('batch', 'length', 5))
    expect(restored.shape).toEqual(['batch', 'length', 2])
    const full = await run(restored, { x: host([2, 3, 5]), y: host([6, 2]) })
    expect(full.shape).toEqual([2, 3, 2])
    const empty = await run(restored, { x: host([2, 0, 5]), y: host([0, 2]) })
    expect(empty).toEqual({ data: [], shape: [2, 0, 2] })
  })

  it('transpose permutes axes', async () => {
    const { data, shape } = await run(transpose(x('n', 2, 3), [2, 0, 1]), { x: host([2, 2, 3]) })
    expect(shape).toEqual([3, 2, 2])
    expect(data).toEqual(
      [0, 1, 2].flatMap((c) => [0, 1].flatMap((n) => [0, 1].map((r) => values(12)[6 * n + 3 * r + c]!))),
    )
  })

  it('slice takes a range, with steps, of an axis counted from either end', async () => {
    const feeds = { x: host([2, 6]) }
    const columns = (wanted: number[]) => [0, 1].flatMap((r) => wanted.map((c) => values(12)[6 * r + c]!))
    expect((await run(slice(x('n', 6), 1, 2, 5), feeds)).data).toEqual(columns([2, 3, 4]))
    expect((await run(slice(x('n', 6), -1, 1, 6, 2), feeds)).data).toEqual(columns([1, 3, 5]))
    expect((await run(slice(x('n', 6), 0, 1, 2), feeds)).shape).toEqual([1, 6])
    const whole = x('n', 6)
    expect(slice(whole, 1, 0, 6)).toBe(whole)
  })

  it('concat joins, split cuts, and one undoes the other', async () => {
    const joined = concat([x('n', 2, 3), y('n', 1, 3)], 1)
    expect(joined.shape).toEqual(['n', 3, 3])
    const parts = split(joined, [2, 1], -2)
    const feeds = { x: host([2, 2, 3]), y: host([2, 1, 3], 1) }
    const out = await evaluate({ first: parts[0]!, second: parts[1]! }, feeds)
    expect(numbers(out.first)).toEqual(Array.from(values(12)))
    expect(numbers(out.second)).toEqual(Array.from(values(6, 1)))
  })

  it('concat along an open axis names the sum', async () => {
    const joined = concat([x('past', 2), y('new', 2)], 0)
    expect(joined.shape).toEqual(['past+new', 2])
    expect((await run(joined, { x: host([0, 2]), y: host([3, 2]) })).shape).toEqual([3, 2])
  })

  it('halves cuts an open first axis in two', async () => {
    const [first, second] = halves(x('n', 2))
    const out = await evaluate({ first, second }, { x: host([4, 2]) })
    expect(numbers(out.first)).toEqual(Array.from(values(8).slice(0, 4)))
    expect(numbers(out.second)).toEqual(Array.from(values(8).slice(4)))
  })

  it('gather looks rows up along any axis, for indices of any rank', async () => {
    const indices = input('i', 'int64', ['batch', 'length'])
    const looked = gather(constant(values(8), [4, 2]), indices)
    expect(looked.shape).toEqual(['batch', 'length', 2])
    const row = (r: number) => Array.from(values(8).slice(2 * r, 2 * r + 2))
    const out = await run(looked, { i: int64([3, 0, 0, 2], [2, 2]) })
    expect(out.data).toEqual([3, 0, 0, 2].flatMap(row))
    const columns = await run(gather(constant(values(8), [4, 2]), constant([1], [1], 'int64'), -1))
    expect(columns).toEqual({ data: [1, 3, 5, 7].map((i) => values(8)[i]!), shape: [4, 1] })
  })

  it('expandLike repeats to open sizes', async () => {
    const { data, shape } = await run(expandLike(constant([5, 6], [1, 2]), x('n', 2)), { x: host([3, 2]) })
    expect({ data, shape }).toEqual({ data: [5, 6, 5, 6, 5, 6], shape: [3, 2] })
  })
})

/** [m, k] x [k, n] in float64. */
function product(p: ArrayLike<number>, q: ArrayLike<number>, m: number, k: number, n: number): number[] {
  return Array.from({ length: m * n }, (_, i) => {
    let s = 0
    for (let j = 0; j < k; j++) s += p[Math.floor(i / n) * k + j]! * q[j * n + (i % n)]!
    return s
  })
}
const turned = (w: ArrayLike<number>, rows: number, columns: number) =>
  Array.from({ length: rows * columns }, (_, i) => w[(i % rows) * columns + Math.floor(i / rows)]!)

describe('products', () => {
  it('matmul multiplies batches and broadcasts them', async () => {
    const out = await run(matmul(x('b', 2, 3), y(3, 4)), { x: host([2, 2, 3]), y: host([3, 4], 1) })
    expect(out.data).toBeAllclose(product(values(12), values(12, 1), 4, 3, 4), fp32)
    const shared = matmul(x('b', 1, 2, 3), y(5, 3, 4))
    expect(shared.shape).toEqual(['b', 5, 2, 4])
  })

  const weight = constant(values(12, 2), [4, 3])
  const bias = constant([1, 2, 3, 4])
  it.each([
    ['rows', ['n', 3], [5, 3]],
    ['one open dimension', ['n', 2, 3], [2, 2, 3]],
    ['two open dimensions', ['n', 'm', 3], [2, 3, 3]],
    ['fixed dimensions', [2, 2, 3], [2, 2, 3]],
    ['no rows at all', ['n', 'm', 3], [2, 0, 3]],
  ])('linear on %s', async (_, open, actual) => {
    const rows = size(actual) / 3
    const out = await run(linear(x(...open), weight, bias), { x: host(actual) })
    expect(out.shape).toEqual([...actual.slice(0, -1), 4])
    const exact = product(values(rows * 3), turned(values(12, 2), 4, 3), rows, 3, 4)
    expect(out.data).toBeAllclose(
      exact.map((v, i) => v + (i % 4) + 1),
      fp32,
    )
  })

  it('quantizedLinear is linear within the steps of 8 bits', async () => {
    const inside = 3
    const out = 4
    const w = turned(values(12, 2), 4, 3) // [out, in] -> [in, out]
    const scales = Array.from(
      { length: out },
      (_, o) => Math.max(...w.filter((_, i) => i % out === o).map(Math.abs)) / 63,
    )
    const bytes = w.map((v, i) => Math.round(v / scales[i % out]!))
    const quantised = quantizedLinear(x('n', 'm', inside), constant(bytes, [3, 4], 'int8'), constant(scales), bias)
    const result = await run(quantised, { x: host([2, 2, 3]) })
    const exact = product(values(12), w, 4, 3, 4).map((v, i) => v + (i % 4) + 1)
    expect(result.shape).toEqual([2, 2, 4])
    expect(result.data).toBeAllclose(exact, { atol: 3 * (2 / 255 / 2 + 1 / 63 / 2), rtol: 0 })
  })
})

describe('pools and batch norm of an image', () => {
  const image = float32(Float32Array.of(9, 1, 2, 3, 4, 5), [1, 1, 2, 3])
  const pixels = x('batch', 1, 2, 3)

  it('averagePool3x3 counts what lies inside', async () => {
    const { data } = await run(averagePool3x3(pixels), { x: image })
    expect(data).toBeAllclose([17 / 4, 24 / 6, 12 / 4, 17 / 4, 24 / 6, 12 / 4])
  })

  it('maxPool2d takes the largest, never the padding', async () => {
    const { data } = await run(maxPool2d(mul(pixels, -1), 3, 1, 1), { x: image })
    expect(data).toEqual([-1, -1, -1, -1, -1, -1])
    expect((await run(maxPool2d(pixels, 2, 1), { x: image })).data).toEqual([9, 5])
  })

  it('batchNorm is an affine map by its statistics', async () => {
    const parts = { weight: constant([2]), bias: constant([3]), mean: constant([1]), variance: constant([3]) }
    const { data } = await run(batchNorm(pixels, parts, 1), { x: image })
    expect(data).toBeAllclose([9, 1, 2, 3, 4, 5].map((v) => v - 1 + 3)) // 2 / sqrt(3 + 1) = 1
  })
})

describe('reductions', () => {
  const feeds = { x: host([2, 3, 2]) }
  const at = (n: number, i: number, j: number) => values(12)[6 * n + 2 * i + j]!
  const over = (f: (column: number[]) => number) =>
    [0, 1].flatMap((n) => [0, 1].map((j) => f([0, 1, 2].map((i) => at(n, i, j)))))
  const total = (v: number[]) => v.reduce((p, q) => p + q, 0)

  it.each<[string, (t: Tensor, axes: readonly number[], keep?: boolean) => Tensor, number[]]>([
    ['sum', sum, over(total)],
    ['mean', mean, over((v) => total(v) / 3)],
    ['norm2', norm2, over((v) => Math.hypot(...v))],
  ])('%s, with and without its axis', async (_, op, expected) => {
    const dropped = await run(op(x('n', 3, 2), [1]), feeds)
    const kept = await run(op(x('n', 3, 2), [-2], true), feeds)
    expect(dropped.data).toBeAllclose(expected, fp32)
    expect(kept.data).toBeAllclose(expected, fp32)
    expect([dropped.shape, kept.shape]).toEqual([
      [2, 2],
      [2, 1, 2],
    ])
  })

  it('sum over several axes', async () => {
    const { data } = await run(sum(x('n', 3, 2), [1, 2]), feeds)
    expect(data).toBeAllclose(
      [0, 1].map((n) => total(Array.from(values(12).slice(6 * n, 6 * n + 6)))),
      fp32,
    )
  })

  it('softmax ignores what is masked with -Infinity', async () => {
    const row = Float32Array.of(0, Number.NEGATIVE_INFINITY, 0)
    expect((await run(softmax(x('n', 3)), { x: float32(row, [1, 3]) })).data).toEqual([0.5, 0, 0.5])
    const columns = await run(softmax(x('n', 3, 2), 1), feeds)
    const expected = [0, 1].flatMap((n) =>
      [0, 1, 2].flatMap((i) =>
        [0, 1].map((j) => Math.exp(at(n, i, j)) / total([0, 1, 2].map((k) => Math.exp(at(n, k, j))))),
      ),
    )
    expect(columns.data).toBeAllclose(expected, fp32)
  })

  it('argmax and argmin take the first of equals', async () => {
    const row = float32(Float32Array.of(1, 3, 3, -2, -2, 0), [1, 6])
    expect((await run(argmax(x('n', 6)), { x: row })).data).toEqual([1])
    expect((await run(argmin(x('n', 6)), { x: row })).data).toEqual([3])
    expect((await run(argmax(x('n', 3, 2), 1), feeds)).data).toEqual(over((v) => v.indexOf(Math.max(...v))))
  })
})

/** softmax(q k' + mask) v for one batch entry and head, in float64; q [l, d], k and v [s, d]. */
function plainAttention(q: ArrayLike<number>, k: ArrayLike<number>, v: ArrayLike<number>, mask: number[], d: number) {
  const l = q.length / d
  const s = k.length / d
  const scores = product(q, turned(k, s, d), l, d, s).map((score, i) => score + mask[i]!)
  const weights = scores.map((score, i) => {
    const row = scores.slice(Math.floor(i / s) * s, (Math.floor(i / s) + 1) * s)
    return Math.exp(score) / row.reduce((n, z) => n + Math.exp(z), 0)
  })
  return product(weights, v, l, s, d)
}

describe('attention', () => {
  const heads = 2
  const length = 7
  const d = 4
  const shape = [2, heads, length, d]
  const feeds = { q: host(shape), k: host(shape, 1), v: host(shape, 2) }
  const [q, k, v] = ['q', 'k', 'v'].map((name) => input(name, 'float32', ['batch', heads, length, d])) as [
    Tensor,
    Tensor,
    Tensor,
  ]
  /** Levels of one, two and four positions; each sees the earlier levels and itself. */
  const level = [0, 1, 1, 2, 2, 2, 2]
  const mask = level.flatMap((own, i) =>
    level.map((other, j) => (i === j || other < own ? 0 : Number.NEGATIVE_INFINITY)),
  )
  const part = (data: Float32Array, i: number) => data.subarray(i * length * d, (i + 1) * length * d)
  const expected = [0, 1, 2, 3].flatMap((i) =>
    plainAttention(part(values(112), i), part(values(112, 1), i), part(values(112, 2), i), mask, d),
  )

  it('adds its mask to the scores', async () => {
    const { data } = await run(attention(q, k, v, constant(mask, [length, length])), feeds)
    expect(data).toBeAllclose(expected, fp32)
  })

  it('by blocks leaves out what a mask would hide', async () => {
    const corner = mask.filter((_, i) => i % length < 3 && i < 3 * length)
    const blocks = [
      { rows: [0, 3], keys: 3, mask: constant(corner, [3, 3]) },
      { rows: [3, 7], keys: 3, self: true },
    ] as const
    expect((await run(blockAttention(q, k, v, blocks), feeds)).data).toBeAllclose(expected, fp32)
  })

  it('rotary turns pairs by the angle of their position', async () => {
    const angles = values(6, 3)
    const [cos, sin] = [Math.cos, Math.sin].map((f) => constant(angles.map(f), [3, 2])) as [Tensor, Tensor]
    const positions = input('p', 'int64', ['batch', 'length'])
    const picked = [2, 0, 1, 1]
    const turned = rotary(x('batch', 1, 'length', 4), cos, sin, positions)
    const { data } = await run(turned, { x: host([2, 1, 2, 4]), p: int64(picked, [2, 2]) })
    const rows = picked.flatMap((p, r) =>
      [0, 1].flatMap((i) => {
        const re = values(16)[4 * r + 2 * i]!
        const im = values(16)[4 * r + 2 * i + 1]!
        const angle = angles[2 * p + i]!
        return [re * Math.cos(angle) - im * Math.sin(angle), re * Math.sin(angle) + im * Math.cos(angle)]
      }),
    )
    expect(data).toBeAllclose(rows, fp32)
  })
})
