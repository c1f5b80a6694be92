// A small convolutional classifier for small images: what perceptual losses compare and what evaluation measures in when
// images are not ImageNet's. Four 3x3 convolutions, halving the image three times; the pooled last layer is the feature vector.

import type { Tensor } from '../graph/index.ts'
import { pointwise } from '../graph/ops/channels-last.ts'
import { averagePool2x2, conv3x3, linear, mean, relu } from '../graph/ops/index.ts'
import type { Weights } from './weights.ts'

export interface ClassifierArchitecture {
  readonly family: 'classifier'
  /** Output channels of the four convolutions. */
  readonly channels: readonly number[]
  readonly numClasses: number
}

/** Names and shapes of its parameters. */
export function classifierShapes({ channels, numClasses }: ClassifierArchitecture): Map<string, number[]> {
  const inputs = [3, ...channels]
  return new Map([
    ...channels.flatMap((width, i): [string, number[]][] => [
      [`conv.${i}.weight`, [width, inputs[i]!, 3, 3]],
      [`conv.${i}.bias`, [width]],
    ]),
    ['head.weight', [numClasses, channels.at(-1)!]],
    ['head.bias', [numClasses]],
  ])
}

/** Activations of every layer of images [B, 3, H, W] in [-1, 1]: [B, C_i, H / 2^i, W / 2^i]. */
export function classifierLayers(w: Weights, arch: ClassifierArchitecture, images: Tensor): Tensor[] {
  const layers: Tensor[] = []
  let h = images
  for (let i = 0; i < arch.channels.length; i++) {
    const x = i === 0 ? h : averagePool2x2(h)
    h = pointwise(relu, conv3x3(x, w.get(`conv.${i}.weight`), w.get(`conv.${i}.bias`), w.differentiable))
    layers.push(h)
  }
  return layers
}

/** The feature vector [B, C] of the last layer's activations. */
export function classifierFeatures(layers: readonly Tensor[]): Tensor {
  return mean(layers.at(-1)!, [2, 3]) // (B, C)
}

/** Logits [B, classes] of the feature vectors [B, C]. */
export const classifierLogits = (w: Weights, features: Tensor): Tensor =>
  linear(features, w.get('head.weight'), w.get('head.bias'))
