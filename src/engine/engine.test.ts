// The engine's promises: results repeat, the event loop stays free, whatever goes wrong ends as a readable error.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { EngineError, UsageError } from '../core/errors.ts'
import { constant, emit, input, type Tensor } from '../graph/index.ts'
import { add, matmul, mul } from '../graph/ops/index.ts'
import { createEngine } from './node/engine.ts'
import { type Engine, float32, hostData, int64, type Program, type Value } from './types.ts'

const workers = vi.hoisted((): Worker[] => [])
vi.mock('node:worker_threads', async (original) => {
  const module = await original<typeof import('node:worker_threads')>()
  return {
    ...module,
    Worker: class extends module.Worker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args)
        workers.push(this)
      }
    },
  }
})

const SIDE = 1024
const identity = float32(
  Float32Array.from({ length: SIDE * SIDE }, (_, i) => (i % (SIDE + 1) === 0 ? 1 : 0)),
  [SIDE, SIDE],
)

/** About 2 GFLOP per step; 30 of them keep one core busy for a second. */
function heavy(steps: number): { y: Tensor } {
  const x = input('x', 'float32', [SIDE, SIDE])
  let y = x
  for (let i = 0; i < steps; i++) y = matmul(y, x)
  return { y }
}

let engine: Engine
beforeAll(async () => {
  engine = await createEngine({ device: 'cpu', threads: 1 })
})
afterAll(() => engine.dispose())

const pair = (...values: number[]) => float32(Float32Array.from(values), [values.length / 2, 2])

describe('a program', () => {
  it('gives the same result for the same feeds, run after run', async () => {
    const x = input('x', 'float32', ['batch', 2])
    const program = await engine.load({ y: matmul(x, constant([0.1, 0.2, 0.3, 0.4], [2, 2])) })
    const first = await program.run({ x: pair(1, 2, 3, 4) })
    expect(hostData(first.y)).toBeAllclose([0.7, 1, 1.5, 2.2])
    for (let i = 0; i < 5; i++) expect(await program.run({ x: pair(1, 2, 3, 4) })).toEqual(first)
  })

  it('reads only its part of a larger buffer', async () => {
    const x = input('x', 'float32', [2])
    const program = await engine.load({ y: add(x, x) })
    const whole = Float32Array.from([9, 9, 1, 2, 9])
    const { y } = await program.run({ x: float32(whole.subarray(2, 4), [2]) })
    expect(hostData(y)).toEqual(Float32Array.of(2, 4))
    expect(whole).toEqual(Float32Array.from([9, 9, 1, 2, 9]))
  })

  it('answers runs that were started together in order', async () => {
    const x = input('x', 'float32', [1])
    const program = await engine.load({ y: mul(x, x) })
    const feeds = [1, 2, 3, 4].map((v) => ({ x: float32(Float32Array.of(v), [1]) }))
    const results = await Promise.all(feeds.map((f) => program.run(f)))
    expect(results.map(({ y }) => hostData(y)[0])).toEqual([1, 4, 9, 16])
  })

  it('says that it was disposed', async () => {
    const x = input('x', 'float32', [1])
    const program = await engine.load({ y: add(x, x) })
    await program.dispose()
    await program.dispose()
    await expect(program.run({ x: float32(Float32Array.of(1), [1]) })).rejects.toThrow('The program was disposed.')
  })

  // A busy machine may delay one timer in a hundred; an event loop that waits for the run delays them all.
  it('leaves the event loop free while it runs', { retry: 1 }, async () => {
    const program = await engine.load(heavy(30))
    const delay = monitorEventLoopDelay({ resolution: 5 })
    const started = performance.now()
    delay.enable()
    await program.run({ x: identity })
    delay.disable()
    expect(performance.now() - started).toBeGreaterThan(300)
    expect(delay.percentile(99) / 1e6).toBeLessThan(50)
  })
})

describe('wrong feeds are named before anything runs', () => {
  let program: Program
  beforeAll(async () => {
    const x = input('x', 'float32', ['batch', 2])
    const ids = input('ids', 'int64', ['batch'])
    program = await engine.load({ y: add(x, x), z: add(ids, ids) })
  })
  const x = pair(1, 2, 3, 4)
  const ids = int64([1, 2])
  const bytes = { dtype: 'float32', shape: [2, 2], data: new Uint8Array(4) } as const

  it.each<[string, Record<string, Value>, string]>([
    ['missing', { x }, 'The program takes inputs [x, ids]; missing: ids.'],
    ['misspelt', { x, id: ids }, 'The program takes inputs [x, ids]; missing: ids; unknown: id.'],
    ['another dtype', { x, ids: pair(1, 2) }, 'Input "ids" is int64, got float32.'],
    ['another array type', { x: bytes, ids }, 'Input "x" is float32 and needs its data as Float32Array.'],
    ['too few values', { x: { ...x, shape: [3, 2] }, ids }, 'Input "x": shape [3, 2] holds 6 values, got 4.'],
    ['another size', { x: { ...x, shape: [1, 4] }, ids }, 'Input "x" has shape [batch, 2], got [1, 4].'],
    ['another rank', { x: { ...x, shape: [4] }, ids }, 'Input "x" has shape [batch, 2], got [4].'],
    ['batches that differ', { x, ids: int64([1]) }, 'has shape [batch], got [1], but "x" has batch = 2.'],
  ])('%s', async (_, feeds, message) => {
    const error = await program.run(feeds).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(EngineError)
    expect((error as Error).message).toContain(message)
  })

  it('an output to keep that does not exist', async () => {
    const run = program.run({ x, ids }, { keep: ['w'] })
    await expect(run).rejects.toThrow('The program has outputs [y, z]; cannot keep w.')
  })
})

describe("ONNX Runtime's errors", () => {
  it('come as one readable line while running', async () => {
    const x = input('x', 'float32', [2, 4])
    const shape = input('shape', 'int64', [2])
    const program = await engine.load({ y: emit({ type: 'Reshape', inputs: [x, shape] }, ['a', 'b'], 'float32') })
    const run = program.run({ x: float32(new Float32Array(8), [2, 4]), shape: int64([3, 3]) })
    await expect(run).rejects.toThrow(/^ONNX Runtime: .*Reshape.* Input shape:\{2,4\}, requested shape:\{3,3\}\.$/)
    await expect(run).rejects.not.toThrow('onnxruntime_src')
    await expect(run).rejects.toBeInstanceOf(EngineError)
  })

  it('come while loading', async () => {
    const y = emit({ type: 'NoSuchOp', inputs: [input('x', 'float32', [1])] }, [1], 'float32')
    await expect(engine.load({ y })).rejects.toThrow(/^ONNX Runtime: .*NoSuchOp/)
  })

  it('leave the engine usable', async () => {
    const y = emit({ type: 'NoSuchOp', inputs: [input('x', 'float32', [1])] }, [1], 'float32')
    await engine.load({ y }).catch(() => {})
    const x = input('x', 'float32', [1])
    const program = await engine.load({ y: add(x, x) })
    expect(hostData((await program.run({ x: float32(Float32Array.of(2), [1]) })).y)[0]).toBe(4)
  })
})

describe('aborting', () => {
  it('before a run or a load starts nothing', async () => {
    const x = input('x', 'float32', [1])
    const program = await engine.load({ y: add(x, x) })
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(program.run({ x: float32(Float32Array.of(1), [1]) }, { signal })).rejects.toThrow('enough')
    await expect(engine.load({ y: add(x, x) }, { signal })).rejects.toThrow('enough')
  })

  it('during a run rejects once it has ended, and the next run works', async () => {
    const program = await engine.load(heavy(5))
    const controller = new AbortController()
    const run = program.run({ x: identity }, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(run).rejects.toThrow('enough')
    const { y } = await program.run({ x: identity })
    expect(Buffer.from(hostData(y).buffer).equals(Buffer.from(identity.data.buffer))).toBe(true)
  })
})

describe('tensors that stay with the engine', () => {
  const x = input('x', 'float32', ['n', 2])

  it('feed the next run and never visit JavaScript', async () => {
    const program = await engine.load({ y: add(x, x) })
    let value: Value = pair(1, 2)
    for (let i = 0; i < 3; i++) {
      value = (await program.run({ x: value }, { keep: ['y'] })).y!
      expect(value).toMatchObject({ resident: expect.any(Number), shape: [1, 2] })
      expect(() => hostData(value)).toThrow(TypeError)
    }
    expect(hostData((await program.run({ x: value })).y)).toEqual(Float32Array.of(16, 32))
  })

  it('are gone after dispose', async () => {
    const program = await engine.load({ y: add(x, x) })
    const { y } = await program.run({ x: pair(1, 2) }, { keep: ['y'] })
    if (!y || !('resident' in y)) throw new Error('not kept')
    y.dispose()
    y.dispose()
    await expect(program.run({ x: y })).rejects.toThrow('Input "x": this tensor was disposed')
  })

  it('cannot be fed to another engine', async () => {
    const program = await engine.load({ y: add(x, x) })
    const { y } = await program.run({ x: pair(1, 2) }, { keep: ['y'] })
    await using other = await createEngine({ device: 'cpu', threads: 1 })
    const elsewhere = await other.load({ y: add(x, x) })
    await expect(elsewhere.run({ x: y! })).rejects.toThrow('another engine keeps it')
  })

  it('have their shape checked like any other', async () => {
    const program = await engine.load({ y: matmul(x, constant([1, 2], [2, 1])) })
    const { y } = await program.run({ x: pair(1, 2) }, { keep: ['y'] })
    await expect(program.run({ x: y! })).rejects.toThrow('Input "x" has shape [n, 2], got [1, 1].')
  })
})

describe('the end of an engine', () => {
  const x = input('x', 'float32', [1])
  const one = float32(Float32Array.of(1), [1])

  it('dispose during a run rejects what is pending at once', async () => {
    const mine = await createEngine({ device: 'cpu', threads: 1 })
    const program = await mine.load(heavy(20))
    const runs = [program.run({ x: identity }), program.run({ x: identity })]
    const settled = Promise.allSettled(runs)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const disposed = mine.dispose()
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: { message: 'The engine was disposed.' } })
    }
    await disposed
    await expect(program.run({ x: identity })).rejects.toThrow('The engine was disposed.')
    await expect(mine.load({ y: add(x, x) })).rejects.toThrow('The engine was disposed.')
    await program.dispose()
    await mine.dispose()
  })

  it("a worker's death rejects what is pending and fails every later call with the reason", async () => {
    const mine = await createEngine({ device: 'cpu', threads: 1 })
    const program = await mine.load({ y: add(x, x) })
    workers.at(-1)?.postMessage({ id: 0, method: 'load', params: undefined }) // survived: an error of that request
    await expect(program.run({ x: one })).resolves.toBeDefined()
    workers.at(-1)?.postMessage(null) // not survived
    const run = program.run({ x: one })
    await expect(run).rejects.toThrow(/^The engine's worker crashed: .+ Create a new engine/)
    await expect(program.run({ x: one })).rejects.toThrow("The engine's worker crashed")
    await expect(mine.load({ y: add(x, x) })).rejects.toBeInstanceOf(EngineError)
    await program.dispose()
    await mine.dispose()
  })

  it('feeds that cannot be sent fail that call alone', async () => {
    const program = await engine.load({ y: add(x, x) })
    const odd = Object.assign(Float32Array.of(1), { note: () => {} })
    const gone = Float32Array.of(1)
    structuredClone(gone, { transfer: [gone.buffer] })
    await expect(program.run({ x: float32(gone, [1]) })).rejects.toThrow('holds 1 values, got 0')
    await expect(program.run({ x: float32(odd, [1]) })).resolves.toBeDefined()
  })
})

it.each([0, -1, 1.5, Number.NaN])('refuses %d threads', async (threads) => {
  await expect(createEngine({ device: 'cpu', threads })).rejects.toBeInstanceOf(UsageError)
})
