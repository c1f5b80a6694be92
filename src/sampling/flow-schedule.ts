// Solvers of the flow as tables of numbers: where D is evaluated, and how the next state is put together from states and
// predictions. All three step evenly in t, and none divides by 1-t at the end: the last step, to t = 1, goes onto the
// entry of largest weight.
//
// dpm: the multistep solver in x-prediction form of DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095). The exact solution
// x_u = (1-u) (x_t / (1-t) + integral of D / (1-tau)^2 from t to u) is integrated with D on a straight line through its last two
// values. The line is one in t and not, as published, in log(t / (1-t)), which is infinite at t = 0 and needs more steps
// here (docs/FLOW-MAP.md).
// euler: the same with D constant, which is also what an Euler step along the velocity comes to.
// heun: Heun's method on the velocity, two evaluations a step.

import * as v from 'valibot'
import { oneOf, UsageError } from '../core/errors.ts'
import { choice, whole } from '../core/schemas.ts'

export const solvers = ['dpm', 'heun', 'euler'] as const
export type Solver = (typeof solvers)[number]

/** Ours: refining changes 0.4 % of the tokens (docs/FLOW-MAP.md). The upstream code hints at 200 steps of a DPM solver. */
export const defaultFlow = { solver: 'dpm', steps: 32 } as const

export const flowSchema = v.object({
  solver: choice(solvers, 'name', `solver of the flow map (default: ${defaultFlow.solver})`),
  /** From noise to codebook; the map is exact to float32 long before the most. */
  steps: whole(2, 10_000, 'number', `steps of that solver (default: ${defaultFlow.steps})`),
})
export type FlowSettings = v.InferOutput<typeof flowSchema>

/** Evaluate D at `time`, then x = keep * (the state before this one when `restart`, else this one) + sum weights[k] D_(k evaluations ago). */
export interface Move {
  time: number
  restart: boolean
  keep: number
  weights: readonly number[]
}

export interface Schedule {
  moves: readonly Move[]
  /** When the entry of largest weight is taken. */
  end: number
}

/**
 * The table of a solver.
 * @throws UsageError for an unknown solver or a number of steps that is not a whole number >= 2
 * @example
 * schedule({ solver: 'euler', steps: 2 }) // { moves: [{ time: 0, restart: false, keep: 0.5, weights: [0.5] }], end: 0.5 }
 */
export function schedule({ solver, steps }: FlowSettings): Schedule {
  const move = makers[oneOf('solver', solver, solvers)]
  if (!(Number.isSafeInteger(steps) && steps >= 2))
    throw new UsageError(`A flow needs 2 steps or more, a whole number; got ${steps}.`)
  const moves = Array.from({ length: steps - 1 }, (_, i) => move(i / steps, (i + 1) / steps, (i - 1) / steps))
  return { moves: moves.flat(), end: (steps - 1) / steps }
}

const euler = (t: number, u: number): Move => ({
  time: t,
  restart: false,
  keep: (1 - u) / (1 - t),
  weights: [(u - t) / (1 - t)],
})

function dpm(t: number, u: number, before: number): Move[] {
  const first = euler(t, u)
  if (before < 0) return [first]
  // (1-u) times the integral of (tau - t) / (1-tau)^2, over the distance to the prediction before
  const slope = (u - t + (1 - u) * Math.log((1 - u) / (1 - t))) / (t - before)
  return [{ ...first, weights: [first.weights[0]! + slope, -slope] }]
}

function heun(t: number, u: number): Move[] {
  const predictor = euler(t, u)
  const near = (u - t) / 2 / (1 - t)
  const far = (u - t) / 2 / (1 - u)
  const old = near - far * predictor.weights[0]!
  return [predictor, { time: u, restart: true, keep: 1 - near - far * predictor.keep, weights: [far, old] }]
}

const makers: Record<Solver, (t: number, u: number, before: number) => Move[]> = {
  dpm,
  heun,
  euler: (t, u) => [euler(t, u)],
}
