// Every way of computing a 3x3 convolution gives the direct one, through the real engine.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noise } from '../../core/random/philox.ts'
import { createEngine } from '../../engine/node/engine.ts'
import type { Engine } from '../../engine/types.ts'
import { constant, type Graph, grad, input, type Tensor } from '../index.ts'
import { addImages, alsoChannelsLast, channelsFirst, channelsLast, planStrips, pointwise } from './channels-last.ts'
import { add, chooseTiling, conv2d, conv3x3, div, groupNorm, mul, silu, slice, sum, upsampleConv3x3 } from './index.ts'
import { type TileAlgorithm, tiledConv3x3, tileKernel, upsampled, winograd4x4 } from './winograd.ts'
import { winogradConv3x3 } from './winograd-gradients.ts'

let engine: Engine
beforeAll(async () => {
  engine = await createEngine({ device: 'cpu', threads: 2 })
})
afterAll(() => engine.dispose())

type Size = readonly [batch: number, channels: number, out: number, height: number, width: number]

async function run(graph: Graph, [batch, c, , h, w]: Size): Promise<Record<string, Float32Array>> {
  const program = await engine.load(graph)
  const x = noise(0, 7, batch * c * h * w)
  const outputs = await program.run({ x: { dtype: 'float32', shape: [batch, c, h, w], data: x } })
  await program.dispose()
  return Object.fromEntries(Object.entries(outputs).map(([k, v]) => [k, (v as { data: Float32Array }).data]))
}

const image = ([, c, , h, w]: Size): Tensor => input('x', 'float32', ['batch', c, h, w])

/** Kernel with outputs of standard deviation 1, so that tolerances below are relative to it. */
function parameters([, c, out]: Size) {
  const kernel = noise(0, 8, out * c * 9).map((v) => v / Math.sqrt(9 * c))
  const bias = constant(noise(0, 9, out))
  const direct = constant(kernel, [out, c, 3, 3])
  const tiled = (x: Tensor, algorithm: TileAlgorithm) => {
    const recipe = tileKernel(algorithm, [out, c, 3, 3])
    return tiledConv3x3(x, constant(recipe.compute(kernel), recipe.shape), bias, algorithm)
  }
  return { direct, bias, tiled }
}

const opType = ({ node }: Tensor) => (node.kind === 'op' ? node.type : node.kind)
const largest = (a: Float32Array, b: Float32Array) => a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0)

const sizes: Size[] = [
  [1, 1, 1, 1, 1],
  [1, 3, 5, 4, 4],
  [2, 5, 3, 5, 7],
  [1, 16, 8, 9, 13],
  [2, 32, 48, 16, 10],
  [1, 160, 96, 31, 33],
  [2, 64, 128, 64, 64],
]

describe('a tiled 3x3 convolution', () => {
  it.each(sizes)('equals the direct one: batch %i, %i -> %i channels, %i x %i', async (...size) => {
    const { direct, bias, tiled } = parameters(size)
    const x = image(size)
    const y = await run({ expected: conv2d(x, direct, bias, { padding: 1 }), tiled: tiled(x, winograd4x4) }, size)
    expect(y.tiled).toHaveLength(y.expected!.length)
    expect(largest(y.tiled!, y.expected!)).toBeLessThan(4e-5)
  })

  it.each(sizes)('equals upsampling and convolving: batch %i, %i -> %i channels, %i x %i', async (...size) => {
    const { direct, bias, tiled } = parameters(size)
    const x = image(size)
    const y = await run({ expected: upsampleConv3x3(x, direct, bias), tiled: tiled(x, upsampled) }, size)
    expect(y.tiled).toHaveLength(y.expected!.length)
    expect(largest(y.tiled!, y.expected!)).toBeLessThan(1e-5)
  })

  it('takes and gives strips of any height', async () => {
    const size: Size = [2, 32, 32, 24, 20]
    const { direct, bias, tiled } = parameters(size)
    const x = image(size)
    const whole = channelsLast(x)[0]!
    const strips = [slice(whole, 1, 0, 60), slice(whole, 1, 60, 80), slice(whole, 1, 80, 480)] // 3, 1 and 20 rows of 20
    const y = await run(
      {
        expected: conv2d(x, direct, bias, { padding: 1 }),
        tiled: tiled(channelsFirst(strips, 20), winograd4x4),
      },
      size,
    )
    expect(largest(y.tiled!, y.expected!)).toBeLessThan(4e-5)
  })

  it('refuses an image that does not fit the kernel', () => {
    const { tiled } = parameters([1, 8, 8, 4, 4])
    expect(() => tiled(image([1, 9, 8, 4, 4]), winograd4x4)).toThrow(/does not fit kernel/)
  })
})

describe('the 3x3 convolution of training', () => {
  /** Values and all gradients of sum(y g), each over its deviation. */
  async function both([batch, c, out, h, w]: Size, layout: (x: Tensor) => Tensor = (x) => x) {
    const x = input('x', 'float32', [batch, c, h, w])
    const weight = constant(
      noise(0, 8, out * c * 9).map((v) => v / Math.sqrt(9 * c)),
      [out, c, 3, 3],
    )
    const bias = constant(noise(0, 9, out))
    const g = constant(noise(0, 10, batch * out * h * w), [batch, out, h, w])
    const outputs = (name: string, y: Tensor) => {
      const loss = sum(mul(y, g), [0, 1, 2, 3])
      const [dx, dw, db] = grad(loss, [x, weight, bias]) as [Tensor, Tensor, Tensor]
      const pixels = Math.sqrt(batch * h * w)
      const scaled = { y, dx: div(dx, Math.sqrt(out / c)), dw: div(dw, pixels), db: div(db, pixels) }
      return Object.fromEntries(Object.entries(scaled).map(([key, t]) => [`${name}.${key}`, t]))
    }
    const image = layout(x)
    const graph = {
      ...outputs('direct', conv2d(image, weight, bias, { padding: 1 })),
      ...outputs('tiled', winogradConv3x3(image, weight, bias)),
    }
    return run(graph, [batch, c, out, h, w])
  }

  it.each<Size>([
    [1, 1, 1, 1, 1],
    [3, 5, 3, 5, 7],
    [2, 16, 8, 9, 13],
    [4, 32, 48, 16, 10],
    [2, 64, 128, 32, 32],
  ])('has the values and gradients of the direct one: batch %i, %i -> %i channels, %i x %i', async (...size) => {
    const y = await both(size)
    for (const key of ['y', 'dx', 'dw', 'db']) {
      expect(y[`tiled.${key}`]).toHaveLength(y[`direct.${key}`]!.length)
      expect(largest(y[`tiled.${key}`]!, y[`direct.${key}`]!), key).toBeLessThan(4e-5)
    }
  })

  it('takes an image that lies in rows', async () => {
    const y = await both([2, 32, 32, 12, 8], alsoChannelsLast)
    for (const key of ['y', 'dx', 'dw', 'db']) {
      expect(largest(y[`tiled.${key}`]!, y[`direct.${key}`]!), key).toBeLessThan(4e-5)
    }
  })

  it('is chosen from 32 channels on, for a fixed batch, and for small frozen kernels', () => {
    const kernel = (out: number, c: number) => input('w', 'float32', [out, c, 3, 3])
    const frozen = (out: number, c: number) => constant(new Float32Array(out * c * 9), [out, c, 3, 3])
    const direct = (batch: number | string, weight: Tensor) => {
      const [out, c] = weight.shape as [number, number]
      const x = input('x', 'float32', [batch, c, 8, 8])
      return opType(conv3x3(x, weight, input('b', 'float32', [out]), true)) === 'Conv'
    }
    expect(direct(2, kernel(32, 32))).toBe(false)
    expect(direct(2, kernel(32, 16))).toBe(true)
    expect(direct('batch', kernel(32, 32))).toBe(true)
    expect(direct(2, frozen(160, 160))).toBe(false)
    expect(direct(2, frozen(256, 256))).toBe(true)
  })
})

describe('strips', () => {
  it('cover the image in multiples of the tile, four of them at 256 x 256', () => {
    for (const [h, w] of [
      [256, 256],
      [33, 47],
      [512, 4096],
    ] as const) {
      const rows = planStrips(h, w, 4)
      expect(rows.reduce((a, b) => a + b)).toBe(h)
      for (const r of rows.slice(0, -1)) expect(r % 4).toBe(0)
    }
    expect(planStrips(256, 256, 4)).toHaveLength(4)
  })

  it('are invisible to normalisation, activation and residual', async () => {
    const size: Size = [2, 64, 64, 24, 20]
    const scale = constant(noise(0, 3, 64))
    const shift = constant(noise(0, 4, 64))
    const block = (x: Tensor) => addImages(pointwise(silu, groupNorm(x, 32, scale, shift, 1e-6)), x)
    const x = image(size)
    const whole = channelsLast(x)[0]!
    const striped = channelsFirst([slice(whole, 1, 0, 160), slice(whole, 1, 160, 480)], 20)
    const y = await run({ expected: block(x), striped: block(striped) }, size)
    expect(largest(y.striped!, y.expected!)).toBeLessThan(1e-5)
  })
})

describe('groupNorm in strips', () => {
  it('stays accurate when the mean is ten times the deviation, and finite for a constant image', async () => {
    const size: Size = [1, 32, 32, 64, 64]
    const x = image(size)
    const scale = constant(new Float32Array(32).fill(1))
    const shift = constant(new Float32Array(32))
    const normed = (offset: number, gain: number) => {
      const moved = (t: Tensor) => pointwise((s) => add(mul(s, gain), offset), t)
      const strips = channelsFirst(channelsLast(x), 64)
      return {
        expected: groupNorm(moved(x), 32, scale, shift, 1e-6),
        striped: groupNorm(moved(strips), 32, scale, shift, 1e-6),
      }
    }
    const shifted = await run(normed(10, 1), size)
    expect(largest(shifted.striped!, shifted.expected!)).toBeLessThan(1e-4)
    const flat = await run(normed(10, 0), size)
    expect(flat.striped!.every((v) => Math.abs(v) < 1)).toBe(true)
  })
})

describe('chooseTiling', () => {
  const chosen = (c: number, out: number, side: number, upsample: boolean) =>
    chooseTiling(input('x', 'float32', ['batch', c, side, side]), out, upsample)?.name

  it('tiles wide layers from 32 x 32 on and leaves the rest alone', () => {
    expect(chosen(160, 160, 256, false)).toBe('winograd4x4')
    expect(chosen(640, 640, 16, true)).toBe('upsampled4x4')
    expect(chosen(640, 640, 16, false)).toBeUndefined()
    expect(chosen(160, 3, 256, false)).toBeUndefined()
  })
})
