// A folder of image files as a set, to any depth, in the order of their paths. Sizes may differ: pytorch-fid resizes each
// image by itself, so only neighbours of one size are read together. Every file is looked at when the folder is opened: what it is
// by its first bytes, how large, and where it says it comes from.

import { createHash } from 'node:crypto'
import { basename, extname, join } from 'node:path'
import { CheckpointError, UsageError } from '../../../core/errors.ts'
import { centerCrop } from '../../../data/crop.ts'
import { isFolder, type ListedEntry, listFiles } from '../../../images/node/list.ts'
import { type ImageFile, type ImageKind, imageEndings, isUnreadImage, openImage } from '../../../images/node/read.ts'
import type { RgbImage } from '../../../images/rgb.ts'
import { fileSha256 } from '../../../jobs/node/manifest.ts'
import type { RgbBatch } from '../../reader.ts'
import { originCounter } from '../../sets/origin.ts'
import { checkSpan, type EvaluationSet, type ImageSource } from '../../sets/set.ts'

/** Files that `distilled sample` writes beside the images. */
const grid = /^grid\.\w+$/
const isImage = (file: string): boolean => imageEndings.includes(extname(file).toLowerCase())
const isRead = (file: string): boolean => isImage(file) && !basename(file).startsWith('.') && !grid.test(basename(file))
/** Manifests and chunks of `distilled sample --labels` and `distilled features`. */
const ofJob = /^(manifest|shard-\d+-of-\d+)\.json$|-\d+\.npz$/
/** Whether a file of that name in a folder of images, samples or features would be read with it. */
export const readsFromFolder = (file: string): boolean => isRead(file) || ofJob.test(basename(file))
/** Files that are decoded at once, and what they may take; a larger image is decoded alone. */
const TOGETHER = 32
const BYTES_TOGETHER = 2 ** 25

export interface FolderSetOptions {
  readonly crop?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The images below `path`.
 * @param options `crop`: each is read and cut to a square of so many pixels as training reads and cuts it (data/node/folder.ts)
 * @throws UsageError when the folder holds no image, or some that would be passed over; CheckpointError when a file has the name of
 * an image and is none, or too many pixels; `read` throws a CheckpointError that names a damaged file
 * @example
 * const { images } = await folderSet('images')
 * const { value } = await images.read(0, 8).next()
 * value.shape // [8, 256, 256, 3]
 */
export async function folderSet(
  path: string,
  { crop, signal }: FolderSetOptions = {},
): Promise<EvaluationSet & { images: ImageSource }> {
  const entries = await listFiles(path)
  await refusePassedOver(path, entries)
  const files = entries.filter(({ name }) => isRead(name)).sort((a, b) => (a.name < b.name ? -1 : 1))
  if (!files.length) {
    throw new UsageError(`${path} holds no image (${imageEndings.join(', ')}).`, {
      remedy: 'Name a folder of images, or an .npz.',
      shellRemedy: 'Name a folder of images, an .npz, or --model NAME to sample and evaluate in one go.',
    })
  }
  const { kinds, origin } = await lookThrough(files, signal)
  return {
    name: path,
    count: files.length,
    origin,
    crop,
    images: {
      count: files.length,
      format: `${kinds.join(' and ')} files`,
      lossy: kinds.some((kind) => kind !== 'PNG'),
      async *read(first, count, signal) {
        checkSpan(path, files.length, first, count)
        let run: RgbImage[] = []
        for await (const image of decoded(files.slice(first, first + count), crop, signal)) {
          const [{ width, height } = image] = run
          if (width !== image.width || height !== image.height) {
            yield asBatch(run)
            run = []
          }
          run.push(image)
          if (run.length * image.data.length < BYTES_TOGETHER) continue
          yield asBatch(run)
          run = []
        }
        if (run.length) yield asBatch(run)
      },
    },
    async sha256(signal) {
      const hash = createHash('sha256')
      if (crop !== undefined) hash.update(`crop ${crop}\n`)
      for (const file of files) hash.update(`${file.name} ${await fileSha256(file.path, signal)}\n`)
      return hash.digest('hex')
    },
    async close() {},
  }
}

/** What the files are by their first bytes, in the order in which they come, and where they say that they come from. */
async function lookThrough(files: readonly ListedEntry[], signal: AbortSignal | undefined) {
  const kinds = new Set<ImageKind>()
  const counter = originCounter()
  for (const { path } of files) {
    signal?.throwIfAborted()
    const image = await openImage(path)
    kinds.add(image.kind)
    counter.add(settingsOf(image))
  }
  return { kinds: [...kinds], origin: counter.origin() }
}

/** Damaged settings count as none, because only the pixels are measured. */
function settingsOf(image: ImageFile) {
  try {
    return image.settings()
  } catch (error) {
    if (error instanceof CheckpointError) return undefined
    throw error
  }
}

/** Images in order, several at once as far as their size allows. */
async function* decoded(
  files: readonly ListedEntry[],
  crop: number | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<RgbImage> {
  const pixels = async (file: ImageFile): Promise<RgbImage> =>
    crop === undefined ? file.decode({ plain: true }) : centerCrop(await file.decode(), crop)
  let group: ImageFile[] = []
  let bytes = 0
  for (const { path } of files) {
    signal?.throwIfAborted()
    const next = await openImage(path)
    if (group.length === TOGETHER || bytes + next.bytes > BYTES_TOGETHER) {
      yield* await Promise.all(group.map(pixels))
      group = []
      bytes = 0
    }
    group.push(next)
    bytes += next.bytes
  }
  yield* await Promise.all(group.map(pixels))
}

/** Otherwise a figure of fewer images than the folder holds would go unnoticed. */
async function refusePassedOver(folder: string, entries: readonly ListedEntry[]): Promise<void> {
  for (const { path, name, kind } of entries) {
    if (isUnreadImage(name)) {
      throw new UsageError(`${join(folder, name)} is an image of a kind that is not read.`, {
        remedy: 'Convert such images to PNG.',
      })
    }
    if (kind !== 'link' || isImage(name)) continue
    if (await isFolder(path)) {
      throw new UsageError(`${join(folder, name)} is a link to a folder, which is not followed.`, {
        remedy: 'Name the folder that it leads to, or copy the images.',
      })
    }
  }
}

/** Images of one size as one array; a single one is not copied. */
function asBatch(run: readonly RgbImage[]): RgbBatch {
  const [{ width, height, data: first }] = run as [RgbImage]
  const data = run.length === 1 ? first : new Uint8Array(run.length * first.length)
  if (run.length > 1) for (const [i, image] of run.entries()) data.set(image.data, i * first.length)
  return { data, shape: [run.length, height, width, 3] }
}
