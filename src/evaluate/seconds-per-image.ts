// The time of an image: the median over images that are made one at a time, after a warm-up.

/** Images that are timed. */
const timed = 5

/**
 * @param make makes image `i` of a run
 * @example
 * await secondsPerImage(async () => {}) < 1 // true
 */
export async function secondsPerImage(make: (i: number) => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let i = 0; i <= timed; i++) {
    const started = performance.now()
    await make(i)
    if (i > 0) times.push((performance.now() - started) / 1000)
  }
  return times.toSorted((a, b) => a - b)[Math.floor(timed / 2)]!
}
