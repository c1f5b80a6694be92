// Perceptual distance in a loss: LPIPS' distance in the features of a frozen network.

import type { Tensor } from '../graph/index.ts'
import { type ClassifierArchitecture, classifierLayers } from '../models/classifier.ts'
import { perceptualDistance } from '../models/lpips.ts'
import { memoryWeights } from './frozen.ts'
import type { Tensors } from './weights-file.ts'

/** Distance [B] between images [B, 3, H, W] in [-1, 1]. */
export type Perceptual = (a: Tensor, b: Tensor) => Tensor

/** The distance in a classifier's layers, all channels weighted alike. */
export function classifierPerceptual(tensors: Tensors, architecture: ClassifierArchitecture): Perceptual {
  const weights = memoryWeights('classifier', tensors, { differentiable: true })
  return (a, b) => perceptualDistance((image) => classifierLayers(weights, architecture, image), a, b)
}
