import { expect, it } from 'vitest'
import { schedule, solvers } from './flow-schedule.ts'

/** Runs a table on a scalar state whose prediction is `predict(x, t)`. */
function integrate(settings: Parameters<typeof schedule>[0], start: number, predict: (x: number, t: number) => number) {
  const { moves, end } = schedule(settings)
  let x = start
  let before = start
  const predictions: number[] = []
  for (const { time, restart, keep, weights } of moves) {
    predictions.unshift(predict(x, time))
    const next = weights.reduce((sum, w, age) => sum + w * predictions[age]!, keep * (restart ? before : x))
    ;[before, x] = [x, next]
  }
  return { x, end }
}

it.each(solvers)('%s is exact where there is one entry: the path is straight', (solver) => {
  const { x, end } = integrate({ solver, steps: 7 }, -2, () => 3)
  expect(end).toBe(6 / 7)
  expect(x).toBeCloseTo((1 - end) * -2 + end * 3, 12)
})

// A Gaussian of variance s^2 as data: D = t s^2 x / ((1-t)^2 + t^2 s^2), and x_t = e sqrt((1-t)^2 + t^2 s^2).
const s = 0.5
const posterior = (x: number, t: number) => (t * s * s * x) / ((1 - t) ** 2 + t * t * s * s)
const error = (solver: (typeof solvers)[number], steps: number) => {
  const { x, end } = integrate({ solver, steps }, 1, posterior)
  return Math.abs(x - Math.hypot(1 - end, end * s))
}

it.each([
  ['dpm', 2],
  ['heun', 2],
  ['euler', 1],
] as const)('%s has order %i', (solver, order) => {
  const measured = Math.log2(error(solver, 100) / error(solver, 200))
  expect(measured).toBeGreaterThan(order - 0.3)
  expect(measured).toBeLessThan(order + 0.5)
})

it('names what it does not know', () => {
  expect(() => schedule({ solver: 'rk4' as 'dpm', steps: 8 })).toThrow(
    'solver must be one of dpm, heun, euler; got "rk4"',
  )
  for (const steps of [1, 2.5, Number.NaN])
    expect(() => schedule({ solver: 'dpm', steps })).toThrow(`2 steps or more, a whole number; got ${steps}`)
})
