// Reads a review folder: every model's manifest, and for every listed image whether its bytes still match it. Only undamaged
// images are shown; for the others there is a message with the command that makes them again.
import { lstat, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { fileSha256 } from '../../jobs/node/manifest.ts'
import { imagesFolder, type ReviewImage, type ReviewManifest, readManifest, reviewedModels } from './manifest.ts'

export interface ReviewedModel {
  /** The name of its folder, which identifies it. */
  id: string
  manifest: ReviewManifest
}

export interface FolderImage extends ReviewImage {
  /** Path of the file in the review's folder, with forward slashes; verdicts name it. */
  path: string
  model: string
  className: string
  /** SHA-256 of the file as it is now; undefined when it is missing. */
  now: string | undefined
  /** Whether its bytes match the manifest. */
  whole: boolean
}

export interface ReviewFolder {
  folder: string
  models: ReviewedModel[]
  /** By model, class and number. */
  images: FolderImage[]
  /** Messages about missing or damaged files. */
  faults: string[]
}

/**
 * Reads a review folder and checks every image in it.
 * @throws UsageError when the folder holds no review; CheckpointError when a manifest is damaged
 * @example
 * const { images } = await readReview('review')
 */
export async function readReview(folder: string, signal?: AbortSignal): Promise<ReviewFolder> {
  const review: ReviewFolder = { folder, models: [], images: [], faults: [] }
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) throw none(folder, 'there is no such folder')
  for (const id of await reviewedModels(folder)) {
    const manifest = await readManifest(folder, id)
    if (!manifest) {
      review.faults.push(`${imagesFolder}/${id} has no manifest; run \`distilled review run\` again.`)
      continue
    }
    review.models.push({ id, manifest })
    const names = new Map(manifest.classes.map((info) => [info.id, info.name]))
    for (const image of manifest.images) {
      signal?.throwIfAborted()
      const className = names.get(image.class)
      if (className === undefined) throw new CheckpointError(`${id}: its manifest lists an image of no known class.`)
      const path = `${imagesFolder}/${id}/${image.file}`
      const now = await hashOf(join(folder, path), signal)
      const whole = now === image.sha256
      review.images.push({ ...image, path, model: id, className, now, whole })
      if (!whole) review.faults.push(`${path} ${now ? 'is not what its manifest says' : 'is missing'}.`)
    }
  }
  if (!review.models.length) throw none(folder, 'it holds no manifest')
  return review
}

/** Links are not followed: no file outside of the folder is ever shown. */
async function hashOf(path: string, signal?: AbortSignal): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined)
  return found?.isFile() ? fileSha256(path, signal) : undefined
}

const none = (folder: string, why: string) =>
  new UsageError(`${folder} is not a review folder: ${why}.`, {
    remedy: 'Make one with: distilled review run --model NAME',
  })
