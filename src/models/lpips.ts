// LPIPS, the learned perceptual distance of Zhang et al. (2018, arXiv 1801.03924): unit-length features of VGG-16 after
// five of its ReLUs, squared differences weighted per channel, averaged over pixels, added up over layers.
// Upstream: lpips/lpips.py:LPIPS (version 0.1, net='vgg'), torchvision's vgg16 for the features.

import { constant, fixed, type Tensor } from '../graph/index.ts'
import { pointwise } from '../graph/ops/channels-last.ts'
import { add, conv3x3, div, linear, maxPool2x2, mean, mul, relu, reshape, sqrt, sub, sum } from '../graph/ops/index.ts'
import type { Weights } from './weights.ts'

/** Convolutions of each stage: index in torchvision's `features`, channels; stages end in a tap and are 2x2-pooled before the next. */
const stages: readonly (readonly [index: number, channels: number])[][] = [
  [
    [0, 64],
    [2, 64],
  ],
  [
    [5, 128],
    [7, 128],
  ],
  [
    [10, 256],
    [12, 256],
    [14, 256],
  ],
  [
    [17, 512],
    [19, 512],
    [21, 512],
  ],
  [
    [24, 512],
    [26, 512],
    [28, 512],
  ],
]

/** Names and shapes of the tensors that are read from the two files: torchvision's `vgg16`, and the weights per channel (`lpips`' vgg.pth). */
export function lpipsShapes(): { vgg: Map<string, number[]>; lin: Map<string, number[]> } {
  const vgg = new Map<string, number[]>()
  let inside = 3
  for (const [index, channels] of stages.flat()) {
    vgg.set(`features.${index}.weight`, [channels, inside, 3, 3])
    vgg.set(`features.${index}.bias`, [channels])
    inside = channels
  }
  const lin = stages.map((stage, i): [string, number[]] => [linName(i), [1, stage[0]![1], 1, 1]])
  return { vgg, lin: new Map(lin) }
}

const linName = (layer: number) => `lin${layer}.model.1.weight`

/**
 * The distance [B] between images a and b float32 [B, 3, H, W] in [-1, 1], H and W 16 or more.
 * The gradient needs a fixed batch, as that of max-pooling does.
 */
export function lpips(vgg: Weights, lin: Weights, a: Tensor, b: Tensor): Tensor {
  const weights = stages.map((_, i) => lin.get(linName(i)))
  return perceptualDistance((image) => vggFeatures(vgg, image), a, b, weights)
}

/** Features [B, C, H / 2^i, W / 2^i] after relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3 of an image in [-1, 1]. */
export function vggFeatures(vgg: Weights, image: Tensor): Tensor[] {
  let h = scaled(image)
  return stages.map((stage, i) => {
    if (i > 0) h = maxPool2x2(h)
    for (const [index] of stage) {
      const [weight, bias] = [vgg.get(`features.${index}.weight`), vgg.get(`features.${index}.bias`)]
      h = pointwise(relu, conv3x3(h, weight, bias, vgg.differentiable))
    }
    return h
  })
}

/** ImageNet's mean and deviation per channel, moved from [0, 1] to [-1, 1]. Upstream: lpips.py:ScalingLayer. */
function scaled(image: Tensor): Tensor {
  const shift = constant([-0.03, -0.088, -0.188], [1, 3, 1, 1])
  const scale = constant([0.458, 0.448, 0.45], [1, 3, 1, 1])
  return div(sub(image, shift), scale)
}

/**
 * LPIPS on any network: the distance [B] between images a and b by their features [B, C_i, H_i, W_i].
 * Features should come out of a ReLU: where all channels are zero, the direction has no derivative, which only the
 * ReLU behind it turns into the 0 it should be.
 * @param weights per layer, [1, C_i, 1, 1]; channels count alike when left out
 */
export function perceptualDistance(
  features: (image: Tensor) => readonly Tensor[],
  a: Tensor,
  b: Tensor,
  weights?: readonly Tensor[],
): Tensor {
  const fa = features(a)
  const fb = features(b)
  const layers = fa.map((x, i) => {
    const difference = sub(unitChannels(x), unitChannels(fb[i]!))
    const perChannel = mean(mul(difference, difference), [2, 3]) // (B, C)
    const weight = weights?.[i]
    if (!weight) return sum(perChannel, [1])
    return reshape(linear(perChannel, reshape(weight, [1, fixed('lpips', x, 1)])), [x.shape[0]!])
  })
  return layers.reduce((total, layer) => add(total, layer))
}

const EPSILON = 1e-10

/** x / |x| over the channels. The epsilon under the root is too small to matter but keeps the root's derivative finite. */
function unitChannels(x: Tensor): Tensor {
  const length = sqrt(add(sum(mul(x, x), [1], true), EPSILON ** 2))
  return div(x, add(length, EPSILON))
}
