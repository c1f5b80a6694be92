// Arrays as sets: an .npz with images (`arr_0` uint8 [N, H, W, 3], the form of guided diffusion's evaluator), with features of
// any extractor (`features` [N, D], optionally `spatial` and `probs`), or with statistics (`mu`, `sigma`, perhaps `mu_s` and
// `sigma_s`); a .pth with `m` and `s`, the form in which Distilled Decoding publishes its reference.

import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import { fileSource, openFile } from '../../../checkpoint/node/file-source.ts'
import { checkNpzArray } from '../../../checkpoint/npz.ts'
import type { Checkpoint, TensorRef } from '../../../checkpoint/types.ts'
import { toFloat32, toFloat64 } from '../../../core/dtype.ts'
import { CheckpointError } from '../../../core/errors.ts'
import { fileSha256 } from '../../../jobs/node/manifest.ts'
import type { Features } from '../../features.ts'
import type { Gaussian } from '../../moments.ts'
import { readNote } from '../../sets/note.ts'
import {
  checkSpan,
  type EvaluationSet,
  type FeatureMatrices,
  type ImageSource,
  type Statistics,
  unknownOrigin,
} from '../../sets/set.ts'

/**
 * The set in an .npz or .pth file; images are read as they are asked for.
 * @throws CheckpointError when the file holds none of the forms above, or arrays whose shapes contradict each other
 * @example
 * const set = await arraySet('VIRTUAL_imagenet256_labeled.npz')
 * const { count, images, statistics } = set // its images, and the statistics of the whole training set
 * await set.close()
 * count // 10000
 */
export async function arraySet(path: string): Promise<EvaluationSet> {
  const checkpoint = await openFile(path)
  let source: Awaited<ReturnType<typeof imagesOf>> | undefined
  try {
    const arrays = checkpoint.tensors()
    const tensor = (...names: string[]) => names.map((name) => arrays.get(name)).find((found) => found !== undefined)
    const images = tensor('arr_0')
    const features = tensor('features')
    const mean = tensor('mu', 'm')
    const covariance = tensor('sigma', 's')
    const meanS = tensor('mu_s')
    const covarianceS = tensor('sigma_s')
    if (!images && !features && !(mean && covariance)) {
      const names = [...arrays.keys()].slice(0, 8).join(', ')
      const held = names ? `arrays of other names: ${names}` : 'no arrays'
      const notRead = checkpoint.notRead.length ? ` (not read: ${checkpoint.notRead.slice(0, 8).join(', ')})` : ''
      throw new CheckpointError(`${path} holds ${held}${notRead}.`, {
        remedy:
          'Expected images named "arr_0", features named "features", or statistics named "mu" and "sigma" ("m" and "s" in a .pth).',
      })
    }
    source = images && (await imagesOf(path, images, tensor('arr_1')))
    const matrices = features && (await matricesOf(path, features, tensor('spatial'), tensor('probs', 'probabilities')))
    const statistics = mean && covariance && (await statisticsOf(path, mean, covariance, meanS, covarianceS))
    const note = await readNote(path, arrays.get('distilled'))
    return {
      name: path,
      count: source?.count ?? matrices?.features.shape[0] ?? note?.count,
      ...(source && { images: source }),
      ...(matrices && { matrices }),
      ...(statistics && { statistics }),
      extractor: note?.extractor,
      crop: note?.crop,
      origin: note?.origin ?? unknownOrigin,
      sha256: (signal) => fileSha256(path, signal),
      close: () => closeAll(checkpoint, source),
    }
  } catch (error) {
    await closeAll(checkpoint, source)
    throw error
  }
}

async function closeAll(checkpoint: Checkpoint, source: { close(): Promise<void> } | undefined): Promise<void> {
  await source?.close()
  await checkpoint.close()
}

async function imagesOf(
  path: string,
  pixels: TensorRef,
  labels: TensorRef | undefined,
): Promise<ImageSource & { close(): Promise<void> }> {
  const { dtype, shape, location } = pixels
  const [count, height, width, channels] = shape
  if (dtype !== 'uint8' || shape.length !== 4 || channels !== 3 || !count || !height || !width) {
    throw new CheckpointError(`${path}: arr_0 is ${dtype} [${shape.join(', ')}], expected uint8 [N, H, W, 3].`)
  }
  const size = height * width * 3
  const wanted = labels?.shape.length === 1 && labels.shape[0] === count ? await labels.read() : undefined
  if (location && extname(path).toLowerCase() === '.npz') await checkImages(path)
  const handle = location && (await open(location.path))
  const whole = location ? undefined : await pixels.read() // deflated: there is no reading from the middle
  return {
    count,
    format: 'npz',
    lossy: false,
    ...(wanted && { labels: toFloat32(wanted, labels!.dtype) }),
    async *read(first, n, signal) {
      signal?.throwIfAborted()
      checkSpan(path, count, first, n)
      const shape = [n, height, width, 3] as const
      if (whole) {
        yield { data: whole.subarray(first * size, (first + n) * size), shape }
        return
      }
      const data = new Uint8Array(n * size)
      const { bytesRead } = await handle!.read(data, 0, data.length, location!.offset + first * size)
      if (bytesRead < data.length) throw new CheckpointError(`${path} ended while it was read.`)
      yield { data, shape }
    },
    close: async () => handle?.close(),
  }
}

/** Images are read in pieces from where they lie, so they are held against their checksum before. */
async function checkImages(path: string): Promise<void> {
  const source = await fileSource(path)
  try {
    await checkNpzArray(source, 'arr_0')
  } finally {
    await source.close()
  }
}

/** Inception has 2048 features, VGG 4096. A covariance has the square of it in numbers. */
const maxFeatureWidth = 4096

/** @throws CheckpointError before anything is read, or made of the width */
function checkWidth(path: string, { name, shape }: TensorRef): void {
  const width = shape.at(-1) ?? 0
  if (width >= 1 && width <= maxFeatureWidth) return
  throw new CheckpointError(
    `${path}: "${name}" is [${shape.join(', ')}], expected features of width 1 to ${maxFeatureWidth}.`,
  )
}

async function matricesOf(
  path: string,
  features: TensorRef,
  spatial: TensorRef | undefined,
  probabilities: TensorRef | undefined,
): Promise<FeatureMatrices> {
  const matrix = async (tensor: TensorRef): Promise<Features> => {
    if (tensor.shape.length !== 2 || tensor.shape[0] !== features.shape[0]) {
      const expected = tensor === features ? '[N, D]' : `[${features.shape[0]}, D]`
      throw new CheckpointError(`${path}: "${tensor.name}" is [${tensor.shape.join(', ')}], expected ${expected}.`)
    }
    if (tensor !== probabilities) checkWidth(path, tensor)
    const bytes = await tensor.read()
    const data = tensor.dtype === 'float64' ? toFloat64(bytes, tensor.dtype) : toFloat32(bytes, tensor.dtype)
    return { data, shape: tensor.shape as [number, number] }
  }
  return {
    features: await matrix(features),
    ...(spatial && { spatial: await matrix(spatial) }),
    ...(probabilities && { probabilities: await matrix(probabilities) }),
  }
}

async function statisticsOf(
  path: string,
  mean: TensorRef,
  covariance: TensorRef,
  spatialMean: TensorRef | undefined,
  spatialCovariance: TensorRef | undefined,
): Promise<Statistics> {
  const gaussian = async (mu: TensorRef, sigma: TensorRef): Promise<Gaussian> => {
    const width = mu.shape[0]!
    if (mu.shape.length !== 1 || sigma.shape.join() !== [width, width].join()) {
      throw new CheckpointError(
        `${path}: "${mu.name}" is [${mu.shape.join(', ')}] and "${sigma.name}" [${sigma.shape.join(', ')}], expected [D] and [D, D].`,
      )
    }
    checkWidth(path, mu)
    return { mean: toFloat64(await mu.read(), mu.dtype), covariance: toFloat64(await sigma.read(), sigma.dtype) }
  }
  return {
    features: await gaussian(mean, covariance),
    ...(spatialMean && spatialCovariance && { spatial: await gaussian(spatialMean, spatialCovariance) }),
  }
}
