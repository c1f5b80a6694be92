// The interface of training data: labelled square images by index. Sprites are drawn, folders are read.

import { UsageError } from '../core/errors.ts'

export interface Example {
  /** float32 planes [3, S, S] in [-1, 1]. */
  image: Float32Array
  label: number
}

export interface Dataset {
  readonly name: string
  /** Name of every class, in the order of their labels. */
  readonly classes: readonly string[]
  /** Side of the images in pixels. */
  readonly imageSize: number
  /** Number of distinct images; indices run from 0 to size - 1. */
  readonly size: number
  /** Distinguishes these data from others of the same name; a run only continues with the same. Absent when the name suffices. */
  readonly origin?: { readonly folder: string; readonly images: number; readonly sha256: string }
  /** Messages about the images for the person, before they are used. */
  readonly notes?: readonly string[]
  /** The image of that index: always the same one. */
  get(index: number): Promise<Example>
}

export interface Batch {
  /** float32 [B, 3, S, S] in [-1, 1]. */
  images: Float32Array
  labels: number[]
}

/** The images of the given indices side by side. */
export async function readBatch(data: Dataset, indices: readonly number[]): Promise<Batch> {
  const plane = 3 * data.imageSize ** 2
  const images = new Float32Array(indices.length * plane)
  const examples = await Promise.all(indices.map((index) => data.get(checkIndex(data, index))))
  for (const [i, { image }] of examples.entries()) images.set(image, i * plane)
  return { images, labels: examples.map(({ label }) => label) }
}

function checkIndex(data: Dataset, index: number): number {
  if (Number.isInteger(index) && index >= 0 && index < data.size) return index
  throw new UsageError(`${data.name} has images 0 to ${data.size - 1}, got index ${index}.`)
}
