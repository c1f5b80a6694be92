// Checks a program's inputs before they are sent to the worker, so that an error comes before anything is copied and names the
// graph's input.

import { sizeOf } from '../core/dtype.ts'
import { EngineError } from '../core/errors.ts'
import type { HostData, HostTensor, ResidentTensor, TensorSpec, Value } from './types.ts'

const arrayTypes: Record<HostTensor['dtype'], new (length: number) => HostData> = {
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
}

/**
 * @param residents tensors that this engine holds
 * @throws EngineError naming the input, what was expected and what came
 */
export function checkFeeds(
  specs: readonly TensorSpec[],
  feeds: Readonly<Record<string, Value>>,
  residents: WeakSet<ResidentTensor>,
): void {
  const listed = specs.map(({ name }) => name)
  const missing = listed.filter((name) => !feeds[name])
  const unknown = Object.keys(feeds).filter((name) => !listed.includes(name))
  if (missing.length || unknown.length) {
    const lacks = missing.length ? `; missing: ${missing.join(', ')}` : ''
    const extra = unknown.length ? `; unknown: ${unknown.join(', ')}` : ''
    throw new EngineError(`The program takes inputs [${listed.join(', ')}]${lacks}${extra}.`)
  }
  const sizes = new Map<string, { size: number; input: string }>()
  for (const spec of specs) {
    const value = feeds[spec.name]!
    if ('resident' in value) {
      if (!residents.has(value)) {
        throw new EngineError(`Input "${spec.name}": this tensor was disposed, or another engine keeps it.`)
      }
    } else checkHost(spec, value)
    checkShape(spec, value.shape, sizes)
  }
}

function checkHost({ name, dtype }: TensorSpec, { dtype: given, shape, data }: HostTensor): void {
  if (given !== dtype) throw new EngineError(`Input "${name}" is ${dtype}, got ${given}.`)
  const arrayType = arrayTypes[given]
  if (!(data instanceof arrayType)) {
    throw new EngineError(`Input "${name}" is ${dtype} and needs its data as ${arrayType.name}.`)
  }
  if (data.length !== sizeOf(shape)) {
    throw new EngineError(
      `Input "${name}": shape [${shape.join(', ')}] holds ${sizeOf(shape)} values, got ${data.length}.`,
    )
  }
}

function checkShape(
  spec: TensorSpec,
  shape: readonly number[],
  sizes: Map<string, { size: number; input: string }>,
): void {
  const got = `got [${shape.join(', ')}]`
  const fits = spec.shape.length === shape.length && spec.shape.every((d, i) => typeof d === 'string' || d === shape[i])
  if (!fits) throw new EngineError(`Input "${spec.name}" has shape [${spec.shape.join(', ')}], ${got}.`)
  for (const [axis, dim] of spec.shape.entries()) {
    if (typeof dim === 'number') continue
    const size = shape[axis]!
    const known = sizes.get(dim)
    if (!known) sizes.set(dim, { size, input: spec.name })
    else if (known.size !== size) {
      const other = `"${known.input}" has ${dim} = ${known.size}`
      throw new EngineError(`Input "${spec.name}" has shape [${spec.shape.join(', ')}], ${got}, but ${other}.`)
    }
  }
}
