import { expect, test } from 'vitest'
import { float16ToNumber } from './dtype.ts'
import { toFloat16 } from './float16.ts'

const finite = Array.from({ length: 0x7c00 }, (_, bits) => bits)
const one = (value: number) => toFloat16(Float32Array.of(value))[0]!

test('every float16 comes back as it was, with either sign', () => {
  expect([...toFloat16(Float32Array.from(finite, float16ToNumber))]).toEqual(finite)
  const negative = finite.map((bits) => bits | 0x8000)
  expect([...toFloat16(Float32Array.from(negative, float16ToNumber))]).toEqual(negative)
})

test('between two neighbours the nearer wins, and halfway the even one', () => {
  const wrong = finite.slice(0, -1).filter((bits) => {
    const low = float16ToNumber(bits)
    const high = float16ToNumber(bits + 1)
    const middle = (low + high) / 2
    const even = bits % 2 ? bits + 1 : bits
    const nudge = middle * 2 ** -23 // the next float32, or so
    return one(middle) !== even || one(middle - nudge) !== bits || one(middle + nudge) !== bits + 1
  })
  expect(wrong).toEqual([])
})

test('what is too large becomes infinite, what is too small zero, and a NaN stays one', () => {
  expect([65519.99, 65520, 1e30, Number.POSITIVE_INFINITY].map(one)).toEqual([0x7bff, 0x7c00, 0x7c00, 0x7c00])
  expect([-65520, -0, 2 ** -25, 2 ** -25 * 1.0001, 2 ** -149].map(one)).toEqual([0xfc00, 0x8000, 0, 1, 0])
  expect(float16ToNumber(one(Number.NaN))).toBeNaN()
})

test('a view into a larger buffer is converted, not the buffer', () => {
  expect([...toFloat16(Float32Array.of(1, 2, 3).subarray(1, 2))]).toEqual([0x4000])
})
