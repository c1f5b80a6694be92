import { expect, test } from 'vitest'
import { count, duration, figure, plural } from './format.ts'

test('figures have the digits that tell', () => {
  const values = [0, 0.41234, 12.5, 312.44, 1023.6, -15300, 1e-4, 0.000123456, 3e12]
  expect(values.map((value) => figure(value))).toEqual(
    ['0', '0.4123', '12.50', '312.4', '1,024', '-15,300', '1e-4', '1.235e-4', '3e12'], //
  )
  expect([figure(312.44, 3), figure(Number.NaN), figure(Number.POSITIVE_INFINITY)]).toEqual(['312', 'NaN', 'Infinity'])
})

test('times and counts', () => {
  expect([0.346, 9.96, 59, 200, 7500].map(duration)).toEqual(['0.35 s', '10.0 s', '59 s', '3 min 20 s', '2 h 5 min'])
  expect(count(12000)).toBe('12,000')
  expect([0, 1, 2].map((n) => plural(n, 'tensor'))).toEqual(['0 tensors', '1 tensor', '2 tensors'])
})
