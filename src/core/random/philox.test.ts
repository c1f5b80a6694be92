import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UsageError } from '../errors.ts'
import { noise, philox4x32, uniforms } from './philox.ts'

// Random123, tests/kat_vectors, the three lines "philox4x32 10".
test.each([
  ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
  ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
  ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
])('known answer for counter %s, key %s', (counter, key, expected) => {
  const words = (text: string) => text.split(' ').map((word) => Number.parseInt(word, 16))
  expect(philox4x32(words(counter) as [0, 0, 0, 0], words(key) as [0, 0])).toEqual(words(expected))
})

test('a block equals the definition written with 64-bit integers', () => {
  const word = fc.integer({ min: 0, max: 0xffffffff })
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
      let [c0, c1, c2, c3, k0, k1] = [...counter, ...key].map(BigInt) as [
        bigint,
        bigint,
        bigint,
        bigint,
        bigint,
        bigint,
      ]
      const mask = 0xffffffffn
      for (let round = 0; round < 10; round++) {
        const p0 = 0xd2511f53n * c0
        const p1 = 0xcd9e8d57n * c2
        ;[c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & mask, (p0 >> 32n) ^ c3 ^ k1, p0 & mask]
        ;[k0, k1] = [(k0 + 0x9e3779b9n) & mask, (k1 + 0xbb67ae85n) & mask]
      }
      expect(philox4x32(counter, key)).toEqual([c0, c1, c2, c3].map(Number))
    }),
  )
})

test('a longer draw starts with the shorter one', () => {
  const long = noise(5, 9, 1000)
  for (const size of [0, 1, 3, 4, 5, 998]) expect(noise(5, 9, size)).toEqual(long.subarray(0, size))
  expect(uniforms(5, 9, 2, 7)).toEqual(uniforms(5, 9, 2, 1000).subarray(0, 7))
})

test('seed, index and stream each change every number, above 2^32 too', () => {
  const draws = [
    noise(0, 0, 64),
    noise(1, 0, 64),
    noise(2 ** 32, 0, 64),
    noise(0, 1, 64),
    noise(0, 2 ** 32, 64),
    uniforms(0, 0, 0, 64),
    uniforms(0, 0, 1, 64),
  ]
  expect(new Set(draws.flatMap((draw) => [...draw])).size).toBe(7 * 64)
})

// With n = 400,000 the standard errors are 0.0016 (mean), 0.0022 (variance), 0.0077 (kurtosis): the bounds are four of
// them.
test('noise is standard normal: moments, tails, and no correlation between neighbours or images', () => {
  const n = 400_000
  const x = noise(2024, 0, n)
  const mean = (f: (v: number, i: number) => number) => x.reduce((sum, v, i) => sum + f(v, i), 0) / n
  expect(Math.abs(mean((v) => v))).toBeLessThan(0.0064)
  expect(Math.abs(mean((v) => v ** 2) - 1)).toBeLessThan(0.009)
  expect(Math.abs(mean((v) => v ** 3))).toBeLessThan(4 * Math.sqrt(15 / n))
  expect(Math.abs(mean((v) => v ** 4) - 3)).toBeLessThan(4 * Math.sqrt(96 / n))
  expect(Math.abs(mean((v) => Number(Math.abs(v) > 1.959964)) - 0.05)).toBeLessThan(0.0014)
  expect(Math.abs(mean((v, i) => v * (x[i + 1] ?? 0)))).toBeLessThan(0.0064)
  const next = noise(2024, 1, n)
  expect(Math.abs(mean((v, i) => v * next[i]!))).toBeLessThan(0.0064)
})

test('uniforms fill [0, 1) evenly', () => {
  const n = 100_000
  const bins = new Float64Array(100)
  const draws = uniforms(7, 3, 0, n)
  expect(draws.every((u) => u >= 0 && u < 1)).toBe(true)
  for (const u of draws) bins[Math.floor(u * 100)]! += 1
  const chiSquare = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
  // 99 degrees of freedom: mean 99, standard deviation 14.
  expect(chiSquare).toBeGreaterThan(99 - 4 * 14)
  expect(chiSquare).toBeLessThan(99 + 4 * 14)
})

test('seeds, indices, streams and sizes are whole numbers from 0', () => {
  for (const bad of [-1, 1.5, Number.NaN, 2 ** 53]) {
    expect(() => noise(bad, 0, 1)).toThrow(UsageError)
    expect(() => noise(0, bad, 1)).toThrow(UsageError)
    expect(() => noise(0, 0, bad)).toThrow(UsageError)
    expect(() => uniforms(0, 0, bad, 1)).toThrow(UsageError)
  }
  expect(() => noise(-3, 0, 1)).toThrow('A seed must be a whole number from 0 to 9007199254740991, got -3.')
})

test('noise starts anywhere in that of an image', () => {
  for (const from of [0, 1, 4, 6, 31]) expect(noise(3, 9, 17, from)).toEqual(noise(3, 9, 64).slice(from, from + 17))
})
