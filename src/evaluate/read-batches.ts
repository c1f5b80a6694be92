// The common part of all feature readers: it checks the images, runs few at a time so that memory stays bounded for any number
// of images, and joins the rows.

import { UsageError } from '../core/errors.ts'
import { hostData, type Value } from '../engine/types.ts'
import { type Features, joinRows } from './features.ts'
import type { Reading, RgbBatch } from './reader.ts'

/** A network's outputs for n images: arrays [n, ...] by their names in a Reading. */
type Outputs = Readonly<Record<string, Value>>

/**
 * Reads images `batch` at a time with `few`.
 * @throws UsageError when there are no images, or their bytes do not fill the shape
 */
export async function readInBatches(
  { data, shape }: RgbBatch,
  batch: number,
  few: (images: RgbBatch) => Promise<Outputs>,
): Promise<Reading> {
  const [count, height, width, channels] = shape
  const bytes = height * width * channels
  if (count < 1 || data.length !== count * bytes)
    throw new UsageError(`${data.length} bytes are no images of shape [${shape.join(', ')}].`)
  const parts: Outputs[] = []
  for (let start = 0; start < count; start += batch) {
    const end = Math.min(start + batch, count)
    parts.push(await few({ data: data.subarray(start * bytes, end * bytes), shape: [end - start, height, width, 3] }))
  }
  const all = (name: keyof Reading): Features => joinRows(parts.map((part) => flat(part[name]!)))
  return {
    features: all('features'),
    ...(parts[0]!.spatial && { spatial: all('spatial') }),
    ...(parts[0]!.probabilities && { probabilities: all('probabilities') }),
  }
}

/** Everything behind the first axis as one. */
function flat(value: Value): Features {
  const data = hostData(value)
  const [rows] = value.shape as [number]
  return { data, shape: [rows, data.length / rows] }
}
