// Pseudo-random standard normal numbers for tests: the same every time, good enough to make a matrix generic.

/** `count` numbers from `seed` on (mulberry32 and Box-Muller). */
export function normal(seed: number, count: number): Float64Array {
  let state = seed
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return Float64Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  )
}
