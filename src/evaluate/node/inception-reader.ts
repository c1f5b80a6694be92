// Inception-v3 as a feature reader, with the resizing, scaling and softmax of the protocol whose figures it is for. The
// matrices that resize are inputs of the program, so one program takes images of any size.

import { selectStateDict } from '../../checkpoint/checkpoint.ts'
import { openFile } from '../../checkpoint/node/file-source.ts'
import { type Engine, float32, type HostTensor } from '../../engine/types.ts'
import { type Graph, input, type Tensor } from '../../graph/index.ts'
import { cast, div, mul, sub, transpose } from '../../graph/ops/index.ts'
import { fileSha256 } from '../../jobs/node/manifest.ts'
import { checkTensors } from '../../models/check-tensors.ts'
import { inception, inceptionProbabilities, inceptionShapes, inceptionSize } from '../../models/inception.ts'
import { openWeights, type Weights } from '../../models/weights.ts'
import { readInBatches } from '../read-batches.ts'
import type { FeatureReader } from '../reader.ts'
import { type BilinearGrid, bilinearAxis, resize, turned } from '../resize-bilinear.ts'
import type { ProtocolName } from '../result.ts'

/** The file that figures are published with; its SHA-256 begins with the digits in its name. */
export const fidWeights = {
  name: 'pt_inception-2015-12-05-6726825d.pth',
  bytes: 95_628_359,
  sha256: '6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2',
  page: 'https://github.com/mseitzer/pytorch-fid/releases/tag/fid_weights',
} as const

interface Preprocessing {
  /** As a result prints it. */
  words: string
  grid: BilinearGrid
  /** From bytes [B, 3, H, W] as float32 to what is resized. */
  before(x: Tensor): Tensor
  /** From what was resized to [-1, 1]. */
  after(x: Tensor): Tensor
  /** Whether the classifier adds its bias. */
  bias: boolean
}

const preprocessings: Record<ProtocolName, Preprocessing> = {
  // pytorch_fid/inception.py:InceptionV3.forward, on torchvision's ToTensor
  dd: {
    words: 'x / 255, bilinear to 299 x 299 (half-pixel centres, no antialiasing), 2 x - 1; softmax with bias',
    grid: 'half-pixel',
    before: (x) => div(x, 255),
    after: (x) => sub(mul(x, 2), 1),
    bias: true,
  },
  // The graph of 2015-12-05 itself (ResizeBilinear, Sub, Mul), as guided-diffusion evaluations/evaluator.py feeds it.
  adm: {
    words: "TensorFlow 1's bilinear to 299 x 299 (top-left corners), (x - 128) / 128; softmax without bias",
    grid: 'top-left',
    before: (x) => x,
    after: (x) => mul(sub(x, 128), 1 / 128),
    bias: false,
  },
}

/**
 * Images that run at once. At 1, 8 and 32 of them 256 x 256 one busy Zen 3 core reads 6.3, 6.6 and 6.3 images a second, and
 * every further one costs 16 MB.
 */
const BATCH = 8
/** Large images run in smaller batches. */
const PIXELS = BATCH * 1024 ** 2

/**
 * Opens the weights of Inception-v3 for images of any size. An image's numbers do not depend on what it is read with, but
 * for the order of sums: features and probabilities differ by less than 1e-5 of the largest.
 * @param path weights under pytorch-fid's names, as torch or safetensors file
 * @throws CheckpointError when the file is missing, damaged, or holds another network
 * @example
 * const reader = await inceptionReader(engine, 'pt_inception-2015-12-05-6726825d.pth', 'dd')
 * const { features } = await reader.read({ data: pixels, shape: [8, 256, 256, 3] })
 * await reader.dispose()
 * features.shape // [8, 2048]
 */
export async function inceptionReader(
  engine: Engine,
  path: string,
  protocol: ProtocolName,
  { batch = BATCH } = {},
): Promise<FeatureReader> {
  const checkpoint = await openFile(path)
  try {
    const { tensors } = selectStateDict(checkpoint, ['', 'state_dict'])
    checkTensors(checkpoint.name, tensors, inceptionShapes(), `Expected the weights of ${fidWeights.name}.`)
    const weights = openWeights(checkpoint.name, tensors)
    const program = await engine.load(readerGraph(weights, preprocessings[protocol]))
    const axes = axisCache(preprocessings[protocol].grid)
    return {
      name: 'inception-v3 (FID variant)',
      sha256: await fileSha256(path),
      preprocessing: preprocessings[protocol].words,
      protocol,
      width: 2048,
      offers: ['spatial', 'probabilities'],
      read(images) {
        const [, height, width] = images.shape
        const few = Math.max(1, Math.min(batch, Math.floor(PIXELS / (height * width))))
        const matrices = { rows: axes.rows(height), columns: axes.columns(width) }
        return readInBatches(images, few, ({ data, shape }) =>
          program.run({ images: { dtype: 'uint8', shape, data }, ...matrices }),
        )
      },
      dispose: () => program.dispose(),
      [Symbol.asyncDispose]: () => program.dispose(),
    }
  } finally {
    await checkpoint.close()
  }
}

/** From bytes [B, H, W, 3] and the resizing matrices to the outputs of a Reading. */
function readerGraph(weights: Weights, { before, after, bias }: Preprocessing): Graph {
  const images = input('images', 'uint8', ['batch', 'height', 'width', 3])
  const rows = input('rows', 'float32', [inceptionSize, 'height'])
  const columns = input('columns', 'float32', ['width', inceptionSize])
  const planes = transpose(cast(images, 'float32'), [0, 3, 1, 2]) // (B, 3, H, W)
  const resized = after(resize(before(planes), rows, columns)) // (B, 3, 299, 299)
  const { features, spatial } = inception(weights, resized)
  return { features, spatial, probabilities: inceptionProbabilities(weights, features, { bias }) }
}

/** The matrices of the sizes seen last: evaluation sees one, a folder of photographs many. */
function axisCache(grid: BilinearGrid) {
  const last = <T>(make: (size: number) => T) => {
    let known: { size: number; value: T } | undefined
    return (size: number): T => {
      if (known?.size !== size) known = { size, value: make(size) }
      return known.value
    }
  }
  const axis = (size: number) => bilinearAxis(size, inceptionSize, grid) // (299, size)
  return {
    rows: last((size): HostTensor => float32(axis(size), [inceptionSize, size])),
    columns: last((size): HostTensor => float32(turned(axis(size), inceptionSize), [size, inceptionSize])),
  }
}
