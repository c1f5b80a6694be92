// The engine in Node: ONNX Runtime in a worker thread, weights by reference into local files.

import { availableParallelism } from 'node:os'
import { parse, resolve } from 'node:path'
import { env } from 'onnxruntime-common'
import { EngineError, UsageError } from '../../core/errors.ts'
import { type Graph, serialize } from '../../graph/serialize.ts'
import { checkFeeds } from '../check-feeds.ts'
import { chooseDevice } from '../device.ts'
import { sessionOptions } from '../session-options.ts'
import { openStaged } from '../staged-program.ts'
import type {
  Engine,
  EngineOptions,
  FileProgram,
  HostTensor,
  LoadOptions,
  Program,
  ResidentTensor,
  RunOptions,
  TensorSpec,
  Value,
} from '../types.ts'
import { cacheWeights } from './weight-cache.ts'
import { WorkerLink } from './worker-link.ts'

/** Version of ONNX Runtime: figures may differ in their last digits between two. */
export const runtimeVersion: string = env.versions.common

/**
 * Starts an engine.
 * @throws EngineError when the device is not available; the message lists what is.
 * @example
 * const engine = await createEngine({ device: 'cpu', threads: 2 })
 * await engine.dispose()
 */
export async function createEngine({ device = 'auto', threads }: EngineOptions = {}): Promise<Engine> {
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new UsageError(`threads must be a whole number above 0, got ${threads}.`)
  }
  const link = new WorkerLink()
  try {
    const choice = await chooseDevice(device, link)
    return new NodeEngine(link, choice, threads ?? availableParallelism())
  } catch (error) {
    await link.close()
    throw error
  }
}

interface Loaded {
  handle: number
  inputs: TensorSpec[]
  outputs: TensorSpec[]
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

  get alive(): boolean {
    return this.link.alive
  }

  load(graph: Graph, options: LoadOptions = {}): Promise<Program> {
    return openStaged(graph, options, (stage) => this.open(stage, options))
  }

  private async open(graph: Graph, { prepack = false, signal }: LoadOptions): Promise<Program> {
    signal?.throwIfAborted()
    const folder = parse(process.cwd()).root
    const { model, outputs } = await serialize(graph, {
      async locate(source) {
        signal?.throwIfAborted()
        const location = source.location ?? (await cacheWeights(source))
        if (!location?.path.startsWith(folder)) return undefined
        return { ...location, path: location.path.slice(folder.length) }
      },
    })
    signal?.throwIfAborted()
    const options = sessionOptions({ device: this.device, threads: this.threads, prepack, folder })
    const bytes = ownBuffer(model)
    const loaded = await this.link.call<Loaded>('load', { model: bytes, options }, [bytes.buffer])
    return unlessAborted(new NodeProgram(this.link, loaded, outputs), signal)
  }

  async loadFile(path: string, { prepack = false, signal }: LoadOptions = {}): Promise<FileProgram> {
    signal?.throwIfAborted()
    const options = sessionOptions({ device: this.device, threads: this.threads, prepack })
    const loaded = await this.link.call<Loaded>('load', { model: resolve(path), options })
    const names = loaded.outputs.map(({ name }) => name)
    return unlessAborted(new NodeProgram(this.link, loaded, names), signal)
  }

  async dispose(): Promise<void> {
    await this.link.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }
}

async function unlessAborted<P extends Program>(program: P, signal: AbortSignal | undefined): Promise<P> {
  if (signal?.aborted) await program.dispose()
  signal?.throwIfAborted()
  return program
}

type WireOutput = HostTensor | { resident: number; shape: number[] }

class NodeProgram implements FileProgram {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly inputSpecs: readonly TensorSpec[]
  readonly outputSpecs: readonly TensorSpec[]
  private readonly link: WorkerLink
  private readonly handle: number
  private disposed = false

  constructor(link: WorkerLink, { handle, inputs, outputs: declared }: Loaded, outputs: readonly string[]) {
    this.link = link
    this.handle = handle
    this.inputSpecs = inputs
    this.outputSpecs = declared
    this.inputs = inputs.map(({ name }) => name)
    this.outputs = outputs
  }

  async run(feeds: Readonly<Record<string, Value>>, { signal, keep = [] }: RunOptions<string> = {}) {
    signal?.throwIfAborted()
    if (this.disposed) throw new EngineError('The program was disposed.')
    checkFeeds(this.inputSpecs, feeds, this.link.residents)
    const unknown = keep.filter((name) => !this.outputs.includes(name))
    if (unknown.length) {
      throw new EngineError(`The program has outputs [${this.outputs.join(', ')}]; cannot keep ${unknown.join(', ')}.`)
    }
    const wire = Object.fromEntries(this.inputs.map((name) => [name, toWire(feeds[name]!)]))
    const params = { handle: this.handle, feeds: wire, keep }
    const copies = Object.values(wire).flatMap((value) => ('data' in value ? [value.data.buffer as ArrayBuffer] : []))
    const raw = await this.link.call<Record<string, WireOutput>>('run', params, copies)
    const values = Object.fromEntries(
      Object.entries(raw).map(([name, value]) => [name, 'resident' in value ? this.resident(value) : value]),
    )
    if (signal?.aborted) for (const value of Object.values(values)) if ('resident' in value) value.dispose()
    signal?.throwIfAborted()
    return values
  }

  async dispose(): Promise<void> {
    if (this.disposed || !this.link.alive) return
    this.disposed = true
    await this.link.call('unload', { handle: this.handle })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  private resident({ resident, shape }: { resident: number; shape: readonly number[] }): ResidentTensor {
    const { link } = this
    const tensor: ResidentTensor = {
      resident,
      shape,
      dispose() {
        if (link.residents.delete(tensor)) link.call('drop', { residents: [resident] }).catch(() => {})
      },
    }
    link.residents.add(tensor)
    return tensor
  }
}

/** A copy to transfer: a message that clones writes and reads every byte once more, 20 ms for 4M weights. */
function toWire(value: Value): HostTensor | { resident: number } {
  if ('resident' in value) return { resident: value.resident }
  const { dtype, shape, data } = value
  return { dtype, shape, data: data.slice() }
}

const ownBuffer = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
    ? (bytes as Uint8Array<ArrayBuffer>)
    : bytes.slice()
