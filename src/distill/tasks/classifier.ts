// Trains the classifier whose features stand in for Inception and VGG on small images. Training images are
// augmented (noise, brightness, erased boxes), so that its features respond to defects of an image and not only to its class.

import { noise, uniforms } from '../../core/random/philox.ts'
import { float32, int64 } from '../../engine/types.ts'
import { input } from '../../graph/index.ts'
import {
  type ClassifierArchitecture,
  classifierFeatures,
  classifierLayers,
  classifierLogits,
  classifierShapes,
} from '../../models/classifier.ts'
import { agreement, crossEntropy } from '../losses.ts'
import { constantInit, initialise, normalInit } from '../parameters.ts'
import type { Feeds, Task } from '../trainer.ts'
import type { Examples } from './examples.ts'

const NOISE = 1_000_000_009

export function classifierTask(
  arch: ClassifierArchitecture,
  { examples, seed, batch }: { examples: Examples; seed: number; batch: number },
): Task {
  const side = examples.data.imageSize
  const rule = (name: string, shape: readonly number[]) =>
    shape.length === 1
      ? constantInit(0)
      : normalInit(Math.sqrt(2 / shape.slice(1).reduce((n, d) => n * d, 1)) * (name === 'head.weight' ? 0.5 : 1))
  const feedsOf = ({ images, labels }: { images: Float32Array; labels: number[] }): Feeds => ({
    images: float32(images, [labels.length, 3, side, side]),
    labels: int64(labels),
  })
  return {
    parameters: initialise(classifierShapes(arch), rule, seed),
    objective(w, size) {
      const images = input('images', 'float32', [size, 3, side, side])
      const labels = input('labels', 'int64', [size])
      const logits = classifierLogits(w, classifierFeatures(classifierLayers(w, arch, images)))
      return { loss: crossEntropy(logits, labels), metrics: { accuracy: agreement(logits, labels) } }
    },
    async feeds(step, part, size) {
      const first = step * batch + part * size
      const examplesOf = await examples.batch(first, size)
      return feedsOf({ ...examplesOf, images: disturbed(examplesOf.images, side, seed, first) })
    },
    validation: {
      count: Math.min(256, examples.heldOut.length),
      feeds: async (first, size) => feedsOf(await examples.heldOutBatch(first, size)),
    },
  }
}

/** Images [B, 3, S, S] with noise of random strength, random gain, and a grey box over every second one. */
function disturbed(images: Float32Array, side: number, seed: number, first: number): Float32Array {
  const plane = side * side
  const out = images.slice()
  for (let b = 0; b < images.length / (3 * plane); b++) {
    const [strength, gain, erase, x, y, size] = uniforms(seed, first + b, NOISE, 6) as unknown as number[]
    const speckle = noise(seed + 1, first + b, 3 * plane)
    const at = b * 3 * plane
    const sigma = 0.35 * strength! ** 2
    const factor = 0.8 + 0.4 * gain!
    for (let i = 0; i < 3 * plane; i++) out[at + i] = images[at + i]! * factor + sigma * speckle[i]!
    if (erase! < 0.5) continue
    const width = Math.round(side * (0.15 + 0.2 * size!))
    const left = Math.floor(x! * (side - width))
    const top = Math.floor(y! * (side - width))
    for (let c = 0; c < 3; c++)
      for (let row = top; row < top + width; row++)
        out.fill(0, at + c * plane + row * side + left, at + c * plane + row * side + left + width)
  }
  return out
}
