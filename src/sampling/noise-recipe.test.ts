import { describe, expect, it } from 'vitest'
import { noise as gaussian } from '../core/random/philox.ts'
import { isMixed, mixNoise } from './noise-recipe.ts'

const family = { groups: [1, 4, 9], channels: 16 }
const size = 14 * 16
const of = (seed: number, index = 0) => gaussian(seed, index, size)
const norm = (x: Float32Array) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0))

describe('a recipe for noise', () => {
  it('is that of a seed and an index when it is plain', () => {
    expect(mixNoise({ seed: 3 }, family)).toEqual(of(3))
    expect(mixNoise({ seed: 3, index: 2 }, family)).toEqual(of(3, 2))
    expect([isMixed({ seed: 3 }), isMixed({ seed: 3, groups: [] })]).toEqual([false, false])
  })

  it('goes from one noise to another on the sphere', () => {
    const at = (amount: number) => mixNoise({ seed: 1, toward: { seed: 2, amount } }, family)
    expect(at(0)).toEqual(of(1))
    for (const [i, value] of at(1).entries()) expect(value).toBeCloseTo(of(2)[i]!, 6)
    const [low, high] = [norm(of(1)), norm(of(2))].toSorted((a, b) => a - b) as [number, number]
    for (const amount of [0.25, 0.5, 0.75]) {
      expect(norm(at(amount))).toBeGreaterThan(0.97 * low)
      expect(norm(at(amount))).toBeLessThan(1.03 * high)
    }
    expect(mixNoise({ seed: 1, toward: { seed: 1, amount: 0.5 } }, family)).toEqual(of(1))
  })

  it('takes single groups from elsewhere', () => {
    const mixed = mixNoise({ seed: 1, groups: [{ group: 1, seed: 9, index: 4 }] }, family)
    expect(mixed.subarray(0, 16)).toEqual(of(1).subarray(0, 16))
    expect(mixed.subarray(16, 80)).toEqual(of(9, 4).subarray(16, 80))
    expect(mixed.subarray(80)).toEqual(of(1).subarray(80))
  })

  it('refuses what is out of range', () => {
    expect(() => mixNoise({ seed: 1, toward: { seed: 2, amount: 1.1 } }, family)).toThrow('amount must be a number')
    expect(() => mixNoise({ seed: 1, groups: [{ group: 3, seed: 2 }] }, family)).toThrow('token groups 0 to 2, got 3')
    const twice = [1, 1].map((group) => ({ group, seed: 2 }))
    expect(() => mixNoise({ seed: 1, groups: twice }, family)).toThrow('group 1 has its noise from two places')
    expect(() => mixNoise({ seed: -1 }, family)).toThrow('seed')
  })
})
