// The engine's interface: load a graph, run it, keep tensors with the engine between runs.
// node.ts implements it with worker threads over onnxruntime-node, web.ts in the browser.

import type { Graph } from '../graph/serialize.ts'

export const devices = ['auto', 'cpu', 'cuda', 'webgpu', 'coreml', 'dml'] as const
export type Device = (typeof devices)[number]

/** What a program runs on; 'wasm' is the processor in a browser (web.ts). */
export type ProgramDevice = Exclude<Device, 'auto'> | 'wasm'

export type HostData = Float32Array | Int32Array | BigInt64Array | Uint8Array | Int8Array

/** A tensor in JavaScript memory. */
export interface HostTensor {
  readonly dtype: 'float32' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool'
  readonly shape: readonly number[]
  readonly data: HostData
}

/** A tensor that stays with the engine until `dispose`; a KV cache, for instance. */
export interface ResidentTensor {
  readonly resident: number
  readonly shape: readonly number[]
  dispose(): void
}

export type Value = HostTensor | ResidentTensor

export interface RunOptions<K extends string = never> {
  /** Checked before the run starts and again when it ends; a run in progress is not interrupted. */
  signal?: AbortSignal | undefined
  /** Outputs to leave with the engine. */
  keep?: readonly K[]
}

/** A graph opened by the engine. */
export interface Program extends AsyncDisposable {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Runs the graph once. Host tensors are copied in and out. */
  run(feeds: Readonly<Record<string, Value>>, options?: RunOptions<string>): Promise<Record<string, Value>>
  dispose(): Promise<void>
}

/** The declaration of an input or output of a program; names stand for open dimensions. */
export interface TensorSpec {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly (number | string)[]
}

/** A program from a file, with its declared inputs and outputs. */
export interface FileProgram extends Program {
  readonly inputSpecs: readonly TensorSpec[]
  readonly outputSpecs: readonly TensorSpec[]
}

export interface LoadOptions {
  /** Pack weights for the CPU's matrix kernels while opening: pays for single-token decoding, costs time and memory. */
  prepack?: boolean
  /** The program will run once: stages open when they are needed and close when they have run, to save memory. */
  once?: boolean | undefined
  signal?: AbortSignal | undefined
}

export interface Engine extends AsyncDisposable {
  readonly device: ProgramDevice
  /** What 'auto' chose and why, or how the device was asked for. */
  readonly reason: string
  readonly threads: number
  /** False after `dispose` or after its worker died; it cannot be restarted, create another engine. */
  readonly alive: boolean
  load(graph: Graph, options?: LoadOptions): Promise<Program>
  /** Opens an ONNX file; external weights must be in its folder. */
  loadFile(path: string, options?: Pick<LoadOptions, 'prepack' | 'signal'>): Promise<FileProgram>
  /** Rejects what is pending; resolves when a run in progress has ended on its own and the worker is gone. */
  dispose(): Promise<void>
}

export interface EngineOptions {
  device?: Device
  /** Threads that ONNX Runtime computes with; all cores by default. */
  threads?: number
}

/** float32 host tensor. */
export const float32 = (data: Float32Array, shape: readonly number[]): HostTensor => ({ dtype: 'float32', shape, data })

/** int64 host tensor from plain integers. */
export function int64(values: ArrayLike<number>, shape: readonly number[] = [values.length]): HostTensor {
  return { dtype: 'int64', shape, data: BigInt64Array.from(values as number[], (v) => BigInt(v)) }
}

/** The host data of an output that was not kept. */
export function hostData<T extends HostData = Float32Array>(value: Value | undefined): T {
  if (!value || 'resident' in value) throw new TypeError('This output was kept with the engine; it has no host data.')
  return value.data as T
}
