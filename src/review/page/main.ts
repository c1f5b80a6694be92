// The review page: state, keys and buttons. Verdicts live on the server; the filters and the image in hand live in the
// address, so that reloading changes nothing. An image that has not been on the screen cannot be judged.
import type { ReviewAction, Verdict } from '../events.ts'
import type { WireImage } from '../wire.ts'
import { act, readReview } from './api.ts'
import { askNote, askReviewer, dialogIsOpen, rememberedReviewer, showHelp, wireDialogs } from './dialogs.ts'
import { type Filters, following, matching, neighbour, neighbourGroup, stateOf } from './list.ts'
import { draw, find, type Shown, say, sayFault } from './view.ts'

const shown: Shown = {
  review: { folder: '', models: [], images: [], faults: [] },
  filters: { model: '', class: '', state: 'all' },
  current: undefined,
  reviewer: rememberedReviewer(),
}

const current = (): WireImage | undefined => shown.review.images.find(({ path }) => path === shown.current)
const list = (): WireImage[] => matching(shown.review.images, shown.filters).shown

function show(image: WireImage | undefined): void {
  shown.current = image?.path
  const { model, class: label, state } = shown.filters
  const words = Object.entries({ model, class: label, state: state === 'all' ? '' : state, image: shown.current ?? '' })
  const hash = new URLSearchParams(words.filter(([, value]) => value)).toString()
  history.replaceState(null, '', `#${hash}`)
  draw(shown)
}

/** Filters and image as the address says, as far as the review knows them. */
function restore(): void {
  const address = new URLSearchParams(location.hash.slice(1))
  const state = address.get('state') ?? ''
  const filters = {
    model: address.get('model') ?? '',
    class: address.get('class') ?? '',
    state: (['open', 'accepted', 'flagged'].includes(state) ? state : 'all') as Filters['state'],
  }
  if (matching(shown.review.images, { ...filters, state: 'all' }).shown.length) shown.filters = filters
  const found = shown.review.images.find(({ path }) => path === address.get('image'))
  show(found ?? firstOpen())
}

const firstOpen = (): WireImage | undefined => list().find((image) => stateOf(image) === 'open') ?? list()[0]

/** Sends an action and puts the answer into the review; undefined when it failed, which the reviewer is told. */
async function send(action: ReviewAction) {
  try {
    const outcome = await act(action)
    const { images } = shown.review
    const at = images.findIndex(({ path }) => path === outcome.image?.path)
    if (outcome.image && at >= 0) images[at] = outcome.image
    sayFault('')
    return outcome
  } catch (error) {
    sayFault((error as Error).message)
    return undefined
  }
}

async function signed(): Promise<string> {
  if (!shown.reviewer) {
    shown.reviewer = await askReviewer()
    draw(shown)
  }
  return shown.reviewer
}

const named = ({ className, n, model }: WireImage): string => `${className} ${n + 1}, ${model}`

let judging = false

async function judge(verdict: Verdict): Promise<void> {
  const image = current()
  if (!image || judging) return
  judging = true
  try {
    const reviewer = await signed()
    if (!reviewer || !(await isOnScreen(image))) return
    const { path, sha256 } = image
    if (!(await send({ type: 'verdict', image: path, sha256, reviewer, verdict }))) return
    const next = following(shown.review.images, list(), shown.filters, path)
    const stays = matching(shown.review.images, shown.filters).shown.some((other) => other.path === path)
    show(next ?? (stays ? current() : undefined))
    say(
      `${verdict === 'accepted' ? 'Accepted' : 'Flagged'}: ${named(image)}.${next ? '' : ' Nothing else is open here.'}`,
    )
  } finally {
    judging = false
  }
}

async function isOnScreen(image: WireImage): Promise<boolean> {
  const picture = find<HTMLImageElement>('image')
  const loaded = await picture.decode().then(
    () => true,
    () => false,
  )
  if (!loaded) sayFault('This image could not be shown, so it cannot be judged. Start `distilled review open` again.')
  return loaded && image.path === shown.current
}

async function undo(): Promise<void> {
  const reviewer = await signed()
  const outcome = reviewer ? await send({ type: 'undo', reviewer }) : undefined
  if (!outcome) return
  if (outcome.image) {
    const visible = list().some(({ path }) => path === outcome.image!.path)
    if (!visible) shown.filters = { model: '', class: '', state: 'all' }
    show(outcome.image)
  }
  say(
    outcome.image ? `Took back the ${outcome.undone} on ${named(outcome.image)}.` : `${reviewer} has nothing to undo.`,
  )
}

async function note(): Promise<void> {
  const image = current()
  const reviewer = image && (await signed())
  if (!image || !reviewer) return
  const text = await askNote(`${image.class} ${named(image)}`, image.note?.text ?? '')
  if (text === undefined || text === (image.note?.text ?? '')) return
  const { path, sha256 } = image
  if (!(await send({ type: 'note', image: path, sha256, reviewer, text }))) return
  show(current())
  say(text ? `Noted on ${named(image)}.` : `The note on ${named(image)} is gone.`)
}

async function changeReviewer(): Promise<void> {
  shown.reviewer = await askReviewer()
  draw(shown)
}

const go = (image: WireImage | undefined): void => {
  if (!image) return
  say('')
  show(image)
}
const step = (by: 1 | -1) => go(neighbour(shown.review.images, list(), shown.current ?? '', by))
const stepClass = (by: 1 | -1) => go(neighbourGroup(shown.review.images, list(), shown.current ?? '', by))

const keys: Readonly<Record<string, () => unknown>> = {
  a: () => judge('accepted'),
  f: () => judge('flagged'),
  u: undo,
  Backspace: undo,
  n: note,
  i: changeReviewer,
  '?': showHelp,
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  ArrowUp: () => stepClass(-1),
  ArrowDown: () => stepClass(1),
}
/** Keys that may be held down. */
const repeatable = /^Arrow/

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || dialogIsOpen())
    return
  const target = event.target as HTMLElement
  if (target.matches('select, input') && event.key === 'Escape') target.blur() // back to the image
  const typing = target.matches('select, textarea, input:not([type=radio])')
  const choosing = target.matches('input[type=radio]') && event.key.startsWith('Arrow')
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const action = keys[key]
  if (!action || typing || choosing) return
  event.preventDefault()
  if (!event.repeat || repeatable.test(key)) action()
}

function onFilter(event: Event): void {
  const input = event.target as HTMLInputElement | HTMLSelectElement
  const name = { 'model-filter': 'model', 'class-filter': 'class' }[input.id] ?? 'state'
  shown.filters = { ...shown.filters, [name]: input.value }
  const here = list().find(({ path }) => path === shown.current)
  say('')
  show(here ?? firstOpen())
  if (byPointer) input.blur() // the keys are the image's again
}

let byPointer = false

function wire(): void {
  wireDialogs()
  document.addEventListener('keydown', onKey)
  for (const type of ['pointerdown', 'keydown'] as const) {
    const note = () => {
      byPointer = type === 'pointerdown'
    }
    document.addEventListener(type, note, { capture: true })
  }
  const filters = document.querySelector<HTMLFormElement>('.filters')!
  filters.onchange = onFilter
  filters.onsubmit = (event) => event.preventDefault()
  const buttons: Readonly<Record<string, () => unknown>> = {
    ...{ accept: keys.a!, flag: keys.f!, undo, 'write-note': note, reviewer: changeReviewer, 'help-button': showHelp },
    ...{ previous: () => step(-1), next: () => step(1) },
  }
  for (const [id, action] of Object.entries(buttons)) find(id).onclick = action
  find('strip').onclick = (event) => {
    const path = (event.target as HTMLElement).closest('button')?.dataset.path
    go(shown.review.images.find((image) => image.path === path))
  }
}

async function begin(): Promise<void> {
  wire()
  try {
    shown.review = await readReview()
  } catch (error) {
    sayFault((error as Error).message)
    return
  }
  restore()
  await signed()
}

begin()
