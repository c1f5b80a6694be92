import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadFixture } from '../../test/fixtures.ts'
import { EngineError, UsageError } from '../core/errors.ts'
import { categorical, filterLlamaGen, filterVar, greedy, softmax } from './filter.ts'

const kept = (logits: Float32Array) => [...logits.keys()].filter((i) => logits[i] !== Number.NEGATIVE_INFINITY)

interface Case {
  V: number
  top_k: number
  top_p: number
  llamagen_top_p: number
  llamagen_temperature: number
  var_kept: number[]
  llamagen_kept: number[]
}
const { arrays, meta } = loadFixture('sampling')
const cases: (Case & { i: number })[] = meta.cases.map((row: Case, i: number) => ({ ...row, i }))

test.each(cases)('case $i of the released samplers: V=$V top-k $top_k top-p $top_p', (row) => {
  const results = {
    var: (logits: Float32Array) => filterVar(logits, { topK: row.top_k, topP: row.top_p }),
    llamagen: (logits: Float32Array) =>
      filterLlamaGen(logits, { topK: row.top_k, topP: row.llamagen_top_p, temperature: row.llamagen_temperature }),
  }
  for (const name of ['var', 'llamagen'] as const) {
    for (let r = 0; r < 3; r++) {
      const cut = (array: string) =>
        arrays(`case${row.i}.${array}`).data.subarray(r * row.V, (r + 1) * row.V) as Float32Array
      const filtered = results[name](cut('logits'))
      expect(kept(filtered).length).toBe(row[`${name}_kept`][r])
      // Float32 softmax against float64 rounded once: a few units in the last place.
      expect(softmax(filtered)).toBeAllclose(cut(`${name}_probs`), { atol: 0, rtol: 2e-6 })
    }
  }
})

describe('ties and boundaries', () => {
  // Indices kept by the two upstream functions under torch 1.13.1.
  const tied = [1, 3, 2, 3, 2, 0, 2]
  const equal = [0, 0, 0, 0]
  test.each([
    { logits: tied, topK: 3, topP: 0, var: [1, 2, 3, 4, 6], llamagen: [1] },
    { logits: tied, topK: 3, topP: 0.5, var: [1, 3], llamagen: [1, 3] },
    { logits: tied, topK: 0, topP: 0.5, var: [1, 3], llamagen: [1, 3] },
    { logits: tied, topK: 0, topP: 0.75, var: [1, 3, 4, 6], llamagen: [1, 2, 3, 4] },
    { logits: tied, topK: 0, topP: 1, var: [0, 1, 2, 3, 4, 5, 6], llamagen: [0, 1, 2, 3, 4, 5, 6] },
    { logits: tied, topK: 2, topP: 0.999, var: [1, 3], llamagen: [1, 3] },
    { logits: equal, topK: 0, topP: 0.25, var: [3], llamagen: [0, 1] },
    { logits: equal, topK: 0, topP: 0.3, var: [2, 3], llamagen: [0, 1] },
    { logits: equal, topK: 0, topP: 0.5, var: [2, 3], llamagen: [0, 1, 2] },
    { logits: equal, topK: 0, topP: 0.75, var: [1, 2, 3], llamagen: [0, 1, 2, 3] },
  ])('$logits top-k $topK top-p $topP', ({ logits, topK, topP, ...expected }) => {
    expect(kept(filterVar(Float32Array.from(logits), { topK, topP }))).toEqual(expected.var)
    expect(kept(filterLlamaGen(Float32Array.from(logits), { topK, topP }))).toEqual(expected.llamagen)
  })

  test('0 and -0 are equal: order of index decides between them', () => {
    const logits = Float32Array.of(0, -0, 0, -0)
    expect(kept(filterVar(logits, { topP: 0.5 }))).toEqual([2, 3])
    expect(kept(filterLlamaGen(logits, { topP: 0.3 }))).toEqual([0, 1])
  })

  test('a top-k of the whole vocabulary or more keeps everything, and the input stays as it was', () => {
    const logits = Float32Array.of(1, 2, 3)
    expect(filterVar(logits, { topK: 900 })).toEqual(logits)
    expect(filterLlamaGen(logits, { topK: 3, temperature: 2 })).toEqual(Float32Array.of(0.5, 1, 1.5))
    filterVar(logits, { topK: 1, topP: 0.5 })
    expect(logits).toEqual(Float32Array.of(1, 2, 3))
  })

  test('temperature 0 leaves only the largest with any probability', () => {
    expect(softmax(filterLlamaGen(Float32Array.of(1, 1.25, 0.5), { temperature: 0 }))).toEqual(Float32Array.of(0, 1, 0))
  })
})

const logitsOf = fc.array(
  fc.integer({ min: -40, max: 40 }).map((n) => n / 4),
  { minLength: 1, maxLength: 60 },
)

test('top-k keeps exactly what is not smaller than the k-th largest', () => {
  fc.assert(
    fc.property(logitsOf, fc.integer({ min: 1, max: 70 }), (values, topK) => {
      const threshold = values.toSorted((a, b) => b - a)[Math.min(topK, values.length) - 1]!
      const expected = [...values.keys()].filter((i) => values[i]! >= threshold)
      expect(kept(filterVar(Float32Array.from(values), { topK }))).toEqual(expected)
      expect(kept(filterLlamaGen(Float32Array.from(values), { topK }))).toEqual(expected)
    }),
  )
})

test('after any filter probabilities add up to 1, the largest logit stays, and what stays is larger than what goes', () => {
  const settings = fc.record({ topK: fc.nat(70), topP: fc.double({ min: 0, max: 1, noNaN: true }) })
  fc.assert(
    fc.property(logitsOf, settings, fc.constantFrom(filterVar, filterLlamaGen), (values, setting, filter) => {
      const logits = Float32Array.from(values)
      const out = filter(logits, setting)
      const probabilities = softmax(out)
      expect(Math.abs(probabilities.reduce((a, b) => a + b) - 1)).toBeLessThan(1e-6)
      const stays = new Set(kept(out))
      const smallest = Math.min(...[...stays].map((i) => logits[i]!))
      expect(Math.max(...[...stays].map((i) => logits[i]!))).toBe(Math.max(...logits))
      for (const i of logits.keys()) if (!stays.has(i)) expect(logits[i]).toBeLessThanOrEqual(smallest)
    }),
  )
})

test('categorical never picks probability 0, not even with u next to 1 or at 0', () => {
  const probability = fc.oneof(fc.constant(0), fc.float({ min: 0, max: 1, noNaN: true }))
  const uniform = fc.oneof(
    fc.constantFrom(0, 1 - 2 ** -53, 1 - 2 ** -24),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  )
  fc.assert(
    fc.property(fc.array(probability, { minLength: 1 }), uniform, (probabilities, u) => {
      fc.pre(probabilities.some((p) => p > 0))
      expect(probabilities[categorical(probabilities, u)]).toBeGreaterThan(0)
    }),
  )
})

test('categorical inverts the cumulative distribution: boundaries belong to the next entry', () => {
  const probabilities = Float32Array.of(0, 0.25, 0, 0.5, 0.25, 0)
  const picks = [0, 0.2499, 0.25, 0.7499, 0.75, 0.9999].map((u) => categorical(probabilities, u))
  expect(picks).toEqual([1, 1, 3, 3, 4, 4])
})

test('greedy takes the first of the largest', () => {
  expect(greedy([1, 3, 2, 3])).toBe(1)
  expect(greedy([Number.NEGATIVE_INFINITY, -5])).toBe(1)
})

test('broken logits and impossible settings are named', () => {
  expect(() => softmax(Float32Array.of(0, Number.NaN, 1))).toThrow(EngineError)
  expect(() => softmax(Float32Array.of(0, 1, Number.NaN))).toThrow('number 2 is NaN')
  expect(() => softmax(Float32Array.of(0, Number.POSITIVE_INFINITY))).toThrow('number 1 is Infinity')
  expect(() => softmax(new Float32Array(3).fill(Number.NEGATIVE_INFINITY))).toThrow('none is finite')
  expect(() => filterVar(Float32Array.of(1), { topK: -1 })).toThrow(UsageError)
  expect(() => filterVar(Float32Array.of(1), { topP: 1.1 })).toThrow(UsageError)
  expect(() => filterLlamaGen(Float32Array.of(1), { temperature: Number.NaN })).toThrow(UsageError)
  expect(() => categorical([1], 1)).toThrow(UsageError)
  expect(() => categorical([0, 0], 0.5)).toThrow(UsageError)
})
