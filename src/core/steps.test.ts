import { expect, it } from 'vitest'
import { atOnce, inPieces } from './steps.ts'

/** Busy for `pieces` times 20 ms. */
function* busy(pieces: number) {
  for (let i = 0; i < pieces; i++) {
    const until = performance.now() + 20
    while (performance.now() < until);
    yield
  }
  return pieces
}

it('gives the result, at once or in pieces between which timers run', async () => {
  expect(atOnce(busy(2))).toBe(2)
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  expect(await inPieces(busy(10))).toBe(10)
  clearInterval(timer)
  expect(ticks).toBeGreaterThan(1)
})

it('ends soon after an abort', async () => {
  const abort = new AbortController()
  setTimeout(() => abort.abort(), 10)
  const started = performance.now()
  await expect(inPieces(busy(1000), abort.signal)).rejects.toThrow('aborted')
  expect(performance.now() - started).toBeLessThan(5000)
})
