// Checks a gradient against central differences: the loss is evaluated at x +- h for a sample of coordinates of every
// parameter, in float32, so steps are large and tolerances follow from both errors.
import { expect } from 'vitest'
import { noise } from '../src/core/random/philox.ts'
import { float32, hostData, type Value } from '../src/engine/types.ts'
import { type Graph, grad, input, type Tensor } from '../src/graph/index.ts'
import { mul, sum } from '../src/graph/ops/index.ts'
import { sharedEngine } from './evaluate.ts'

export interface GradientCase {
  /** Shape of every differentiable input. */
  shapes: Record<string, readonly number[]>
  /** The function under test; its output is reduced to a scalar by fixed random weights. */
  build(inputs: Record<string, Tensor>): Tensor
  /** Values of the inputs; standard normal by default. */
  values?: Record<string, (x: number, i: number) => number>
  feeds?: Record<string, Value>
  step?: number
  tolerance?: number
}

const COORDINATES = 12

/** Fails unless every checked derivative agrees within `tolerance` of the largest one (default 5e-3). */
export async function expectGradients({
  shapes,
  build,
  values = {},
  feeds = {},
  step = 1e-2,
  tolerance = 5e-3,
}: GradientCase) {
  const size = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1)
  const names = Object.keys(shapes)
  const tensors = Object.fromEntries(names.map((name) => [name, input(name, 'float32', shapes[name]!)]))
  const y = build(tensors)
  const shape = y.shape as number[]
  const weights = input('cotangent', 'float32', shape)
  const loss = sum(mul(y, weights), [...shape.keys()])
  const grads = grad(loss, Object.values(tensors))
  const graph: Graph = { loss, ...Object.fromEntries(names.map((name, i) => [`d_${name}`, grads[i]!])) }
  const program = await (await sharedEngine()).load(graph)
  const data = Object.fromEntries(
    names.map((name, k) => [name, noise(7, k, size(shapes[name]!)).map(values[name] ?? ((x) => x))]),
  )
  const fixed = { ...feeds, cotangent: float32(noise(8, 0, size(shape)), shape) }
  const run = async (at: Record<string, Float32Array>) =>
    program.run({ ...fixed, ...Object.fromEntries(names.map((n) => [n, float32(at[n]!.slice(), shapes[n]!)])) })
  const out = await run(data)
  for (const name of names) {
    const analytic = hostData(out[`d_${name}`])
    expect(out[`d_${name}`]!.shape).toEqual(shapes[name])
    const scale = Math.max(...analytic.map(Math.abs))
    const stride = Math.max(1, Math.floor(analytic.length / COORDINATES))
    for (let i = 0; i < analytic.length; i += stride) {
      const shifted = (h: number) => ({ ...data, [name]: data[name]!.map((x, j) => (j === i ? x + h : x)) })
      const up = hostData((await run(shifted(step))).loss)[0]!
      const down = hostData((await run(shifted(-step))).loss)[0]!
      const numeric = (up - down) / (2 * step)
      expect(
        Math.abs(analytic[i]! - numeric),
        `${name}[${i}]: ${analytic[i]} by rule, ${numeric} by differences`,
      ).toBeLessThan(tolerance * Math.max(scale, 0.1))
    }
  }
  await program.dispose()
}
