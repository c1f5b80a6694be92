// The interface of networks that read images: one row of features per image, and optionally more. Metrics do not depend on
// where features come from; a result names the reader and the hash of its weights.

import type { Features } from './features.ts'
import type { Protocol, ProtocolName } from './result.ts'

/** Finished images, 8 bits a channel: rows of R, G, B bytes, uint8 [N, height, width, 3]. */
export interface RgbBatch {
  readonly data: Uint8Array
  readonly shape: readonly [count: number, height: number, width: number, channels: 3]
}

/** A reader's output for N images. */
export interface Reading {
  /** [N, D], for FID, precision, recall and KID. */
  readonly features: Features
  /** [N, D'], features that keep their place in the image, for sFID. */
  readonly spatial?: Features
  /** [N, K], rows that add up to 1, for the Inception Score. */
  readonly probabilities?: Features
}

/** A network that turns images into features; holds programs of an engine until it is disposed. */
export interface FeatureReader extends AsyncDisposable {
  /** e.g. `inception-v3 (FID variant)`, `sprites` */
  readonly name: string
  /** Of the file its weights come from. */
  readonly sha256: string
  /** How images become its input, in words that a result can print. */
  readonly preprocessing: string
  /** The protocol whose preprocessing it has, where protocols differ. */
  readonly protocol?: ProtocolName
  /** Features per image. */
  readonly width: number
  /** What a reading holds beside features. */
  readonly offers: readonly ('spatial' | 'probabilities')[]
  /** Names of the classes that `probabilities` are of, where they are a model's own classes. */
  readonly classes?: readonly string[]
  read(images: RgbBatch): Promise<Reading>
  dispose(): Promise<void>
}

/** What a result says of a reader. */
export const extractorOf = ({ name, sha256, preprocessing, protocol }: FeatureReader): Protocol['features'] => ({
  name,
  sha256,
  preprocessing,
  ...(protocol && { protocol }),
})
