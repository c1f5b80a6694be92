// The engine in a browser: ONNX Runtime Web in the calling thread, which should be a worker because a run blocks it.
// Weights are files in memory under the names that graphs use; a graph points into them as it points into files on disk.

import type { InferenceSession, Tensor } from 'onnxruntime-common'
import { EngineError } from '../core/errors.ts'
import { plainNorms } from '../graph/plain-norms.ts'
import { type Graph, serialize } from '../graph/serialize.ts'
import { checkFeeds } from './check-feeds.ts'
import { readable } from './ort-message.ts'
import { openStaged } from './staged-program.ts'
import type {
  Engine,
  FileProgram,
  HostTensor,
  LoadOptions,
  Program,
  ResidentTensor,
  RunOptions,
  TensorSpec,
  Value,
} from './types.ts'
import type { WebDevice, WebRuntime } from './web-runtime.ts'

export interface WebEngineOptions {
  runtime: WebRuntime
  device: WebDevice
  threads: number
  reason: string
  /** Checkpoints, models and their weights by the paths that graphs and models call them. */
  files: ReadonlyMap<string, Uint8Array>
}

export class WebEngine implements Engine {
  readonly device: WebDevice
  readonly threads: number
  readonly reason: string
  alive = true
  private readonly runtime: WebRuntime
  private readonly files: ReadonlyMap<string, Uint8Array>
  private readonly programs = new Set<WebProgram>()

  constructor({ runtime, device, threads, reason, files }: WebEngineOptions) {
    this.runtime = runtime
    this.device = device
    this.threads = threads
    this.reason = reason
    this.files = files
  }

  load(graph: Graph, options: LoadOptions = {}): Promise<Program> {
    return openStaged(graph, options, (stage) => this.open(stage, options))
  }

  private async open(graph: Graph, { signal }: LoadOptions): Promise<Program> {
    await breathe(signal)
    const used = new Set<string>()
    const { model } = await serialize(this.device === 'webgpu' ? plainNorms(graph) : graph, {
      locate: async ({ location }) => {
        if (!location || !this.files.has(location.path)) return undefined
        used.add(location.path)
        return location
      },
    })
    return this.session(model, used, signal)
  }

  async loadFile(
    path: string,
    { signal, weights = [] }: LoadOptions & { weights?: Iterable<string> } = {},
  ): Promise<FileProgram> {
    return this.session(this.file(path), weights, signal)
  }

  private async session(model: Uint8Array, weights: Iterable<string>, signal: AbortSignal | undefined) {
    await breathe(signal)
    if (!this.alive) throw new EngineError('The engine was disposed.')
    const externalData = Array.from(weights, (path) => ({ path, data: this.file(path) }))
    const session = await this.runtime.InferenceSession.create(model, {
      executionProviders: [this.device],
      logSeverityLevel: QUIET,
      enableMemPattern: false,
      ...(externalData.length && { externalData }),
      // Outputs stay on the GPU until it is known which of them are needed here.
      ...(this.device === 'webgpu' && { preferredOutputLocation: 'gpu-buffer' as const }),
    }).catch((cause) => {
      throw new EngineError(`ONNX Runtime: ${readable(cause)}`, { cause, remedy: memoryRemedy(cause) })
    })
    const program = new WebProgram(this.runtime, session, () => this.programs.delete(program))
    this.programs.add(program)
    if (signal?.aborted) await program.dispose()
    signal?.throwIfAborted()
    return program
  }

  private file(path: string): Uint8Array {
    const bytes = this.files.get(path)
    if (bytes) return bytes
    throw new EngineError(`There is no file "${path}"; there are ${[...this.files.keys()].join(', ')}.`)
  }

  /** Another engine with the same files and runtime: the build for WebGPU computes on the processor, too. */
  on(device: WebDevice): WebEngine {
    const { runtime, threads, files } = this
    return new WebEngine({ runtime, device, threads, reason: `beside ${this.device}`, files })
  }

  async dispose(): Promise<void> {
    this.alive = false
    await Promise.all(Array.from(this.programs, (program) => program.dispose()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }
}

const QUIET = 4

const memoryRemedy = (cause: unknown): string | undefined =>
  /alloc|memory/i.test(String(cause))
    ? 'Memory may be short: a page has at most 4 GB of WebAssembly memory.'
    : undefined

/**
 * Lets messages arrive, such as an abort: a chain of promises alone would delay them until it ends.
 * @throws the signal's reason when it is aborted by then
 */
async function breathe(signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  await new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
  signal?.throwIfAborted()
}

const specs = (values: readonly InferenceSession.ValueMetadata[]): TensorSpec[] =>
  values.map((value) => {
    if (!value.isTensor) return { name: value.name, dtype: 'no tensor', shape: [] }
    const shape = value.shape.map((d, axis) => (d === '' || d === -1 ? `${value.name}.${axis}` : d))
    return { name: value.name, dtype: value.type, shape }
  })

/** Tensors that an engine of this thread holds. */
const residents = new WeakSet<ResidentTensor>()
const held = new WeakMap<ResidentTensor, Tensor>()
let numbers = 0

class WebProgram implements FileProgram {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly inputSpecs: readonly TensorSpec[]
  readonly outputSpecs: readonly TensorSpec[]
  private readonly runtime: WebRuntime
  private readonly onDispose: () => void
  private session: InferenceSession | undefined

  constructor(runtime: WebRuntime, session: InferenceSession, onDispose: () => void) {
    this.runtime = runtime
    this.session = session
    this.onDispose = onDispose
    this.inputs = session.inputNames
    this.outputs = session.outputNames
    this.inputSpecs = specs(session.inputMetadata)
    this.outputSpecs = specs(session.outputMetadata)
  }

  async run(feeds: Readonly<Record<string, Value>>, { signal, keep = [] }: RunOptions<string> = {}) {
    await breathe(signal)
    if (!this.session) throw new EngineError('The program was disposed.')
    checkFeeds(this.inputSpecs, feeds, residents)
    const unknown = keep.filter((name) => !this.outputs.includes(name))
    if (unknown.length) {
      throw new EngineError(`The program has outputs [${this.outputs.join(', ')}]; cannot keep ${unknown.join(', ')}.`)
    }
    const tensors = Object.fromEntries(this.inputs.map((name) => [name, this.tensor(feeds[name]!)]))
    const out = await this.session.run(tensors).catch((cause) => {
      throw new EngineError(`ONNX Runtime: ${readable(cause)}`, { cause, remedy: memoryRemedy(cause) })
    })
    const values: Record<string, Value> = {}
    for (const name of this.outputs) {
      const tensor = out[name]!
      values[name] = keep.includes(name) ? resident(tensor) : await fetched(tensor)
    }
    try {
      await breathe(signal)
    } catch (reason) {
      for (const value of Object.values(values)) if ('resident' in value) value.dispose()
      throw reason
    }
    return values
  }

  async dispose(): Promise<void> {
    const { session } = this
    this.session = undefined
    this.onDispose()
    await session?.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  private tensor(value: Value): Tensor {
    if ('resident' in value) return held.get(value)!
    return new this.runtime.Tensor(value.dtype as 'float32', value.data as Float32Array, value.shape)
  }
}

function resident(tensor: Tensor): ResidentTensor {
  const value: ResidentTensor = {
    resident: ++numbers,
    shape: tensor.dims,
    dispose() {
      if (!residents.delete(value)) return
      held.delete(value)
      tensor.dispose()
    },
  }
  residents.add(value)
  held.set(value, tensor)
  return value
}

/** The tensor's data in this thread's memory; the GPU's copy is freed. */
async function fetched(tensor: Tensor): Promise<HostTensor> {
  const data = (await tensor.getData(true)) as HostTensor['data']
  return { dtype: tensor.type as HostTensor['dtype'], shape: tensor.dims, data }
}
