// Arrays that a program holds as a set: images as bytes, or features of any extractor.

import { createHash } from 'node:crypto'
import { UsageError } from '../../../core/errors.ts'
import type { Features } from '../../features.ts'
import type { RgbBatch } from '../../reader.ts'
import { checkSpan, type EvaluationSet, unknownOrigin } from '../../sets/set.ts'

/**
 * Images uint8 [N, H, W, 3], or features [N, D] in float32 or float64, row by row; the array is not copied.
 * @param name what results call the set
 * @throws UsageError for another type or shape, or a length that is not that of the shape
 * @example
 * memorySet('mine', { data: new Float32Array(6), shape: [3, 2] }).count // 3
 */
export function memorySet(name: string, array: RgbBatch | Features): EvaluationSet {
  const { data, shape } = array
  const found = `${data?.constructor.name} [${shape}]`
  const isFeatures = (data instanceof Float32Array || data instanceof Float64Array) && shape?.length === 2
  const isImages = data instanceof Uint8Array && shape?.length === 4 && shape[3] === 3
  if (!isFeatures && !isImages)
    throw new UsageError(`${name}: expected images, a Uint8Array [N, H, W, 3], or features [N, D], got ${found}.`)
  const size = (shape as readonly number[]).reduce((product, length) => product * length, 1)
  const [count] = shape
  if (size !== data.length || count === 0)
    throw new UsageError(`${name}: the ${data.length} values of the array are not those of ${found}.`)
  return {
    name,
    count,
    origin: unknownOrigin,
    ...(isFeatures ? { matrices: { features: array as Features } } : { images: imagesOf(name, array as RgbBatch) }),
    sha256: async () =>
      createHash('sha256')
        .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
        .digest('hex'),
    async close() {},
  }
}

function imagesOf(name: string, { data, shape }: RgbBatch): NonNullable<EvaluationSet['images']> {
  const [count, height, width] = shape
  const size = height * width * 3
  return {
    count,
    format: 'none: an array in memory',
    lossy: false,
    async *read(first, n, signal) {
      signal?.throwIfAborted()
      checkSpan(name, count, first, n)
      yield { data: data.subarray(first * size, (first + n) * size), shape: [n, height, width, 3] }
    },
  }
}
