// The table of a review: images, reviewed, flagged and the share of flagged ones, for every model and class and in total.
// A verdict counts for the bytes it was given on; the report is a pure function of the folder and its journal.
import type { NoteEvent, ReviewEvent, Standing, VerdictEvent } from '../events.ts'
import { standings } from '../events.ts'
import type { FolderImage, ReviewFolder } from './folder.ts'
import type { ReviewCheckpoint } from './manifest.ts'

/** Counts of some images. */
export interface Tally {
  images: number
  reviewed: number
  accepted: number
  flagged: number
  /** Flagged of reviewed, 0 to 1; null before anything is reviewed. */
  defectRate: number | null
  reviewers: string[]
  /** ISO times of the first and the last verdict that counts. */
  first: string | null
  last: string | null
}

export interface ClassRow extends Tally {
  id: number
  name: string
  sensitive: boolean
}

export interface ModelReport {
  /** Its folder under images/. */
  id: string
  model: string
  sampler: string
  checkpoints: ReviewCheckpoint[]
  settings: Readonly<Record<string, unknown>>
  classes: ClassRow[]
  total: Tally
}

/** A flagged image, or one with a note. */
export interface Finding {
  image: string
  model: string
  class: number
  className: string
  verdict: 'accepted' | 'flagged' | 'open'
  note: string | null
  reviewer: string
}

export interface ReviewReport {
  kind: 'distilled-review-report'
  total: Tally
  models: ModelReport[]
  findings: Finding[]
  /** Images whose verdict does not count, because it was given on other bytes. */
  changed: string[]
  /** Missing and damaged images, and journal lines that do not count. */
  faults: string[]
}

/**
 * Adds up a review.
 * @param events of its journal
 * @param faults of its journal
 * @example
 * const { events, faults } = await readJournal('review')
 * const report = makeReport(await readReview('review'), events, faults)
 */
export function makeReport(
  review: ReviewFolder,
  events: readonly ReviewEvent[],
  faults: readonly string[],
): ReviewReport {
  const standing = standings(events, hashesOf(review))
  const of = (image: FolderImage): Standing => standing.get(image.path) ?? {}
  const known = new Set(review.images.map((image) => image.path))
  const changed = [...standing].flatMap(([path, { changed }]) => (changed ? [path] : []))
  return {
    kind: 'distilled-review-report',
    total: tally(review.images.map(of)),
    models: review.models.map(({ id, manifest }) => {
      const own = review.images.filter((image) => image.model === id)
      const { model, sampler, checkpoints, settings } = manifest
      const classes = manifest.classes.map(({ id: label, name, sensitive }) => ({
        id: label,
        name,
        sensitive,
        ...tally(own.filter((image) => image.class === label).map(of)),
      }))
      return { id, model, sampler, checkpoints, settings, classes, total: tally(own.map(of)) }
    }),
    findings: review.images.flatMap((image) => finding(image, of(image))),
    changed: changed.map((path) => (known.has(path) ? path : `${path} (no longer listed)`)).sort(),
    faults: [...review.faults, ...faults],
  }
}

/** The hashes on which verdicts count; an image that does not match its manifest has none. */
export const hashesOf = ({ images }: ReviewFolder): Map<string, string> =>
  new Map(images.flatMap(({ path, now, whole }) => (whole && now ? [[path, now]] : [])))

function tally(standings: readonly Standing[]): Tally {
  const given = standings.flatMap(({ verdict }) => verdict ?? [])
  const times = given.map(({ time }) => time).sort()
  const flagged = given.filter(({ verdict }) => verdict === 'flagged').length
  return {
    images: standings.length,
    reviewed: given.length,
    accepted: given.length - flagged,
    flagged,
    defectRate: given.length ? flagged / given.length : null,
    reviewers: [...new Set(given.map(({ reviewer }) => reviewer))].sort(),
    first: times[0] ?? null,
    last: times.at(-1) ?? null,
  }
}

function finding({ path, model, class: label, className }: FolderImage, { verdict, note }: Standing): Finding[] {
  if (verdict?.verdict !== 'flagged' && !note) return []
  const { reviewer } = (verdict ?? note) as VerdictEvent | NoteEvent
  const row = { image: path, model, class: label, className, reviewer }
  return [{ ...row, verdict: verdict?.verdict ?? 'open', note: note?.text ?? null }]
}
