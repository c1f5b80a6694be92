// Any network as a feature reader: an ONNX file with one input of images float32 [N, 3, H, W] in [0, 1] and an output
// `features`, or else its first; outputs `spatial` and `probabilities` are used where it has them. Further preprocessing
// (resizing, means and deviations) must be part of the graph, so that one file determines the figures.

import { basename, dirname, join } from 'node:path'
import { CheckpointError, EngineError, UsageError } from '../../core/errors.ts'
import {
  type Engine,
  type FileProgram,
  float32,
  type HostTensor,
  hostData,
  type TensorSpec,
} from '../../engine/types.ts'
import { readWhole } from '../../files/read.ts'
import { externalFiles } from '../../graph/external-files.ts'
import { fileSha256, sha256 } from '../../jobs/node/manifest.ts'
import { readInBatches } from '../read-batches.ts'
import type { FeatureReader, RgbBatch } from '../reader.ts'

/** Images that run at once, where the file leaves it open. */
const BATCH = 8

/** Images to ask a network with that does not declare how many features it gives: a multiple of every usual patch. */
const PROBE = 224

const extras = ['spatial', 'probabilities'] as const

/**
 * Opens an ONNX file. Its weights may lie in files beside it.
 * @throws CheckpointError when ONNX Runtime cannot open it, or its inputs and outputs are not those of a reader
 * @example
 * const reader = await onnxReader(engine, 'dinov2.onnx')
 * const { features } = await reader.read({ data: pixels, shape: [8, 256, 256, 3] })
 * await reader.dispose()
 * features.shape // [8, 384]
 */
export async function onnxReader(engine: Engine, path: string): Promise<FeatureReader> {
  const file = basename(path)
  const program = await engine.loadFile(path, { prepack: true }).catch((cause) => {
    if (!(cause instanceof EngineError)) throw cause
    throw new CheckpointError(`${file}: ONNX Runtime cannot open it. ${cause.message}`, { cause })
  })
  try {
    const { image, features, offers } = roles(file, program)
    const [declared] = image.shape
    const names = { features: features.name, ...Object.fromEntries(offers.map((name) => [name, name])) }
    const few = (images: RgbBatch) => run(file, program, images, names)
    return {
      name: file,
      sha256: await hashOf(path),
      preprocessing: 'x / 255; the rest is in the file',
      width: declaredWidth(features) ?? (await probedWidth(image, few)),
      offers,
      async read(images) {
        checkSize(file, image, images)
        return readInBatches(images, typeof declared === 'number' ? declared : BATCH, few)
      },
      dispose: () => program.dispose(),
      [Symbol.asyncDispose]: () => program.dispose(),
    }
  } catch (error) {
    await program.dispose()
    throw error
  }
}

/** Of the file; where weights lie beside it, of the names and hashes of all. */
async function hashOf(path: string): Promise<string> {
  const own = await fileSha256(path)
  const others = externalFiles(await readWhole(path, 2 ** 31))
  if (!others.length) return own
  const lines = await Promise.all(others.map(async (name) => `${name} ${await fileSha256(join(dirname(path), name))}`))
  return sha256(new TextEncoder().encode([own, ...lines].join('\n')))
}

/** Which input takes the images and which outputs tell what. */
function roles(file: string, { inputSpecs, outputSpecs }: FileProgram) {
  const [image, ...others] = inputSpecs
  const isImage = image?.dtype === 'float32' && image.shape.length === 4 && fits(image.shape[1]!, 3)
  if (!image || others.length || !isImage)
    throw new CheckpointError(`${file} takes ${inputSpecs.map(show).join(', ') || 'nothing'}.`, {
      remedy: 'Expected one input of images, float32 [N, 3, H, W].',
    })
  const features = outputSpecs.find(({ name }) => name === 'features') ?? outputSpecs[0]!
  const offers = extras.filter((name) => name !== features.name && outputSpecs.some((spec) => spec.name === name))
  for (const spec of outputSpecs.filter(({ name }) => name === features.name || offers.some((extra) => extra === name)))
    if (spec.dtype !== 'float32' || spec.shape.length < 2)
      throw new CheckpointError(`${file} gives ${show(spec)}; expected float32 [N, D].`, {
        remedy: 'Cast it to float32 in the file, with a row for every image.',
      })
  return { image, features, offers }
}

const fits = (declared: number | string, size: number) => typeof declared === 'string' || declared === size
const show = ({ name, dtype, shape }: TensorSpec) => `"${name}" ${dtype} [${shape.join(', ')}]`

function checkSize(file: string, { shape }: TensorSpec, { shape: [, height, width] }: RgbBatch): void {
  if (fits(shape[2]!, height) && fits(shape[3]!, width)) return
  throw new UsageError(`${file} reads images of ${shape[3]} x ${shape[2]}; these are ${width} x ${height}.`, {
    remedy: 'Export it with open height and width, its resizing in the graph.',
  })
}

/** Runs up to as many images as the file takes at once; a number that the file fixes is filled up with black images. */
async function run(file: string, program: FileProgram, images: RgbBatch, names: Readonly<Record<string, string>>) {
  const [count, height, width] = images.shape
  const { name, shape } = program.inputSpecs[0]!
  const rows = typeof shape[0] === 'number' ? shape[0] : count
  const planes = unitPlanes(images, rows)
  const out = await program.run({ [name]: float32(planes, [rows, 3, height, width]) })
  const ours = Object.entries(names).map(([role, output]): [string, HostTensor] => {
    const value = out[output]!
    if (value.shape[0] !== rows)
      throw new CheckpointError(
        `${file}: output "${output}" has shape [${value.shape.join(', ')}] for ${rows} images.`,
        {
          remedy: 'Expected a row for every image.',
        },
      )
    const data = hostData(value)
    const columns = data.length / rows
    return [role, float32(data.subarray(0, count * columns), [count, columns])]
  })
  return Object.fromEntries(ours)
}

/** Bytes [n, H, W, 3] as planes [rows, 3, H, W] in [0, 1]. */
function unitPlanes({ data, shape: [, height, width] }: RgbBatch, rows: number): Float32Array {
  const area = height * width
  const planes = new Float32Array(rows * 3 * area)
  for (let pixel = 0, at = 0; at < data.length; pixel++) {
    const first = Math.floor(pixel / area) * 3 * area + (pixel % area)
    for (let c = 0; c < 3; c++) planes[first + c * area] = data[at++]! / 255
  }
  return planes
}

function declaredWidth({ shape }: TensorSpec): number | undefined {
  const inner = shape.slice(1)
  return inner.every((d) => typeof d === 'number') ? inner.reduce((n, d) => n * d, 1) : undefined
}

/** How many features one black image has. */
async function probedWidth(
  { shape }: TensorSpec,
  few: (images: RgbBatch) => Promise<Record<string, HostTensor>>,
): Promise<number> {
  const [height, width] = shape.slice(2).map((d) => (typeof d === 'number' ? d : PROBE)) as [number, number]
  const { features } = await few({ data: new Uint8Array(3 * height * width), shape: [1, height, width, 3] })
  return features!.shape[1]!
}
