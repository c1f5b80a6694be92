// Features and classes of small images by a trained classifier: the space in which the sprites' Fréchet distance,
// precision and recall are measured. These figures are not ImageNet's: they compare samplers of one data set.

import { type Engine, float32, hostData } from '../engine/types.ts'
import { input } from '../graph/index.ts'
import { argmax } from '../graph/ops/index.ts'
import {
  type ClassifierArchitecture,
  classifierFeatures,
  classifierLayers,
  classifierLogits,
} from '../models/classifier.ts'
import type { Weights } from '../models/weights.ts'
import type { SquaredDistances } from './distances.ts'
import { pairwise } from './pairwise.ts'

export interface ClassifierReader extends AsyncDisposable {
  /** Features float32 [N, D] and classes [N] of images [N, 3, S, S] in [-1, 1]. */
  read(images: Float32Array): Promise<{ features: Float32Array; classes: Int32Array }>
  readonly width: number
  /** Squared distances between feature vectors, on the engine. */
  readonly distances: SquaredDistances
}

export async function classifierReader(
  engine: Engine,
  weights: Weights,
  arch: ClassifierArchitecture,
  imageSize: number,
): Promise<ClassifierReader> {
  const images = input('images', 'float32', ['batch', 3, imageSize, imageSize])
  const features = classifierFeatures(classifierLayers(weights, arch, images))
  const program = await engine.load({ features, classes: argmax(classifierLogits(weights, features)) })
  const width = arch.channels.at(-1)!
  const products = await pairwise(engine, width)
  return {
    width,
    async read(data) {
      const count = data.length / (3 * imageSize ** 2)
      const out = await program.run({ images: float32(data, [count, 3, imageSize, imageSize]) })
      return {
        features: hostData(out.features),
        classes: Int32Array.from(hostData<BigInt64Array>(out.classes), Number),
      }
    },
    distances: products.distances,
    async [Symbol.asyncDispose]() {
      await program.dispose()
      await products[Symbol.asyncDispose]()
    },
  }
}
