// A reviewer's actions as events: a verdict, a note, or an undo of the last one. Events are never changed or deleted; the state
// of an image follows from all events about its current bytes. Also runs in a browser.
import * as v from 'valibot'

export const verdicts = ['accepted', 'flagged'] as const
export type Verdict = (typeof verdicts)[number]

export const longestNote = 1000
/** "AB", "A.B.", "JS2": how reviewers sign. */
export const initialsPattern = /^\p{L}[\p{L}\p{N}.-]{0,7}$/u

const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256'))
const reviewer = v.pipe(v.string(), v.regex(initialsPattern, 'must be initials of one to eight letters'))
/** The image's file in the review's folder, and the bytes that were looked at. */
const image = { image: v.pipe(v.string(), v.maxLength(400)), sha256 }
const text = v.pipe(v.string(), v.maxLength(longestNote, `must have at most ${longestNote} characters`))
const stamp = { id: v.pipe(v.string(), v.minLength(1)), time: v.pipe(v.string(), v.isoTimestamp()) }

/** What the page sends. */
export const actionSchema = v.variant('type', [
  v.strictObject({ type: v.literal('verdict'), ...image, reviewer, verdict: v.picklist(verdicts) }),
  v.strictObject({ type: v.literal('note'), ...image, reviewer, text }),
  v.strictObject({ type: v.literal('undo'), reviewer }),
])

/** What the journal keeps. */
export const eventSchema = v.variant('type', [
  v.strictObject({ ...stamp, type: v.literal('verdict'), ...image, reviewer, verdict: v.picklist(verdicts) }),
  v.strictObject({ ...stamp, type: v.literal('note'), ...image, reviewer, text }),
  v.strictObject({ ...stamp, type: v.literal('undo'), reviewer, undoes: v.string() }),
])

export type ReviewAction = v.InferOutput<typeof actionSchema>
export type ReviewEvent = v.InferOutput<typeof eventSchema>
type Kept = Exclude<ReviewEvent, { type: 'undo' }>
export type VerdictEvent = Extract<ReviewEvent, { type: 'verdict' }>
export type NoteEvent = Extract<ReviewEvent, { type: 'note' }>

/** The state of an image: its latest verdict and note, and whether a verdict was lost because the image changed. */
export interface Standing {
  verdict?: VerdictEvent
  note?: NoteEvent
  changed?: true
}

/** The verdicts and notes that were not undone, oldest first. */
export function kept(events: readonly ReviewEvent[]): Kept[] {
  const undone = new Set(events.flatMap((event) => (event.type === 'undo' ? [event.undoes] : [])))
  return events.filter((event): event is Kept => event.type !== 'undo' && !undone.has(event.id))
}

/** The event that an undo by this reviewer takes back. */
export const lastOf = (events: readonly ReviewEvent[], reviewer: string): Kept | undefined =>
  kept(events).findLast((event) => event.reviewer === reviewer)

/**
 * The state of every image that has events. The latest verdict counts, from any reviewer; a verdict on bytes other than
 * the image's current ones does not.
 * @param hashes SHA-256 of each image as it is now
 * @example
 * standings(journal.events, new Map([['images/m/7-cock/000.png', sha256]])).get('images/m/7-cock/000.png')?.verdict
 */
export function standings(events: readonly ReviewEvent[], hashes: ReadonlyMap<string, string>): Map<string, Standing> {
  const found = new Map<string, Standing>()
  for (const event of kept(events)) {
    const standing = found.get(event.image) ?? {}
    found.set(event.image, standing)
    const same = hashes.get(event.image) === event.sha256
    if (event.type === 'verdict') {
      if (same) standing.verdict = event
      else standing.changed = true
    } else if (same && event.text) standing.note = event
    else if (same) delete standing.note
  }
  for (const standing of found.values()) if (standing.verdict) delete standing.changed
  return found
}
