// The trainer on a task with a known answer: linear regression. What it promises holds for any task.
import { expect, test } from 'vitest'
import { sharedEngine } from '../../test/evaluate.ts'
import { noise } from '../core/random/philox.ts'
import { float32 } from '../engine/types.ts'
import { input } from '../graph/index.ts'
import { linear } from '../graph/ops/index.ts'
import { type Communicator, singleProcess } from './communicator.ts'
import { squaredError } from './losses.ts'
import { constantInit, initialise } from './parameters.ts'
import type { TrainState } from './train-state.ts'
import { type Task, type TrainerSettings, train } from './trainer.ts'

const TRUTH = [1, -2, 0.5]
const settings: TrainerSettings = {
  steps: 40,
  batch: 8,
  microBatch: 4,
  lr: 0.1,
  schedule: 'cosine',
  warmupSteps: 2,
  floor: 0,
  betas: [0.9, 0.95],
  weightDecay: 0,
  clip: 0,
  emaDecay: 0.5,
  validateEvery: 10,
  sheetEvery: 0,
  checkpointEvery: 10,
}

function regression(change: Partial<Task> = {}): Task {
  const feeds = async (step: number, part: number, batch: number) => {
    const x = noise(1, step * 100 + part, batch * 3)
    const y = Float32Array.from({ length: batch }, (_, b) => TRUTH.reduce((s, t, i) => s + t * x[b * 3 + i]!, 0))
    return { x: float32(x, [batch, 3]), y: float32(y, [batch, 1]) }
  }
  return {
    parameters: initialise(new Map([['w', [1, 3]]]), () => constantInit(0), 0),
    objective(w, batch) {
      const x = input('x', 'float32', [batch, 3])
      const y = input('y', 'float32', [batch, 1])
      return { loss: squaredError(linear(x, w.get('w')), y) }
    },
    feeds,
    validation: { count: 1, feeds: (part, batch) => feeds(1000, part, batch) },
    ...change,
  }
}

const weights = (state: TrainState) => state.tensors.model.get('w')!.data

test('finds the answer, and says on the way how it does', async () => {
  const losses: number[] = []
  const validations: number[] = []
  const state = await train(regression(), {
    engine: await sharedEngine(),
    settings: { ...settings, steps: 150 },
    onStep: ({ loss }) => losses.push(loss),
    onValidation: (_, { loss }) => validations.push(loss!),
  })
  expect(weights(state)).toBeAllclose(TRUTH, { atol: 1e-2 })
  expect(losses).toHaveLength(150)
  expect(validations.at(-1)).toBeLessThan(1e-3)
  expect(validations[0]).toBeGreaterThan(1)
})

test('goes on from any checkpoint to the same bits', async () => {
  const engine = await sharedEngine()
  const saved: TrainState[] = []
  const copy = (state: TrainState) => structuredClone(state)
  const whole = await train(regression(), {
    engine,
    settings,
    onCheckpoint: async (state) => void saved.push(copy(state)),
  })
  expect(saved.map(({ step }) => step)).toEqual([10, 20, 30, 40])
  const rest = await train(regression(), { engine, settings, resume: saved[1]! })
  expect(rest.tensors).toEqual(whole.tensors)
})

test('micro-batches change nothing but rounding', async () => {
  const engine = await sharedEngine()
  const all = regression()
  const halves: Task = {
    ...all,
    feeds: async (step, part, batch) => {
      const { x, y } = await all.feeds(step, 0, 8)
      const half = (t: typeof x, width: number) =>
        float32((t!.data as Float32Array).slice(part * batch * width, (part + 1) * batch * width), [batch, width])
      return { x: half(x!, 3), y: half(y!, 1) }
    },
  }
  const once = await train(halves, { engine, settings: { ...settings, microBatch: 8 } })
  const twice = await train(halves, { engine, settings })
  expect(weights(twice)).toBeAllclose(weights(once), { atol: 1e-6 })
})

test('two ranks that share a batch do what one does alone', async () => {
  const engine = await sharedEngine()
  const alone = await train(regression(), { engine, settings })
  const ranks = pairOfRanks()
  const both = await Promise.all(ranks.map((communicator) => train(regression(), { engine, settings, communicator })))
  expect(weights(both[0]!)).toEqual(weights(both[1]!))
  expect(weights(both[0]!)).toBeAllclose(weights(alone), { atol: 1e-6 })
})

test('a validation weighs every held-out example once, whatever the micro-batch', async () => {
  const held = noise(9, 0, 9 * 3)
  const losses = async (microBatch: number) => {
    const found: number[] = []
    const read: [number, number][] = []
    const task = regression({
      validation: {
        count: 9,
        async feeds(first, size) {
          read.push([first, size])
          const x = held.slice(first * 3, (first + size) * 3)
          return {
            x: float32(x, [size, 3]),
            y: float32(
              Float32Array.from({ length: size }, (_, i) => first + i),
              [size, 1],
            ),
          }
        },
      },
    })
    const onValidation = (_: number, { loss }: Record<string, number>) => found.push(loss!)
    await train(task, { engine: await sharedEngine(), settings: { ...settings, steps: 1, microBatch }, onValidation })
    return { first: found[0]!, read: read.slice(0, read.length / 2) }
  }
  // The weights are zero at first, so the loss of example i is i squared.
  const by4 = await losses(4)
  const by8 = await losses(8)
  expect(by4.read).toEqual([
    [0, 4],
    [4, 4],
    [8, 1],
  ])
  expect(by8.read).toEqual([
    [0, 8],
    [8, 1],
  ])
  for (const { first } of [by4, by8]) expect(first).toBeCloseTo(204 / 9, 5)
})

test('data that cannot be read end the run with a checkpoint of the steps before', async () => {
  const saved: number[] = []
  const broken = regression({
    async feeds(step, part, batch) {
      if (step === 7 && part === 1) throw new Error('a damaged image')
      return regression().feeds(step, part, batch)
    },
  })
  const run = train(broken, {
    engine: await sharedEngine(),
    settings,
    onCheckpoint: async ({ step }) => void saved.push(step),
  })
  await expect(run).rejects.toThrow('a damaged image')
  expect(saved).toEqual([7])
})

test('a loss that is no number any more ends the run before it spoils the weights', async () => {
  const poisoned = regression({
    feeds: async (step, _, batch) => ({
      x: float32(new Float32Array(batch * 3).fill(step < 12 ? 1 : Number.NaN), [batch, 3]),
      y: float32(new Float32Array(batch), [batch, 1]),
    }),
  })
  let last: TrainState | undefined
  const run = train(poisoned, {
    engine: await sharedEngine(),
    settings,
    onCheckpoint: async (state) => {
      last = structuredClone(state)
    },
  })
  await expect(run).rejects.toThrow(
    'The loss of step 13 is NaN in micro-batch 0; the first gradient that is not finite is that of "w"',
  )
  expect(last?.step).toBe(10)
  expect(weights(last!).every(Number.isFinite)).toBe(true)
})

test('an abort ends with the next step, which all ranks agree on, and a checkpoint', async () => {
  const abort = new AbortController()
  const saved: number[] = []
  const run = train(regression(), {
    engine: await sharedEngine(),
    settings,
    signal: abort.signal,
    onStep: ({ step }) => step === 7 && abort.abort(),
    onCheckpoint: async ({ step }) => void saved.push(step),
  })
  await expect(run).rejects.toThrow('aborted')
  expect(saved).toEqual([8])
})

test('a batch that does not divide is named', async () => {
  const run = train(regression(), { engine: await sharedEngine(), settings: { ...settings, batch: 6 } })
  await expect(run).rejects.toThrow('A batch of 6 does not divide into micro-batches of 4 on 1 processes')
})

/** Two communicators in one process: a sum waits for the other rank's. */
function pairOfRanks(): Communicator[] {
  const waiting: (Float32Array | Float64Array)[] = []
  let release = () => {}
  let arrived = new Promise<void>((resolve) => {
    release = resolve
  })
  const allreduce = async (data: Float32Array | Float64Array) => {
    waiting.push(data)
    if (waiting.length < 2) return arrived
    const [a, b] = waiting.splice(0) as [Float32Array, Float32Array]
    for (let i = 0; i < a.length; i++) a[i] = b[i] = a[i]! + b[i]!
    release()
    arrived = new Promise((resolve) => {
      release = resolve
    })
  }
  return [0, 1].map((rank) => ({ ...singleProcess, rank, size: 2, allreduce }))
}

test.each<[string, (w: { shape: number[]; data: Float32Array }) => [string, typeof w][], string]>([
  ['lacks a tensor', () => [], 'expected shape [1, 3] as "m/w", found no such tensor'],
  ['has another shape', ({ data }) => [['w', { shape: [3], data }]], 'expected shape [1, 3] as "m/w", found shape [3]'],
  [
    'has one tensor more',
    (w) => [
      ['w', w],
      ['b', w],
    ],
    'expected no such tensor as "m/b", found shape [1, 3]',
  ],
])('a checkpoint that %s is an error before the first step', async (_, moments, message) => {
  const w = () => ({ shape: [1, 3], data: new Float32Array(3) })
  const group = () => new Map([['w', w()]])
  const tensors = { model: group(), ema: group(), m: new Map(moments(w())), v: group() }
  const resume = { step: 10, tensors, extra: {} }
  const training = train(regression(), { engine: await sharedEngine(), settings, resume })
  await expect(training).rejects.toThrow(`The checkpoint of step 10 does not fit this network: ${message}`)
})
