// Runs before every test file: the numeric matcher whose tolerances follow numpy's allclose.
import { expect } from 'vitest'

interface Tolerance {
  atol?: number
  rtol?: number
}

/** max |a - b| over the arrays, and where. */
export function maxAbsDifference(a: ArrayLike<number>, b: ArrayLike<number>): { value: number; index: number } {
  let value = 0
  let index = -1
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!)
    if (!(d <= value)) {
      value = d
      index = i
    }
  }
  return { value, index }
}

expect.extend({
  toBeAllclose(received: ArrayLike<number>, expected: ArrayLike<number>, { atol = 1e-6, rtol = 1e-5 }: Tolerance = {}) {
    if (received.length !== expected.length) {
      return { pass: false, message: () => `expected ${expected.length} values, got ${received.length}` }
    }
    for (let i = 0; i < expected.length; i++) {
      if (!(Math.abs(received[i]! - expected[i]!) <= atol + rtol * Math.abs(expected[i]!))) {
        const worst = maxAbsDifference(received, expected)
        return {
          pass: false,
          message: () =>
            `first mismatch at ${i}: got ${received[i]}, expected ${expected[i]} (atol ${atol}, rtol ${rtol}); ` +
            `largest difference ${worst.value} at ${worst.index}`,
        }
      }
    }
    return { pass: true, message: () => `expected arrays to differ by more than atol ${atol}, rtol ${rtol}` }
  },
  /** max |a - b| <= rtol * max |b|: the tolerance the parity statements use ("1e-4 relative of the goldens"). */
  toBeWithinRelative(received: ArrayLike<number>, expected: ArrayLike<number>, rtol: number) {
    if (received.length !== expected.length) {
      return { pass: false, message: () => `expected ${expected.length} values, got ${received.length}` }
    }
    let scale = 0
    for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]!))
    const worst = maxAbsDifference(received, expected)
    const pass = worst.value <= rtol * scale
    return {
      pass,
      message: () =>
        `largest difference ${worst.value} at ${worst.index} (got ${received[worst.index]}, expected ${expected[worst.index]}) ` +
        `${pass ? 'is within' : 'exceeds'} ${rtol} x ${scale}`,
    }
  },
})

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: the signature vitest asks for
  interface Assertion<T = any> {
    toBeAllclose(expected: ArrayLike<number>, tolerance?: Tolerance): T
    toBeWithinRelative(expected: ArrayLike<number>, rtol: number): T
  }
}
