import { describe, expect, it } from 'vitest'
import { sharedEngine } from '../../test/evaluate.ts'
import { loadFixture } from '../../test/fixtures.ts'
import type { Features } from './features.ts'
import { kernelDistance } from './kid.ts'
import { pairwise } from './pairwise.ts'

const { arrays } = loadFixture('metrics')
const features = (name: string): Features => {
  const { data, shape } = arrays(name)
  return { data: Float32Array.from(data), shape: shape as [number, number] }
}
const reference = features('features_ref')
const sample = features('features_sample')
const set = (...data: number[]): Features => ({ data: Float32Array.from(data), shape: [data.length, 1] })

/** The unbiased estimate over whole sets, written as its formula. */
function mmd(x: Features, y: Features): number {
  const row = ({ data, shape: [, width] }: Features, i: number) => Array.from(data.subarray(i * width, (i + 1) * width))
  const k = (a: number[], b: number[]) => (a.reduce((sum, v, i) => sum + v * b[i]!, 0) / a.length + 1) ** 3
  const [m] = x.shape
  let total = 0
  for (let i = 0; i < m; i++)
    for (let j = 0; j < m; j++) {
      if (i !== j) total += (k(row(x, i), row(x, j)) + k(row(y, i), row(y, j))) / (m * (m - 1))
      total -= (2 * k(row(x, i), row(y, j))) / m ** 2
    }
  return total
}

describe('KID', () => {
  it('is the unbiased discrepancy under the cubic kernel', async () => {
    expect((await kernelDistance(set(0, 0), set(2, 2), { subsets: 1, subsetSize: 2 })).kid).toBe(124)
  })

  it('equals the formula on whole sets, however rows are shuffled', async () => {
    const cut: Features = { data: sample.data.subarray(0, 400 * 64), shape: [400, 64] }
    const { kid, deviation } = await kernelDistance(reference, cut, { subsets: 3, subsetSize: 400 })
    expect([kid]).toBeAllclose([mmd(reference, cut)], { atol: 0, rtol: 1e-6 })
    expect(deviation).toBeLessThan(1e-9)
  })

  it('draws the same subsets from the same seed, and others from another', async () => {
    const of = async (seed: number) =>
      (await kernelDistance(reference, sample, { subsets: 5, subsetSize: 50, seed })).kid
    expect(await of(1)).toBe(await of(1))
    expect(await of(1)).not.toBe(await of(2))
  })

  it('grows as one set moves away from the other', async () => {
    const moved = (by: number): Features => ({ data: reference.data.map((x) => x + by), shape: reference.shape })
    const to = async (by: number) => (await kernelDistance(reference, moved(by), { subsets: 20, subsetSize: 200 })).kid
    const near = await to(0)
    const further = await to(1)
    const far = await to(2)
    expect(further).toBeGreaterThan(2 * Math.abs(near))
    expect(far).toBeGreaterThan(2 * further)
  })

  it('is the same through the engine within float32', async () => {
    await using engine = await pairwise(await sharedEngine(), 64)
    const options = { subsets: 5, subsetSize: 100 }
    const [host, device] = [
      await kernelDistance(reference, sample, options),
      await kernelDistance(reference, sample, { ...options, dots: engine.dots }),
    ]
    expect([device.kid]).toBeAllclose([host.kid], { atol: 1e-6 * 1000, rtol: 1e-4 })
  })

  it('takes subsets of 1000, or all of the smaller set, and says so', async () => {
    expect(await kernelDistance(reference, sample, { subsets: 2 })).toMatchObject({ subsets: 2, subsetSize: 400 })
    const many = (first: number) => set(...Array.from({ length: 1001 }, (_, i) => Math.sin(first + i)))
    expect(await kernelDistance(many(0), many(5), { subsets: 1 })).toMatchObject({ subsetSize: 1000 })
  })

  it('says when a subset does not fit', async () => {
    await expect(kernelDistance(reference, sample, { subsetSize: 401 })).rejects.toThrow(
      'subsets of 401 rows; the smaller set has 400',
    )
    await expect(kernelDistance(set(1, 2), sample)).rejects.toThrow('1 and 64 per image')
  })
})
