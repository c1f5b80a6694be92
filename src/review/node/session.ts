// An open review: the folder as it was read, the journal, and the requests that the page may make. A verdict is only accepted
// for the bytes that the reviewer saw; the file is hashed again at that moment.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { sha256 as hash } from '../../jobs/node/manifest.ts'
import { lastOf, type ReviewAction, type ReviewEvent, type Standing, standings } from '../events.ts'
import type { WireImage, WireModel, WireOutcome, WireReview } from '../wire.ts'
import type { FolderImage, ReviewFolder } from './folder.ts'
import type { Journal } from './journal.ts'
import { hashesOf } from './report.ts'

/** An action that is refused; the page shows the message to the reviewer. */
export class Conflict extends Error {}

export interface ReviewSession {
  review(): Promise<WireReview>
  act(action: ReviewAction): Promise<WireOutcome>
  /** The bytes of the image with this hash; undefined when there is none. */
  image(sha256: string): Promise<Uint8Array | undefined>
}

/**
 * Opens a review for work.
 * @param now the clock, for tests
 */
export function openReviewSession(
  review: ReviewFolder,
  journal: Journal,
  now: () => Date = () => new Date(),
): ReviewSession {
  const shown = review.images.filter((image) => image.whole)
  const byPath = new Map(shown.map((image) => [image.path, image]))
  const byHash = new Map(shown.map((image) => [image.sha256, image]))
  const hashes = hashesOf(review)
  const synonyms = new Map(
    review.models.flatMap(({ id, manifest }) => manifest.classes.map((info) => [`${id} ${info.id}`, info.synonyms])),
  )
  const wire = (image: FolderImage, standing: Standing | undefined): WireImage => {
    const { path, sha256, model, class: label, className, n, index } = image
    const known = { path, sha256, model, class: label, className, n, index }
    return { ...known, synonyms: synonyms.get(`${model} ${label}`) ?? [], ...standingOnWire(standing) }
  }
  const bytesOf = async ({ path, sha256 }: FolderImage) => {
    const bytes = await readFile(join(review.folder, path)).catch(() => undefined)
    return bytes && hash(bytes) === sha256 ? bytes : undefined
  }
  const outcome = (event: ReviewEvent | undefined, path: string | undefined): WireImage | null => {
    const image = path === undefined ? undefined : byPath.get(path)
    return event && image ? wire(image, standings(journal.events, hashes).get(image.path)) : null
  }
  return {
    async review() {
      await journal.refresh()
      const standing = standings(journal.events, hashes)
      return {
        folder: basename(resolve(review.folder)),
        models: review.models.map(modelOnWire),
        images: shown.map((image) => wire(image, standing.get(image.path))),
        faults: [...review.faults, ...journal.faults],
      }
    },
    async act(action) {
      const stamp = { id: randomUUID(), time: now().toISOString() }
      if (action.type === 'undo') {
        let target: ReturnType<typeof lastOf>
        const event = await journal.append((events) => {
          target = lastOf(events, action.reviewer)
          return target && { ...stamp, ...action, undoes: target.id }
        })
        return { image: outcome(event, target?.image), ...(target && { undone: target.type }) }
      }
      const image = byPath.get(action.image)
      if (!image) throw new Conflict('There is no such image in this review.')
      if (action.sha256 !== image.sha256 || !(await bytesOf(image))) {
        throw new Conflict('The image changed on the disk since it was shown. Start `distilled review open` again.')
      }
      const event = await journal.append(() => ({ ...stamp, ...action }))
      return { image: outcome(event, image.path) }
    },
    async image(sha256) {
      const image = byHash.get(sha256)
      return image && bytesOf(image)
    },
  }
}

function standingOnWire({ verdict, note, changed }: Standing = {}): Pick<WireImage, 'verdict' | 'note' | 'changed'> {
  return {
    ...(verdict && { verdict: { verdict: verdict.verdict, reviewer: verdict.reviewer, time: verdict.time } }),
    ...(note && { note: { text: note.text, reviewer: note.reviewer } }),
    ...(changed && { changed }),
  }
}

function modelOnWire({ id, manifest }: ReviewFolder['models'][number]): WireModel {
  const { sampler, settings, checkpoints } = manifest
  return {
    id,
    sampler,
    settings: Object.entries(settings).map(([name, value]) => `${name} ${String(value)}`),
    checkpoints: checkpoints.map(({ role, file, sha256 }) => `${role} ${file}, SHA-256 ${sha256.slice(0, 12)}`),
  }
}
