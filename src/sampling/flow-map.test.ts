import { describe, expect, it } from 'vitest'
import { chiSquare } from '../../test/chi-square.ts'
import { numbers, sharedEngine } from '../../test/evaluate.ts'
import { noise as gaussian } from '../core/random/philox.ts'
import { float32, type Program } from '../engine/types.ts'
import { constant } from '../graph/index.ts'
import { flowMapGraph } from './flow-map.ts'
import { referenceFlowMap } from './flow-reference.ts'
import { defaultFlow, type FlowSettings, schedule, solvers } from './flow-schedule.ts'

const V = 64
const C = 8
const codebook = gaussian(1, 0, V * C)
const forbidden = Number.NEGATIVE_INFINITY
const noises = (rows: number) => gaussian(5, 0, rows * C)
const repeated = (logits: ArrayLike<number>, rows: number) =>
  Float32Array.from({ length: rows * logits.length }, (_, i) => logits[i % logits.length]!)

const opened = new Map<string, Promise<Program>>()
/** Indices that the graph gives to noise [N, C] and logits [N, V]. */
async function flow(
  noise: Float32Array,
  logits: Float32Array,
  settings: FlowSettings = defaultFlow,
  entries = codebook,
) {
  const key = `${settings.solver} ${settings.steps} ${entries[0]}`
  const graph = () => flowMapGraph(constant(entries, [V, C]), schedule(settings))
  const program = opened.get(key) ?? sharedEngine().then((engine) => engine.load(graph()))
  opened.set(key, program)
  const rows = noise.length / C
  const feeds = { noise: float32(noise, [rows, C]), logits: float32(logits, [rows, V]) }
  return numbers((await (await program).run(feeds)).indices)
}

const differing = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).filter((value, i) => value !== b[i]).length / a.length

describe('the flow map', () => {
  const noise = gaussian(2, 0, 1000 * C)
  const logits = gaussian(3, 0, 1000 * V).map((v) => 2 * v)

  it.each(solvers)('is that of float64 arithmetic from the plain formula: %s', async (solver) => {
    const settings = { solver, steps: 20 }
    const found = await flow(noise, logits, settings)
    const expected = referenceFlowMap(codebook, C, noise, logits, schedule(settings))
    expect(differing(found, expected)).toBeLessThanOrEqual(0.001) // one near-tie that rounding decides
  })

  it('changes at most 1 % of the tokens when the steps are refined tenfold', async () => {
    const fine = await flow(noise, logits, { solver: 'dpm', steps: 10 * defaultFlow.steps })
    expect(differing(await flow(noise, logits), fine)).toBeLessThan(0.01)
    expect(differing(await flow(noise, logits, { solver: 'heun', steps: 200 }), fine)).toBeLessThan(0.005)
    expect(differing(await flow(noise, logits, { solver: 'euler', steps: 400 }), fine)).toBeLessThan(0.02)
  })

  it('does not see where the codebook lies and how large it is', async () => {
    const moved = codebook.map((v, i) => 0.02 * v + (i % C))
    expect(differing(await flow(noise, logits, defaultFlow, moved), await flow(noise, logits))).toBeLessThan(0.003)
  })

  it('gives a token the same entry whatever runs beside it', async () => {
    const all = await flow(noise, logits)
    for (const [start, end] of [
      [0, 2],
      [7, 64],
      [500, 1000],
    ] as const) {
      const part = await flow(noise.slice(start * C, end * C), logits.slice(start * V, end * V))
      expect(part).toEqual(all.slice(start, end))
    }
  })
})

describe('the push-forward of the Gaussian is the teacher', () => {
  const rows = 20_000
  it.each<[string, ArrayLike<number>]>([
    ['all entries alike', new Float32Array(V)],
    ['a rugged distribution', gaussian(4, 0, V).map((v) => 2 * v)],
    ['one entry at 99 %', Float32Array.from({ length: V }, (_, i) => (i === 5 ? Math.log(99 * (V - 1)) : 0))],
    ['half of the entries forbidden', gaussian(6, 0, V).map((v, i) => (i % 2 ? forbidden : v))],
    [
      'two entries left, one to three',
      Array.from({ length: V }, (_, i) => ({ 3: 0, 40: Math.log(3) })[i] ?? forbidden),
    ],
  ])('%s', async (_, logits) => {
    const found = await flow(noises(rows), repeated(logits, rows))
    const weights = Array.from(logits, (v) => Math.exp(v))
    const total = weights.reduce((sum, w) => sum + w, 0)
    const { statistic, bound } = chiSquare(
      found,
      weights.map((w) => w / total),
    )
    expect(statistic).toBeLessThan(bound)
  })

  it('one entry left by the filter is taken by every noise', async () => {
    const only = Array.from({ length: V }, (_, i) => (i === 17 ? -3 : forbidden))
    expect(new Set(await flow(noises(500), repeated(only, 500)))).toEqual(new Set([17]))
  })

  it('an entry as likely as a million to one all but always wins', async () => {
    const sure = Array.from({ length: V }, (_, i) => (i === 9 ? Math.log(1e6) : -5))
    expect(differing(await flow(noises(2000), repeated(sure, 2000)), new Array(2000).fill(9))).toBeLessThan(0.002)
  })

  it('logits of any size weigh by their differences alone', async () => {
    const logits = gaussian(4, 0, V)
    const shifted = (by: number) =>
      flow(
        noises(500),
        repeated(
          logits.map((v) => v + by),
          500,
        ),
      )
    expect(differing(await shifted(40), await shifted(0))).toBeLessThanOrEqual(0.002)
  })
})
