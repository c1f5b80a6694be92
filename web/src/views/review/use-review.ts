// The state of an open review. Verdicts are kept on the server; the filters and the current image are in the address, so that
// reloading changes nothing. An image that was not displayed cannot be judged.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { ReviewAction, Verdict } from '../../../../src/review/events.ts'
import type { WireImage, WireReview } from '../../../../src/review/wire.ts'
import { act, readReview } from './api.ts'
import { type Filters, following, matching, neighbour, neighbourGroup, stateOf } from './list.ts'

export interface Shown {
  /** Undefined until it is read. */
  review: WireReview | undefined
  filters: Filters
  /** Path of the current image; it may be filtered out. */
  current: string | undefined
  reviewer: string
  /** What happened last. */
  said: string
  /** An error message; it stays until the next success. */
  fault: string
  asking: Asking | undefined
}

/** The dialog that is open, and what waits for its answer. */
interface Asking {
  what: Question
  resolve(answer: string | undefined): void
}
export type Question = 'initials' | 'note' | 'help'

const all: Filters = { model: '', class: '', state: 'all' }
const remembered = 'distilled-review-initials'
const rememberedReviewer = (): string => localStorage.getItem(remembered) ?? ''
const named = ({ className, n, model }: WireImage): string => `${className} ${n + 1}, ${model}`

/** The address of an image's bytes. */
export const address = ({ sha256 }: WireImage): string => `/images/${sha256}.png`

export type Actions = ReturnType<typeof reviewActions>

/** The state of the page and the reviewer's actions. @param picture the element of the current image */
export function useReview(picture: { current: HTMLImageElement | null }): { shown: Shown; actions: Actions } {
  const [, redraw] = useState(0)
  const shown = useRef<Shown>({
    review: undefined,
    filters: all,
    current: undefined,
    reviewer: rememberedReviewer(),
    said: '',
    fault: '',
    asking: undefined,
  })
  const actions = useMemo(() => {
    const update = (part: Partial<Shown>) => {
      shown.current = { ...shown.current, ...part }
      redraw((n) => n + 1)
    }
    return reviewActions(() => shown.current, update, picture)
  }, [])
  useEffect(() => void actions.begin(), [])
  return { shown: shown.current, actions }
}

function reviewActions(
  shown: () => Shown,
  update: (part: Partial<Shown>) => void,
  picture: { current: HTMLImageElement | null },
) {
  const images = (): readonly WireImage[] => shown().review?.images ?? []
  const list = (): WireImage[] => matching(images(), shown().filters).shown
  const current = (): WireImage | undefined => images().find(({ path }) => path === shown().current)
  const firstOpen = (): WireImage | undefined => list().find((image) => stateOf(image) === 'open') ?? list()[0]
  let judging = false

  function show(image: WireImage | undefined, said = ''): void {
    const { model, class: label, state } = shown().filters
    const words = Object.entries({ model, class: label, state: state === 'all' ? '' : state, image: image?.path ?? '' })
    history.replaceState(null, '', `#${new URLSearchParams(words.filter(([, value]) => value))}`)
    update({ current: image?.path, said })
  }

  /** The filters and image of the address; values that the review does not have are ignored. */
  function restore(): void {
    const place = new URLSearchParams(location.hash.slice(1))
    const state = place.get('state') ?? ''
    const filters = {
      model: place.get('model') ?? '',
      class: place.get('class') ?? '',
      state: (['open', 'accepted', 'flagged'].includes(state) ? state : 'all') as Filters['state'],
    }
    if (matching(images(), { ...filters, state: 'all' }).shown.length) update({ filters })
    show(images().find(({ path }) => path === place.get('image')) ?? firstOpen())
  }

  const ask = (what: Question): Promise<string | undefined> =>
    new Promise((resolve) => update({ asking: { what, resolve } }))

  /** Asks for the reviewer's initials and remembers them; when nothing is entered, the previous ones stay. */
  async function changeReviewer(): Promise<string> {
    const entered = (await ask('initials'))?.trim().toUpperCase()
    if (entered) localStorage.setItem(remembered, entered)
    update({ reviewer: rememberedReviewer() })
    return shown().reviewer
  }
  const signed = async (): Promise<string> => shown().reviewer || changeReviewer()

  /** Sends an action and puts the answer into the review; on failure, shows the error and returns undefined. */
  async function send(action: ReviewAction) {
    try {
      const outcome = await act(action)
      const review = shown().review!
      const now = review.images.map((image) => (image.path === outcome.image?.path ? outcome.image : image))
      update({ review: { ...review, images: now }, fault: '' })
      return outcome
    } catch (error) {
      update({ fault: (error as Error).message })
      return undefined
    }
  }

  async function isOnScreen(image: WireImage): Promise<boolean> {
    const element = picture.current!
    const loaded = await element.decode().then(
      () => true,
      () => false,
    )
    if (!loaded)
      update({ fault: 'This image could not be shown, so it cannot be judged. Start `distilled review open` again.' })
    return loaded && image.path === shown().current && element.getAttribute('src') === address(image)
  }

  async function judge(verdict: Verdict): Promise<void> {
    const image = current()
    if (!image || judging) return
    judging = true
    try {
      const reviewer = await signed()
      if (!reviewer || !(await isOnScreen(image))) return
      const { path, sha256 } = image
      if (!(await send({ type: 'verdict', image: path, sha256, reviewer, verdict }))) return
      const next = following(images(), list(), shown().filters, path)
      const stays = list().some((other) => other.path === path)
      const word = verdict === 'accepted' ? 'Accepted' : 'Flagged'
      show(
        next ?? (stays ? current() : undefined),
        `${word}: ${named(image)}.${next ? '' : ' Nothing else is open here.'}`,
      )
    } finally {
      judging = false
    }
  }

  async function undo(): Promise<void> {
    const reviewer = await signed()
    const outcome = reviewer ? await send({ type: 'undo', reviewer }) : undefined
    if (!outcome) return
    const { image, undone } = outcome
    if (!image) return update({ said: `${reviewer} has nothing to undo.` })
    if (!list().some(({ path }) => path === image.path)) update({ filters: all })
    show(image, `Took back the ${undone} on ${named(image)}.`)
  }

  async function note(): Promise<void> {
    const image = current()
    const reviewer = image && (await signed())
    if (!image || !reviewer) return
    const text = (await ask('note'))?.trim()
    if (text === undefined || text === (image.note?.text ?? '')) return
    const { path, sha256 } = image
    if (!(await send({ type: 'note', image: path, sha256, reviewer, text }))) return
    update({ said: text ? `Noted on ${named(image)}.` : `The note on ${named(image)} is gone.` })
  }

  const go = (image: WireImage | undefined): void => image && show(image)

  return {
    judge,
    undo,
    note,
    changeReviewer,
    go,
    help: () => ask('help'),
    /** Closes a dialog with its answer; undefined cancels. */
    answer(what: Question, answer?: string): void {
      const { asking } = shown()
      if (asking?.what !== what) return
      update({ asking: undefined })
      asking.resolve(answer)
    },
    step: (by: 1 | -1) => go(neighbour(images(), list(), shown().current ?? '', by)),
    stepClass: (by: 1 | -1) => go(neighbourGroup(images(), list(), shown().current ?? '', by)),
    filter(part: Partial<Filters>): void {
      update({ filters: { ...shown().filters, ...part } })
      show(list().find(({ path }) => path === shown().current) ?? firstOpen())
    },
    async begin(): Promise<void> {
      try {
        update({ review: await readReview() })
      } catch (error) {
        return update({ fault: (error as Error).message })
      }
      restore()
      await signed()
    },
  }
}
