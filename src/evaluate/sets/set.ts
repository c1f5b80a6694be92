// One side of an evaluation, samples or reference: images, features, or only their statistics, whatever a file or folder
// offers. Reading is by index, so that a set can be measured in shares.

import { UsageError } from '../../core/errors.ts'
import type { Features } from '../features.ts'
import type { Gaussian } from '../moments.ts'
import type { RgbBatch } from '../reader.ts'
import type { Protocol } from '../result.ts'

/** Images by index; `read` gives them in order, in runs of equal size, as they are asked for. */
export interface ImageSource {
  readonly count: number
  /** In words, for the protocol: `PNG files`, `npz`. */
  readonly format: string
  /** JPEG or WebP among them: compression moves every metric. */
  readonly lossy: boolean
  /** The requested class of each image; undefined when unknown. */
  readonly labels?: ArrayLike<number>
  /** Names of the classes that the labels number; undefined when unknown. */
  readonly classes?: readonly string[] | undefined
  read(first: number, count: number, signal?: AbortSignal): AsyncGenerator<RgbBatch>
}

/** Features that were extracted from images before. */
export interface FeatureMatrices {
  readonly features: Features
  readonly spatial?: Features
  readonly probabilities?: Features
}

/** The statistics of a set, without its images. */
export interface Statistics {
  readonly features: Gaussian
  readonly spatial?: Gaussian
}

/** How the samples were made, as far as it is recorded. */
export type Origin = Pick<Protocol, 'labels' | 'sampling' | 'rounding'>

export interface EvaluationSet {
  readonly name: string
  /** Images or rows; undefined for statistics that do not say. */
  readonly count?: number | undefined
  readonly images?: ImageSource
  readonly matrices?: FeatureMatrices
  readonly statistics?: Statistics
  /** Who made `matrices` or `statistics`, where the file says so. */
  readonly extractor?: Protocol['features'] | undefined
  readonly origin?: Origin | undefined
  /** Side in pixels of the squares that its images were cut to when they were read; undefined when they were not cut. */
  readonly crop?: number | undefined
  /** SHA-256 of the file, or of the names and bytes of all files. */
  sha256(signal?: AbortSignal): Promise<string>
  close(): Promise<void>
}

/** @throws UsageError unless first .. first + count - 1 are in the set */
export function checkSpan(name: string, total: number, first: number, count: number): void {
  if (first >= 0 && count >= 0 && first + count <= total) return
  throw new UsageError(`${name} has images 0 to ${total - 1}, asked for ${first} to ${first + count - 1}.`)
}

export const unknownOrigin: Origin = { labels: 'unknown', sampling: {}, rounding: 'unknown (8-bit files)' }
