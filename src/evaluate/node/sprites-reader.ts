// The classifiers that this project trains as feature readers; with the one that ships, the reader of the sprites. Their
// figures compare samplers of the images they were trained on and are not ImageNet's.

import { fileURLToPath } from 'node:url'
import { selectStateDict } from '../../checkpoint/checkpoint.ts'
import { openFile } from '../../checkpoint/node/file-source.ts'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import type { Engine } from '../../engine/types.ts'
import { type Graph, input } from '../../graph/index.ts'
import { cast, div, softmax, sub, transpose } from '../../graph/ops/index.ts'
import { fileSha256 } from '../../jobs/node/manifest.ts'
import { checkTensors } from '../../models/check-tensors.ts'
import {
  type ClassifierArchitecture,
  classifierFeatures,
  classifierLayers,
  classifierLogits,
  classifierShapes,
} from '../../models/classifier.ts'
import { trainedFacts } from '../../models/trained-facts.ts'
import { openWeights, type Weights } from '../../models/weights.ts'
import { readInBatches } from '../read-batches.ts'
import type { FeatureReader } from '../reader.ts'

/** The file of the sprites' classifier; it lies above src/ and dist/ alike. */
export const spritesClassifier: string = fileURLToPath(
  new URL('../../../models/sprites-classifier.safetensors', import.meta.url),
)

/** Images that run at once. */
const BATCH = 64

/**
 * The classifier of the sprites that comes with the package: 128 features, 12 classes, images of 32 x 32.
 * @example
 * const reader = await spritesReader(engine)
 * const { value } = await spritesSet(24).images.read(0, 24).next()
 * const { probabilities } = await reader.read(value)
 * await reader.dispose()
 * probabilities.shape // [24, 12]
 */
export const spritesReader = (engine: Engine): Promise<FeatureReader> =>
  classifierReader(engine, spritesClassifier, 'sprites')

/**
 * Opens a file that `distilled train classifier` wrote. It takes images of the size that it was trained on.
 * @throws CheckpointError when the file is no such classifier
 */
export async function classifierReader(engine: Engine, path: string, name: string): Promise<FeatureReader> {
  const checkpoint = await openFile(path)
  try {
    const { architecture, classes, size } = facts(checkpoint.name, checkpoint.metadata)
    const { tensors } = selectStateDict(checkpoint, [''])
    checkTensors(checkpoint.name, tensors, classifierShapes(architecture), 'Train it again, or take another file.')
    const program = await engine.load(readerGraph(openWeights(checkpoint.name, tensors), architecture, size))
    return {
      name,
      sha256: await fileSha256(path),
      preprocessing: `x / 127.5 - 1, at ${size} x ${size} only`,
      width: architecture.channels.at(-1)!,
      offers: ['probabilities'],
      classes,
      async read(images) {
        const [, height, width] = images.shape
        if (height !== size || width !== size)
          throw new UsageError(`${name} reads images of ${size} x ${size}; these are ${width} x ${height}.`, {
            remedy:
              'It was trained on that size and does not resize. For photographs, name the weights of Inception, or have them cut as for training.',
            shellRemedy: `It was trained on that size and does not resize. For photographs, name the weights of Inception, or cut folders of images as training does: --crop ${size}.`,
          })
        return readInBatches(images, BATCH, ({ data, shape }) =>
          program.run({ images: { dtype: 'uint8', shape, data } }),
        )
      },
      dispose: () => program.dispose(),
      [Symbol.asyncDispose]: () => program.dispose(),
    }
  } finally {
    await checkpoint.close()
  }
}

/** The metadata of the file (models/trained-facts.ts). */
function facts(file: string, metadata: ReadonlyMap<string, string>) {
  const known = trainedFacts(file, metadata)
  if (known?.architecture.family !== 'classifier')
    throw new CheckpointError(`${file} is no classifier that this project trained.`)
  return { architecture: known.architecture, classes: known.classes, size: known.imageSize }
}

export const isClassifier = (metadata: ReadonlyMap<string, string>): boolean =>
  metadata.get('distilled.kind') === 'classifier'

function readerGraph(weights: Weights, architecture: ClassifierArchitecture, size: number): Graph {
  const images = input('images', 'uint8', ['batch', size, size, 3])
  const planes = sub(div(transpose(cast(images, 'float32'), [0, 3, 1, 2]), 127.5), 1) // (B, 3, S, S)
  const features = classifierFeatures(classifierLayers(weights, architecture, planes)) // (B, C)
  return { features, probabilities: softmax(classifierLogits(weights, features)) }
}
