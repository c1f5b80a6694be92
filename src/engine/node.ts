// Node's door to the engine: ONNX Runtime in a worker thread, weights by reference into local files.
// The model's external data folder is the file system's root, so one graph may point into any number of checkpoints.

import { availableParallelism } from 'node:os'
import { parse } from 'node:path'
import { Worker } from 'node:worker_threads'
import { EngineError } from '../core/errors.ts'
import { type Graph, serialize } from '../graph/serialize.ts'
import { chooseDevice } from './device.ts'
import type { Engine, EngineOptions, LoadOptions, Program, ResidentTensor, RunOptions, Value } from './types.ts'
import { cacheWeights } from './weight-cache.ts'

/** A worker with request/response messages; every pending request fails when the worker dies. */
class WorkerLink {
  private readonly worker: Worker
  private readonly pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  private nextId = 1
  private dead: EngineError | undefined

  constructor() {
    // ONNX Runtime reads its environment natively; without this its Linux build writes telemetry files.
    process.env.ORT_DISABLE_TELEMETRY ??= '1'
    this.worker = new Worker(new URL('./node-worker.js', import.meta.url))
    this.worker.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
      const request = this.pending.get(id)
      this.pending.delete(id)
      if (error === undefined) request?.resolve(result)
      else request?.reject(new EngineError(`ONNX Runtime: ${error}`))
      if (this.pending.size === 0) this.worker.unref()
    })
    this.worker.on('error', (cause) => this.fail(new EngineError('The engine worker crashed.', { cause })))
    this.worker.on('exit', (code) => this.fail(new EngineError(`The engine worker stopped (exit code ${code}).`)))
    this.worker.unref()
  }

  call<T>(method: string, params: unknown, transfer: ArrayBuffer[] = []): Promise<T> {
    if (this.dead) return Promise.reject(this.dead)
    const id = this.nextId++
    return new Promise<T>((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.worker.ref()
      this.worker.postMessage({ id, method, params }, transfer)
    })
  }

  async close(): Promise<void> {
    this.dead ??= new EngineError('The engine was disposed.')
    await this.worker.terminate()
  }

  private fail(error: EngineError): void {
    this.dead ??= error
    for (const request of this.pending.values()) request.reject(this.dead)
    this.pending.clear()
  }
}

/**
 * Starts an engine.
 * @throws EngineError when the device is not available; the message lists what is.
 * @example
 * await using engine = await createEngine({ device: 'cpu', threads: 2 })
 */
export async function createEngine({ device = 'auto', threads }: EngineOptions = {}): Promise<Engine> {
  const link = new WorkerLink()
  try {
    const choice = await chooseDevice(device, link)
    return new NodeEngine(link, choice, threads ?? availableParallelism())
  } catch (error) {
    await link.close()
    throw error
  }
}

class NodeEngine implements Engine {
  readonly device: Engine['device']
  readonly reason: string
  readonly threads: number
  private readonly link: WorkerLink

  constructor(link: WorkerLink, choice: { device: Engine['device']; reason: string }, threads: number) {
    this.link = link
    this.device = choice.device
    this.reason = choice.reason
    this.threads = threads
  }

  async load(graph: Graph, { prepack = false, signal }: LoadOptions = {}): Promise<Program> {
    signal?.throwIfAborted()
    const { root } = parse(process.cwd())
    const { model, inputs, outputs } = await serialize(graph, {
      async locate(source) {
        const location = source.location ?? (await cacheWeights(source))
        return location && { ...location, path: location.path.slice(root.length) }
      },
    })
    signal?.throwIfAborted()
    const options = {
      executionProviders: [this.device],
      intraOpNumThreads: this.threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      extra: {
        session: {
          model_external_initializers_file_folder_path: root,
          disable_prepacking: prepack ? '0' : '1',
          intra_op: { allow_spinning: '1' },
        },
      },
    }
    const bytes = model.slice()
    const handle = await this.link.call<number>('load', { model: bytes, options }, [bytes.buffer])
    return new NodeProgram(this.link, handle, inputs, outputs)
  }

  async dispose(): Promise<void> {
    await this.link.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }
}

type WireOutput = Exclude<Value, ResidentTensor> | { resident: number; shape: number[] }

class NodeProgram implements Program {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  private readonly link: WorkerLink
  private readonly handle: number

  constructor(link: WorkerLink, handle: number, inputs: readonly string[], outputs: readonly string[]) {
    this.link = link
    this.handle = handle
    this.inputs = inputs
    this.outputs = outputs
  }

  async run(feeds: Readonly<Record<string, Value>>, { signal, keep = [] }: RunOptions<string> = {}) {
    signal?.throwIfAborted()
    const missing = this.inputs.filter((name) => !(name in feeds))
    if (missing.length) {
      throw new EngineError(`The program needs inputs [${this.inputs.join(', ')}]; missing: ${missing.join(', ')}.`)
    }
    const wire = Object.fromEntries(
      this.inputs.map((name) => {
        const value = feeds[name]!
        return [name, 'resident' in value ? { resident: value.resident } : value]
      }),
    )
    const raw = await this.link.call<Record<string, WireOutput>>('run', { handle: this.handle, feeds: wire, keep })
    const values: Record<string, Value> = {}
    for (const [name, value] of Object.entries(raw)) {
      values[name] = 'resident' in value ? this.resident(value.resident, value.shape) : value
    }
    signal?.throwIfAborted()
    return values
  }

  async dispose(): Promise<void> {
    await this.link.call('unload', { handle: this.handle })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  private resident(resident: number, shape: readonly number[]): ResidentTensor {
    const dispose = () => void this.link.call('drop', { residents: [resident] }).catch(() => {})
    return { resident, shape, dispose }
  }
}

export type { WorkerLink }
