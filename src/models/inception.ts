// Inception-v3 (Szegedy et al. 2015, arXiv 1512.00567) as Fréchet distances know it: TensorFlow's graph of 2015-12-05 under
// the names that pytorch-fid's port gave its weights. It is not torchvision's network: averages count no padding, and the
// last block pools the maximum. Upstream: pytorch_fid/inception.py:fid_inception_v3, torchvision/models/inception.py.

import { fixed, input, type Tensor } from '../graph/index.ts'
import {
  averagePool3x3,
  batchNorm,
  concat,
  conv2d,
  linear,
  maxPool2d,
  mean,
  relu,
  reshape,
  slice,
  softmax,
  transpose,
} from '../graph/ops/index.ts'
import type { Weights } from './weights.ts'

/** Height and width of its input. */
export const inceptionSize = 299
/** Features per image, and classes: ImageNet's 1000 behind the graph's own first ones. */
const width = 2048
const classes = 1008
/** How many of a branch's 192 channels sFID looks at. */
const spatialChannels = 7

/**
 * Convolution to `channels`, batch norm and ReLU, with zeros around x so that its size stays. ONNX Runtime folds the norm
 * into the convolution's weights when it opens the graph.
 */
type Unit = (name: string, x: Tensor, channels: number, kernel: `${number}x${number}`, options?: UnitOptions) => Tensor
interface UnitOptions {
  stride?: number
  /** No zeros around x. */
  valid?: boolean
}

const inside =
  (unit: Unit, block: string): Unit =>
  (name, ...rest) =>
    unit(`${block}.${name}`, ...rest)
const half: UnitOptions = { stride: 2, valid: true }

function blockA(unit: Unit, x: Tensor, pooled: number): Tensor {
  const one = unit('branch1x1', x, 64, '1x1')
  const five = unit('branch5x5_2', unit('branch5x5_1', x, 48, '1x1'), 64, '5x5')
  const three = unit('branch3x3dbl_2', unit('branch3x3dbl_1', x, 64, '1x1'), 96, '3x3')
  const double = unit('branch3x3dbl_3', three, 96, '3x3')
  return concat([one, five, double, unit('branch_pool', averagePool3x3(x), pooled, '1x1')], 1)
}

function blockB(unit: Unit, x: Tensor): Tensor {
  const three = unit('branch3x3dbl_2', unit('branch3x3dbl_1', x, 64, '1x1'), 96, '3x3')
  const double = unit('branch3x3dbl_3', three, 96, '3x3', half)
  return concat([unit('branch3x3', x, 384, '3x3', half), double, maxPool2d(x, 3, 2)], 1)
}

/** @returns the block's output and, of its branches, the 1x1 one */
function blockC(unit: Unit, x: Tensor, c: number): { out: Tensor; one: Tensor } {
  const one = unit('branch1x1', x, 192, '1x1')
  let seven = unit('branch7x7_1', x, c, '1x1')
  seven = unit('branch7x7_2', seven, c, '1x7')
  seven = unit('branch7x7_3', seven, 192, '7x1')
  let double = unit('branch7x7dbl_1', x, c, '1x1')
  double = unit('branch7x7dbl_2', double, c, '7x1')
  double = unit('branch7x7dbl_3', double, c, '1x7')
  double = unit('branch7x7dbl_4', double, c, '7x1')
  double = unit('branch7x7dbl_5', double, 192, '1x7')
  const pool = unit('branch_pool', averagePool3x3(x), 192, '1x1')
  return { out: concat([one, seven, double, pool], 1), one }
}

function blockD(unit: Unit, x: Tensor): Tensor {
  const three = unit('branch3x3_2', unit('branch3x3_1', x, 192, '1x1'), 320, '3x3', half)
  let seven = unit('branch7x7x3_1', x, 192, '1x1')
  seven = unit('branch7x7x3_2', seven, 192, '1x7')
  seven = unit('branch7x7x3_3', seven, 192, '7x1')
  seven = unit('branch7x7x3_4', seven, 192, '3x3', half)
  return concat([three, seven, maxPool2d(x, 3, 2)], 1)
}

function blockE(unit: Unit, x: Tensor, pool: (x: Tensor) => Tensor): Tensor {
  const one = unit('branch1x1', x, 320, '1x1')
  const three = unit('branch3x3_1', x, 384, '1x1')
  const double = unit('branch3x3dbl_2', unit('branch3x3dbl_1', x, 448, '1x1'), 384, '3x3')
  const branches = [
    one,
    unit('branch3x3_2a', three, 384, '1x3'),
    unit('branch3x3_2b', three, 384, '3x1'),
    unit('branch3x3dbl_3a', double, 384, '1x3'),
    unit('branch3x3dbl_3b', double, 384, '3x1'),
    unit('branch_pool', pool(x), 192, '1x1'),
  ]
  return concat(branches, 1)
}

function network(unit: Unit, images: Tensor) {
  let x = unit('Conv2d_1a_3x3', images, 32, '3x3', half) // (B, 32, 149, 149)
  x = unit('Conv2d_2a_3x3', x, 32, '3x3', { valid: true }) // (B, 32, 147, 147)
  x = unit('Conv2d_2b_3x3', x, 64, '3x3') // (B, 64, 147, 147)
  const maxPool1 = maxPool2d(x, 3, 2) // (B, 64, 73, 73)
  x = unit('Conv2d_3b_1x1', maxPool1, 80, '1x1') // (B, 80, 73, 73)
  x = unit('Conv2d_4a_3x3', x, 192, '3x3', { valid: true }) // (B, 192, 71, 71)
  const maxPool2 = maxPool2d(x, 3, 2) // (B, 192, 35, 35)
  x = blockA(inside(unit, 'Mixed_5b'), maxPool2, 32) // (B, 256, 35, 35)
  x = blockA(inside(unit, 'Mixed_5c'), x, 64) // (B, 288, 35, 35)
  x = blockA(inside(unit, 'Mixed_5d'), x, 64) // (B, 288, 35, 35)
  x = blockB(inside(unit, 'Mixed_6a'), x) // (B, 768, 17, 17)
  x = blockC(inside(unit, 'Mixed_6b'), x, 128).out // (B, 768, 17, 17)
  x = blockC(inside(unit, 'Mixed_6c'), x, 160).out // (B, 768, 17, 17)
  const mixed6d = blockC(inside(unit, 'Mixed_6d'), x, 160) // (B, 768, 17, 17) and (B, 192, 17, 17)
  const mixed6e = blockC(inside(unit, 'Mixed_6e'), mixed6d.out, 192).out // (B, 768, 17, 17)
  x = blockD(inside(unit, 'Mixed_7a'), mixed6e) // (B, 1280, 8, 8)
  x = blockE(inside(unit, 'Mixed_7b'), x, averagePool3x3) // (B, 2048, 8, 8)
  const mixed7c = blockE(inside(unit, 'Mixed_7c'), x, (t) => maxPool2d(t, 3, 1, 1)) // (B, 2048, 8, 8)
  return { maxPool1, maxPool2, mixed6dBranch1x1: mixed6d.one, mixed6e, mixed7c }
}

/** The tensor of a name, which has to have this shape. */
type Get = (name: string, shape: number[]) => Tensor

function unitOf(get: Get): Unit {
  return (name, x, channels, kernel, { stride = 1, valid = false } = {}) => {
    const [height, width] = kernel.split('x').map(Number) as [number, number]
    const [v, h] = valid ? [0, 0] : [(height - 1) / 2, (width - 1) / 2]
    const weight = get(`${name}.conv.weight`, [channels, fixed('inception', x, 1), height, width])
    const y = conv2d(x, weight, undefined, { stride, padding: [v, h, v, h] })
    const norm = (part: string) => get(`${name}.bn.${part}`, [channels])
    const statistics = { mean: norm('running_mean'), variance: norm('running_var') }
    return relu(batchNorm(y, { weight: norm('weight'), bias: norm('bias'), ...statistics }, 1e-3))
  }
}

/** Names and shapes of what is read of the weights' file. */
export function inceptionShapes(): Map<string, number[]> {
  const shapes = new Map([
    ['fc.weight', [classes, width]],
    ['fc.bias', [classes]],
  ])
  const note = (name: string, shape: number[]) => {
    shapes.set(name, shape)
    return input(name, 'float32', shape)
  }
  network(unitOf(note), input('images', 'float32', ['batch', 3, inceptionSize, inceptionSize]))
  return shapes
}

/**
 * Activations of images [B, 3, 299, 299] in [-1, 1]: `features` [B, 2048], the last block's means (TensorFlow's pool_3);
 * `spatial` [B, 17 * 17 * 7], the first channels of mixed_6/conv, channels last (guided-diffusion
 * evaluations/evaluator.py:_create_feature_graph); and maps on the way [B, C, H, W].
 */
export function inception(w: Weights, images: Tensor) {
  const maps = network(
    unitOf((name) => w.get(name)),
    images,
  )
  const places = transpose(slice(maps.mixed6dBranch1x1, 1, 0, spatialChannels), [0, 2, 3, 1]) // (B, 17, 17, 7)
  const spatial = reshape(places, [images.shape[0]!, 17 * 17 * spatialChannels])
  return { ...maps, features: mean(maps.mixed7c, [2, 3]), spatial }
}

/**
 * Class probabilities [B, 1008] of features [B, 2048]. ADM's evaluator multiplies by the weights and leaves the bias out
 * (evaluations/evaluator.py:_create_softmax_graph); the Inception Score of others keeps it.
 */
export function inceptionProbabilities(w: Weights, features: Tensor, { bias }: { bias: boolean }): Tensor {
  return softmax(linear(features, w.get('fc.weight'), bias ? w.get('fc.bias') : undefined))
}
