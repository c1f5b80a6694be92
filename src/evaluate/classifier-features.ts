// Features and classes of small images by a trained classifier: the space in which the sprites' Fréchet distance,
// precision and recall are measured. These figures are not ImageNet's: they compare samplers of one data set.

import { type Engine, float32, hostData, type Program } from '../engine/types.ts'
import { input } from '../graph/index.ts'
import { add, argmax, matmulT, mul, sub, sum } from '../graph/ops/index.ts'
import {
  type ClassifierArchitecture,
  classifierFeatures,
  classifierLayers,
  classifierLogits,
} from '../models/classifier.ts'
import type { Weights } from '../models/weights.ts'
import type { SquaredDistances } from './distances.ts'
import type { Features } from './features.ts'

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
  const products: Program = await engine.load({ distances: squaredDistanceGraph(width) })
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
    async distances(a, b) {
      const copy = ({ data, shape }: Features) => float32(Float32Array.from(data), shape)
      return hostData((await products.run({ a: copy(a), b: copy(b) })).distances).map((d) => Math.max(d, 0))
    },
    async [Symbol.asyncDispose]() {
      await program.dispose()
      await products.dispose()
    },
  }
}

/** |a|^2 + |b|^2 - 2 a.b of inputs a [n, D], b [m, D]: [n, m]. */
function squaredDistanceGraph(width: number) {
  const [a, b] = [input('a', 'float32', ['n', width]), input('b', 'float32', ['m', width])]
  const left = sum(mul(a, a), [1], true) // (n, 1)
  const right = sum(mul(b, b), [1]) // (m)
  return sub(add(left, right), mul(matmulT(a, b, 'B'), 2))
}
