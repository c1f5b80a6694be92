// A network's view of a checkpoint: tensors by name, checked against the shapes the architecture asks for, widened to
// float32 inside the graph. Nothing is read here; the graph keeps pointing at the file.

import type { StateDict, TensorRef } from '../checkpoint/types.ts'
import { type DType as StoredDType, toFloat32 } from '../core/dtype.ts'
import { CheckpointError, nearest } from '../core/errors.ts'
import { type GraphDType, type Tensor, weight } from '../graph/index.ts'
import { cast } from '../graph/ops/elementwise.ts'

export interface Weights {
  readonly dtype: DType
  /** Whether gradients will flow through the graph built on these weights; then only ops with a gradient rule are used. */
  readonly differentiable: boolean
  /** The tensor `name`, as float32. */
  get(name: string): Tensor
  has(name: string): boolean
  /** The same weights with `prefix` put before every name. */
  scope(prefix: string): Weights
  /** A weight computed from `name` on the host, once; the engine keeps it in a cache file. */
  derive(name: string, recipe: Recipe): Tensor
}

export const dtypes = ['fp32', 'int8'] as const
/** Arithmetic of the matrix products. */
export type DType = (typeof dtypes)[number]

export interface WeightsOptions {
  dtype?: DType | undefined
  differentiable?: boolean | undefined
}

/** How to compute a derived weight; `tag` must change whenever the computation does. */
export interface Recipe {
  tag: string
  dtype: GraphDType
  shape: readonly number[]
  compute(data: Float32Array, shape: readonly number[]): Float32Array | Int8Array | Uint8Array
}

const graphTypes: Partial<Record<StoredDType, GraphDType>> = {
  float32: 'float32',
  float16: 'float16',
  bfloat16: 'bfloat16',
  float64: 'float64',
}

/** Wraps a state dict; `file` is what errors call it. */
export function openWeights(file: string, tensors: StateDict, options: WeightsOptions = {}, prefix = ''): Weights {
  const find = (name: string): TensorRef => {
    const ref = tensors.get(prefix + name)
    if (ref) return ref
    const similar = nearest(prefix + name, tensors.keys())
    throw new CheckpointError(
      `${file}: no tensor "${prefix + name}"${similar ? `; the file holds "${similar}"` : ''}.`,
      { remedy: 'Is this the right checkpoint for the model? `distilled inspect` shows what it holds.' },
    )
  }
  return {
    dtype: options.dtype ?? 'fp32',
    differentiable: options.differentiable ?? false,
    has: (name) => tensors.has(prefix + name),
    scope: (inner) => openWeights(file, tensors, options, prefix + inner),
    get(name) {
      const ref = find(name)
      const dtype = graphTypes[ref.dtype]
      if (!dtype) {
        throw new CheckpointError(`${file}: tensor "${ref.name}" is ${ref.dtype}, expected a floating-point type.`)
      }
      return cast(
        weight(ref.name, {
          dtype,
          shape: ref.shape,
          location: ref.location,
          ...(ref.derived && { origin: ref.derived.from, key: ref.derived.key }),
          read: () => ref.read(),
        }),
        'float32',
      )
    },
    derive(name, { tag, dtype, shape, compute }) {
      const ref = find(name)
      const at = ref.location ?? ref.derived?.from
      const source = ref.derived?.key ?? (at && `${at.path}:${at.offset}:${at.byteLength}:${ref.dtype}`)
      return weight(`${tag}:${ref.name}`, {
        dtype,
        shape,
        ...(at && { origin: at, key: `${source}:${tag}` }),
        async read() {
          const result = compute(toFloat32(await ref.read(), ref.dtype), ref.shape)
          return new Uint8Array(result.buffer, result.byteOffset, result.byteLength)
        },
      })
    },
  }
}
