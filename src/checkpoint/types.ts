// What every checkpoint reader gives: named tensors that know where their bytes lie and read them only when asked.
// `location` is the seam to the graph: an ONNX initializer may point straight into the file (DESIGN: weights by reference).

import type { DType } from '../core/dtype.ts'

/** Random access to bytes: a file, a Blob, an HTTP range, a buffer. */
export interface ByteSource {
  /** How errors call it, e.g. the file's name. */
  readonly name: string
  /** Absolute real path when the bytes are a local file. */
  readonly path?: string
  readonly size: number
  /** True when each read costs a round trip: readers then check per-tensor headers at the first read, not on opening. */
  readonly remote?: boolean
  /** Exactly `length` bytes from `offset`, or a CheckpointError when the source ends before. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>
  close(): Promise<void>
}

/** A tensor of a checkpoint; nothing is read until `read()`. */
export interface TensorRef {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  /** Where its contiguous little-endian bytes lie; undefined when strides or compression forbid pointing at them. */
  readonly location?: { readonly path: string; readonly offset: number; readonly byteLength: number }
  /** The elements as contiguous little-endian bytes in row-major order. */
  read(): Promise<Uint8Array<ArrayBuffer>>
}

/** Tensors by name, in file order. */
export type StateDict = ReadonlyMap<string, TensorRef>

/** What a file's tree is made of: dicts are Maps, lists, tuples and sets are arrays, classes are their dotted names. */
export type Value = null | boolean | number | bigint | string | Uint8Array | TensorRef | Value[] | ValueMap
export type ValueMap = Map<Key, Value>
export type Key = string | number | boolean | bigint | null

export type Format = 'torch zip' | 'torch legacy' | 'safetensors' | 'npz' | 'npy'

/** Every dict of the file that holds tensors; `path` joins the keys that lead to it, '' is the root. */
export interface NamedStateDict {
  readonly path: string
  readonly tensors: StateDict
  /** Elements of all its tensors, buffers included. */
  readonly parameters: number
}

/** An open checkpoint: everything but the tensors' elements is in memory. */
export interface Checkpoint {
  readonly name: string
  readonly size: number
  readonly format: Format
  readonly root: Value
  /** The `__metadata__` of a safetensors file; empty elsewhere. */
  readonly metadata: ReadonlyMap<string, string>
  readonly stateDicts: readonly NamedStateDict[]
  /** The tensors directly in the dict at `path` (default: the root), or a CheckpointError that lists what there is. */
  tensors(path?: readonly string[]): StateDict
  close(): Promise<void>
}
