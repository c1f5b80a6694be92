// A folder of image files as a set, to any depth, in the order of their paths. Sizes may differ: pytorch-fid resizes each
// image by itself, so only neighbours of one size are read together.

import { createHash } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join, relative, sep } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import { readImage, readSettings } from '../../images/read.ts'
import type { RgbImage } from '../../images/rgb.ts'
import { fileSha256 } from '../../jobs/manifest.ts'
import type { RgbBatch } from '../reader.ts'
import { checkSpan, type EvaluationSet, type ImageSource, type Origin, unknownOrigin } from './set.ts'

const lossless = ['.png']
const lossy = ['.jpg', '.jpeg', '.webp']
const isImage = (file: string): boolean => [...lossless, ...lossy].includes(extname(file).toLowerCase())
/** What `distilled sample` lays beside the images it is made of. */
const grid = /^grid\.\w+$/
const isRead = (file: string): boolean => isImage(file) && !basename(file).startsWith('.') && !grid.test(basename(file))
/** Manifests and chunks of `distilled sample --labels` and `distilled features`. */
const ofJob = /^(manifest|shard-\d+-of-\d+)\.json$|-\d+\.npz$/
/** Whether a file of that name in a folder of images, samples or features would be read with it. */
export const readsFromFolder = (file: string): boolean => isRead(file) || ofJob.test(basename(file))
/** What pytorch-fid would count, too. */
const others = /\.(bmp|pgm|ppm|tiff?)$/i
/** Files that are decoded at once. */
const TOGETHER = 32

/**
 * The images below `path`.
 * @throws UsageError when the folder holds no image, or some that would be passed over; `read` throws a CheckpointError that names a damaged file
 * @example
 * const { images } = await folderSet('images')
 * const [{ shape }] = await images.read(0, 8)
 * shape // [8, 256, 256, 3]
 */
export async function folderSet(path: string): Promise<EvaluationSet & { images: ImageSource }> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  await refusePassedOver(entries)
  const files = entries
    .filter((entry) => !entry.isDirectory() && isRead(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  if (!files.length) {
    throw new UsageError(`${path} holds no image (${[...lossless, ...lossy].join(', ')}).`, {
      remedy: 'Name a folder of images, an .npz, or --model NAME to sample and evaluate in one go.',
    })
  }
  const kinds = [...new Set(files.map((file) => extname(file).slice(1).toUpperCase()))]
  return {
    name: path,
    count: files.length,
    origin: await originOf(files[0]!),
    images: {
      count: files.length,
      format: `${kinds.join(' and ')} files`,
      lossy: files.some((file) => lossy.includes(extname(file).toLowerCase())),
      async read(first, count, signal) {
        checkSpan(path, files.length, first, count)
        const images: RgbImage[] = []
        for (let at = first; at < first + count; at += TOGETHER) {
          signal?.throwIfAborted()
          const some = files.slice(at, Math.min(at + TOGETHER, first + count))
          images.push(...(await Promise.all(some.map((file) => readImage(file, { plain: true })))))
        }
        return runsOfOneSize(images)
      },
    },
    async sha256(signal) {
      const hash = createHash('sha256')
      for (const file of files) {
        const name = relative(path, file).split(sep).join('/')
        hash.update(`${name} ${await fileSha256(file, signal)}\n`)
      }
      return hash.digest('hex')
    },
    async close() {},
  }
}

/** A figure of fewer images than lie there would look like any other. */
async function refusePassedOver(entries: readonly Dirent[]): Promise<void> {
  for (const entry of entries) {
    const file = join(entry.parentPath, entry.name)
    if (others.test(entry.name) && !entry.isDirectory()) {
      throw new UsageError(`${file} is an image of a kind that is not read.`, { remedy: 'Convert such images to PNG.' })
    }
    if (!entry.isSymbolicLink() || isImage(file)) continue
    if ((await stat(file).catch(() => undefined))?.isDirectory()) {
      throw new UsageError(`${file} is a link to a folder, which is not followed.`, {
        remedy: 'Name the folder that it leads to, or copy the images.',
      })
    }
  }
}

function runsOfOneSize(images: readonly RgbImage[]): RgbBatch[] {
  const runs: RgbImage[][] = []
  for (const image of images) {
    const run = runs.at(-1)
    const { width, height } = run?.[0] ?? {}
    if (run && width === image.width && height === image.height) run.push(image)
    else runs.push([image])
  }
  return runs.map((run) => {
    const { width, height } = run[0]!
    const data = new Uint8Array(run.length * 3 * width * height)
    for (const [i, image] of run.entries()) data.set(image.data, i * image.data.length)
    return { data, shape: [run.length, height, width, 3] }
  })
}

/** What the first image says of itself, when it is one of ours. */
async function originOf(file: string): Promise<Origin> {
  const settings = await readSettings(file).catch(() => undefined)
  if (!settings) return unknownOrigin
  const { model, seed, rng, plan, dtype, ema } = settings
  return {
    labels: 'as the files say (not a labelled protocol)',
    sampling: flat({ model, seed, rng, dtype, ema, plan }),
    rounding: 'floor(clamp(255 x + 0.5, 0, 255))',
  }
}

/** Nested settings as one list: { plan: { kind } } becomes { 'plan.kind': ... }; lists become text. */
export function flat(value: Readonly<Record<string, unknown>>, prefix = ''): Origin['sampling'] {
  const rows = Object.entries(value).flatMap(([key, entry]): [string, string | number | boolean | null][] => {
    const name = `${prefix}${key}`
    if (entry === undefined) return []
    if (Array.isArray(entry)) return [[name, entry.join(',')]]
    if (typeof entry === 'object' && entry !== null)
      return Object.entries(flat(entry as Record<string, unknown>, `${name}.`))
    return [[name, entry as string | number | boolean | null]]
  })
  return Object.fromEntries(rows)
}
