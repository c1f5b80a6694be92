// A network's file, as it is shipped: named float32 tensors to safetensors, in float32 or in half the bytes.
// What shapes cannot tell (architecture, how it was trained) goes into the metadata as JSON text.

import { type NamedTensor, writeSafetensors } from '../checkpoint/safetensors.ts'
import { UsageError } from '../core/errors.ts'
import { toFloat16 } from '../core/float16.ts'
import { writeStream } from '../files/atomic.ts'

/** float32 elements in row-major order. */
export interface HostTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export type Tensors = ReadonlyMap<string, HostTensor>

/** The bytes of an array, uncopied. */
export const bytesOf = (array: Float32Array | Uint16Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

/**
 * Writes a safetensors file, whole or not at all.
 * @throws UsageError when a value is NaN or infinite, or becomes so in float16; ShapeError when data and shape disagree
 * @example
 * const weights = new Map([['head.weight', { shape: [2, 1], data: Float32Array.of(0.5, -1) }]])
 * await writeWeights('student.safetensors', weights, { 'distilled.architecture': '{"family":"var"}' }, { dtype: 'float16' })
 */
export async function writeWeights(
  path: string,
  tensors: Tensors,
  metadata: Readonly<Record<string, string>>,
  { dtype = 'float32' }: { dtype?: 'float32' | 'float16' } = {},
): Promise<void> {
  const named = Array.from(tensors, ([name, tensor]): NamedTensor => {
    checkFinite(path, name, tensor.data, dtype === 'float16' ? 65520 : Number.POSITIVE_INFINITY)
    const data = bytesOf(dtype === 'float16' ? toFloat16(tensor.data) : tensor.data)
    return { name, dtype, shape: tensor.shape, data }
  })
  await writeStream(path, writeSafetensors(named, metadata), { durable: true })
}

function checkFinite(path: string, name: string, data: Float32Array, limit: number): void {
  const bad = data.findIndex((value) => !(Math.abs(value) < limit))
  if (bad < 0) return
  const finite = Number.isFinite(data[bad])
  throw new UsageError(
    `${path}: tensor "${name}" is ${data[bad]} at element ${bad}${finite ? ', which float16 cannot hold' : ''}.`,
    { remedy: finite ? 'Write float32.' : 'The training diverged: take an earlier checkpoint.' },
  )
}
