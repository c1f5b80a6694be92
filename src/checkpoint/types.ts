// The output of every checkpoint reader: named tensors that know where their bytes are and read them on demand.
// `location` is the seam to the graph: an ONNX initializer may point straight into the file (docs/decisions/weights-by-reference.md).

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
  /** What the bytes are made from where they cannot be pointed at: a piece of a file, and a key for result and source. */
  readonly derived?: { readonly from: NonNullable<TensorRef['location']>; readonly key: string }
  /** The elements as contiguous little-endian bytes in row-major order. */
  read(): Promise<Uint8Array<ArrayBuffer>>
}

/** Tensors by name, in file order. */
export type StateDict = ReadonlyMap<string, TensorRef>

/** Replaces something in the tree that is not read: an object of an unknown class, a tensor of an unknown type. */
export interface NotRead {
  /** The dotted name of its class, with arguments where it had some. */
  readonly notRead: string
}

/**
 * What a file's tree is made of: dicts are Maps, lists, tuples and sets are arrays, classes are their dotted names; objects of
 * unknown classes are the dict or list of what they hold, or `NotRead`.
 */
export type Value = null | boolean | number | bigint | string | Uint8Array | TensorRef | NotRead | Value[] | ValueMap
export type ValueMap = Map<Key, Value>
export type Key = string | number | boolean | bigint | null

export type Format = 'torch zip' | 'torch legacy' | 'safetensors' | 'npz' | 'npy'

/** Every dict of the file that holds tensors; `path` joins the keys that lead to it, '' is the root. */
export interface NamedStateDict {
  readonly path: string
  /** The common prefix of all names in the file, such as `module.`; the names in `tensors` are without it. */
  readonly prefix: string
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
  /** Names of classes and functions in a pickle that are unknown here; their contents are in the tree, none of them was run. */
  readonly notRead: readonly string[]
  /** The tensors directly in the dict at `path` (default: the root), names without a common prefix, or a CheckpointError that lists what there is. */
  tensors(path?: readonly string[]): StateDict
  close(): Promise<void>
}
