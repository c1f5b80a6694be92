// Symbolic tensors: a graph is a value. A Tensor knows its shape, dtype and the node that makes it; nothing is
// registered anywhere, so what no output needs never reaches the file. Dimensions are numbers, or names such as
// 'batch' that stay open until the program runs.

import type { TensorRef } from '../checkpoint/types.ts'
import { ShapeError } from '../core/errors.ts'

export type Dim = number | string
export type Shape = readonly Dim[]
export type GraphDType = 'float32' | 'float16' | 'bfloat16' | 'float64' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool'

export type Attribute = number | string | readonly number[] | { float: number } | { floats: readonly number[] }

/** Where a constant's bytes come from: a slice of a file, or a function that makes them when the graph is written. */
export interface WeightSource {
  readonly dtype: GraphDType
  readonly shape: readonly number[]
  readonly location?: TensorRef['location']
  /** Identifies derived weights across runs so that the engine may keep them in a cache file. */
  readonly key?: string
  /** Sources of equal identity hold equal bytes and are written once. */
  readonly identity?: string
  /** What a derived weight was computed from; the cached copy is stale when that file changes. */
  readonly origin?: TensorRef['location']
  read(): Promise<Uint8Array>
}

export type Node =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'weight'; readonly name: string; readonly source: WeightSource }
  | {
      readonly kind: 'op'
      readonly type: string
      readonly domain: '' | 'com.microsoft'
      readonly inputs: readonly (Tensor | undefined)[]
      readonly attributes: Readonly<Record<string, Attribute>>
      readonly outputs: number
      /** Outputs that must be written; the others only when something uses them. */
      readonly required: number
      /** Cotangents of the inputs from those of the outputs; undefined where none flows. */
      readonly vjp?: (grads: readonly (Tensor | undefined)[]) => readonly (Tensor | undefined)[]
    }

export interface Tensor {
  readonly shape: Shape
  readonly dtype: GraphDType
  readonly node: Node
  /** Which output of the node this is. */
  readonly index: number
  /** The horizontal strips that this image [B, C, H, W] was put together from, see ops/channels-last.ts. */
  readonly strips?: readonly Tensor[]
}

/** A named input of the program, e.g. `input('noise', 'float32', ['batch', 680, 32])`. */
export function input(name: string, dtype: GraphDType, shape: Shape): Tensor {
  return { shape, dtype, node: { kind: 'input', name }, index: 0 }
}

/** A weight whose bytes stay where they are until the graph is opened. */
export function weight(name: string, source: WeightSource): Tensor {
  return { shape: source.shape, dtype: source.dtype, node: { kind: 'weight', name, source }, index: 0 }
}

const arrayTypes = {
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
} as const

/** Constants of up to so many values are recognised by content. */
const SMALL = 8

/** A small constant computed while the graph is built: tables, masks, scalars. */
export function constant(
  data: ArrayLike<number>,
  shape: readonly number[] = [data.length],
  dtype: keyof typeof arrayTypes = 'float32',
): Tensor {
  const size = shape.reduce((n, d) => n * d, 1)
  if (size !== data.length) throw new ShapeError(`constant: ${data.length} values do not fill shape [${shape}].`)
  const array =
    dtype === 'int64'
      ? BigInt64Array.from({ length: data.length }, (_, i) => BigInt(data[i]!))
      : arrayTypes[dtype].from(data)
  const bytes = bytesOf(array)
  const identity = data.length <= SMALL ? `${dtype}[${shape}]:${Array.from(data)}` : undefined
  return weight('constant', { dtype, shape, read: async () => bytes, ...(identity && { identity }) })
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>) =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** A table of indices that is computed when the graph is written, once for all uses under the same `identity`. */
export function indexTable(identity: string, shape: readonly number[], compute: () => Int32Array<ArrayBuffer>): Tensor {
  return weight('table', { dtype: 'int32', shape, identity, read: async () => bytesOf(compute()) })
}

export const scalar = (value: number): Tensor => constant([value], [])

/** Cotangents of an op's inputs; undefined for an input that has none (an index, a constant). */
export type Cotangents = readonly (Tensor | undefined)[]

/** What an op function hands to `emit`. */
export interface OpSpec<Vjp = (g: Tensor, y: Tensor) => Cotangents> {
  type: string
  domain?: '' | 'com.microsoft'
  inputs: readonly (Tensor | undefined)[]
  attributes?: Record<string, Attribute>
  /** How many of the outputs must be written even when nothing uses them; all by default. */
  required?: number
  /** The vector-Jacobian product: from the cotangent g of the output y to those of the inputs, see grad.ts. */
  vjp?: Vjp
}

/** One ONNX node with one output. */
export function emit({ vjp, ...spec }: OpSpec, shape: Shape, dtype: GraphDType): Tensor {
  const many = vjp && { vjp: ([g]: Cotangents, [y]: readonly Tensor[]) => vjp(g!, y!) }
  return emitMany({ ...spec, ...many }, [{ shape, dtype }])[0]!
}

/** One ONNX node with several outputs; a cotangent is undefined when nothing flows back through that output. */
export function emitMany(
  spec: OpSpec<(grads: Cotangents, outputs: readonly Tensor[]) => Cotangents>,
  outputs: readonly { shape: Shape; dtype: GraphDType }[],
): Tensor[] {
  const { vjp } = spec
  const node: Node = {
    kind: 'op',
    type: spec.type,
    domain: spec.domain ?? '',
    inputs: spec.inputs,
    attributes: spec.attributes ?? {},
    outputs: outputs.length,
    required: spec.required ?? outputs.length,
    ...(vjp && { vjp: (grads) => vjp(grads, tensors) }),
  }
  const tensors: Tensor[] = outputs.map(({ shape, dtype }, index) => ({ shape, dtype, node, index }))
  return tensors
}

export const show = (t: Tensor): string => `${t.dtype}[${t.shape.join(', ')}]`

/** NumPy broadcasting of two shapes; the error names the op and both operands. */
export function broadcast(op: string, a: Tensor, b: Tensor): Dim[] {
  const rank = Math.max(a.shape.length, b.shape.length)
  const out: Dim[] = []
  for (let i = 0; i < rank; i++) {
    const da = a.shape[a.shape.length - rank + i] ?? 1
    const db = b.shape[b.shape.length - rank + i] ?? 1
    if (da !== db && da !== 1 && db !== 1) {
      throw new ShapeError(
        `${op}: ${show(a)} and ${show(b)} do not broadcast (dimension ${i - rank}: ${da} and ${db}).`,
      )
    }
    out.push(da === 1 ? db : da)
  }
  return out
}

/** An axis counted from the front; negative ones count from the back. */
export function axisOf(op: string, t: Tensor, axis: number): number {
  const a = axis < 0 ? axis + t.shape.length : axis
  if (!(a in t.shape)) throw new ShapeError(`${op}: ${show(t)} has no axis ${axis}.`)
  return a
}

/** A dimension that must be a number here; open dimensions name themselves in the error. */
export function fixed(op: string, t: Tensor, axis: number): number {
  const dim = t.shape.at(axis)
  if (typeof dim !== 'number') throw new ShapeError(`${op}: dimension ${axis} of ${show(t)} must be a fixed number.`)
  return dim
}
