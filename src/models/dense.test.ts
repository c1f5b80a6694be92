import { expect, it } from 'vitest'
import { noise } from '../core/random/philox.ts'
import { quantize } from './dense.ts'

it('quantises per output channel, transposed, and never beyond what int16 sums can hold', () => {
  const out = 5
  const inside = 64
  const weights = noise(0, 0, out * inside).map((v, i) => v * 10 ** Math.floor(i / inside))
  const { values, scales } = quantize(weights, out, inside)
  expect(Math.max(...values)).toBeLessThanOrEqual(63)
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-63)
  for (let o = 0; o < out; o++) {
    for (let i = 0; i < inside; i++) {
      expect(Math.abs(values[i * out + o]! * scales[o]! - weights[o * inside + i]!)).toBeLessThanOrEqual(
        scales[o]! * 0.5001,
      )
    }
  }
})

it('leaves a channel of zeros at zero', () => {
  expect(quantize(new Float32Array(4), 2, 2)).toEqual({ values: new Int8Array(4), scales: Float32Array.of(1, 1) })
})
