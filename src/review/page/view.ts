// What the review page shows, from the review, the filters and the image in hand. Text goes in as text, never as markup.
import type { WireImage, WireReview } from '../wire.ts'
import { classOf, type Filters, matching, neighbour, sameGroup, stateOf } from './list.ts'

export interface Shown {
  review: WireReview
  filters: Filters
  /** Path of the image in hand; it may be filtered away. */
  current: string | undefined
  reviewer: string
}

export function find<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T
}

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

export const address = ({ sha256 }: WireImage): string => `/images/${sha256}.png`
const words = { accepted: 'Accepted', flagged: 'Flagged', open: 'Not reviewed yet' }
const signs = { accepted: '\u2713', flagged: '\u2691', open: '' }
/** Images of at most so many pixels a side are enlarged with hard edges. */
const smallest = 96

const number = (value: number): string => value.toLocaleString('en-US')

/** Draws everything. */
export function draw(shown: Shown): void {
  const { review, filters, current, reviewer } = shown
  const { inScope, shown: list } = matching(review.images, filters)
  find('folder').textContent = review.folder
  find('reviewer').textContent = reviewer ? `Reviewer ${reviewer}` : 'Reviewer'
  drawProgress(review.images)
  drawFilters(review, filters, inScope)
  drawFaults(review.faults)
  const image = review.images.find(({ path }) => path === current)
  drawImage(shown, image, list)
  drawStrip(review.images, image)
}

function drawProgress(images: readonly WireImage[]): void {
  const count = (state: string) => images.filter((image) => stateOf(image) === state).length
  const done = images.length - count('open')
  find<HTMLProgressElement>('progress').value = images.length ? done / images.length : 0
  const flagged = count('flagged') ? `, ${number(count('flagged'))} flagged` : ''
  find('progress-text').textContent = `${number(done)} of ${number(images.length)} reviewed${flagged}`
}

function drawFilters({ images, models }: WireReview, filters: Filters, inScope: readonly WireImage[]): void {
  const classes = [
    ...new Map(images.toSorted((a, b) => a.class - b.class).map((image) => [classOf(image), image])).keys(),
  ]
  options(
    'model-filter',
    `All ${models.length} models`,
    models.map(({ id }) => id),
    filters.model,
  )
  options('class-filter', `All ${classes.length} classes`, classes, filters.class)
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=state]')) {
    input.checked = input.value === filters.state
    const matches = inScope.filter((image) => input.value === 'all' || stateOf(image) === input.value)
    input.parentElement!.querySelector('b')!.textContent = number(matches.length)
  }
}

function options(id: string, all: string, values: readonly string[], chosen: string): void {
  const select = find<HTMLSelectElement>(id)
  if (select.options.length !== values.length + 1) {
    select.replaceChildren(...['', ...values].map((value) => element('option', { value, textContent: value || all })))
  }
  select.value = chosen
}

function drawFaults(faults: readonly string[]): void {
  const box = find('faults')
  box.hidden = faults.length === 0
  const what = faults.length === 1 ? '1 thing does not count' : `${faults.length} things do not count`
  box.querySelector('summary')!.textContent = `${what}: images that are missing or damaged, or verdicts that are torn`
  box.querySelector('ul')!.replaceChildren(...faults.map((fault) => element('li', { textContent: fault })))
}

function drawImage({ review, filters }: Shown, image: WireImage | undefined, list: readonly WireImage[]): void {
  const inList = image && list.includes(image)
  const here = image ? list.indexOf(image) : -1
  find('frame').hidden = !image
  document.querySelector('aside')!.hidden = !image
  const empty = find('empty')
  empty.hidden = image !== undefined
  empty.textContent = emptyText(filters, review)
  for (const [id, step] of [
    ['previous', -1],
    ['next', 1],
  ] as const) {
    find<HTMLButtonElement>(id).disabled = !image || !neighbour(review.images, list, image.path, step)
  }
  if (!image) return
  const state = stateOf(image)
  const picture = find<HTMLImageElement>('image')
  if (picture.getAttribute('src') !== address(image)) picture.src = address(image)
  picture.alt = `Generated image ${image.n + 1} of class ${image.class}, ${image.className}`
  picture.onload = () => find('frame').classList.toggle('small', picture.naturalWidth <= smallest)
  const frame = find('frame')
  for (const name of ['accepted', 'flagged']) frame.classList.toggle(name, state === name)
  find('accept').ariaPressed = String(state === 'accepted')
  find('flag').ariaPressed = String(state === 'flagged')
  find('badge').textContent = state === 'open' ? '' : `${signs[state]} ${words[state]}`
  find('position').textContent =
    `${image.model} \u00b7 ${inList ? `${number(here + 1)} of ${number(list.length)}` : 'outside of the filter'}`
  find('class-name').replaceChildren(element('small', { textContent: String(image.class) }), image.className)
  find('synonyms').textContent = image.synonyms.join(', ')
  drawStanding(image)
  drawSettings(review, image)
  preload(review.images, list, image)
}

function emptyText(filters: Filters, { images }: WireReview): string {
  if (!images.length) return 'This review holds no whole image. Run `distilled review run` again.'
  if (filters.state === 'open') return 'Nothing is left to look at here. The report: distilled review report'
  return 'No image passes these filters.'
}

function drawStanding(image: WireImage): void {
  const state = stateOf(image)
  const standing = find('standing')
  standing.className = `standing ${state}`
  const by = image.verdict ? ` by ${image.verdict.reviewer}, ${image.verdict.time.slice(0, 10)}` : ''
  const changed = image.changed ? '. The image changed since its verdict, which does not count' : ''
  standing.textContent = `${signs[state]} ${words[state]}${by}${changed}`.trim()
  const note = find('note')
  note.hidden = !image.note
  if (image.note) note.replaceChildren(image.note.text, element('small', { textContent: image.note.reviewer }))
}

function drawSettings({ models }: WireReview, image: WireImage): void {
  const model = models.find(({ id }) => id === image.model)
  const rows = [
    ['Sampler', model?.sampler ?? ''],
    ['Settings', model?.settings.join(', ') ?? ''],
    ['Index', `image ${image.index} of the seed`],
    ['Weights', model?.checkpoints.join('; ') ?? ''],
    ['File', image.path],
  ]
  find('settings').replaceChildren(
    ...rows.map(([term, value]) =>
      element('div', {}, element('dt', { textContent: term! }), element('dd', { textContent: value! })),
    ),
  )
}

/** The next two images come from the browser's cache. */
function preload(images: readonly WireImage[], list: readonly WireImage[], image: WireImage): void {
  const next = neighbour(images, list, image.path, 1)
  for (const one of [next, next && neighbour(images, list, next.path, 1)]) if (one) new Image().src = address(one)
}

function drawStrip(images: readonly WireImage[], image: WireImage | undefined): void {
  const group = image ? images.filter((other) => sameGroup(other, image)) : []
  document.querySelector<HTMLElement>('.strip')!.hidden = group.length === 0
  if (!image) return
  const judged = group.filter((other) => stateOf(other) !== 'open').length
  find('strip-title').textContent = `${image.className}, ${image.model}: ${judged} of ${group.length} reviewed`
  const strip = find('strip')
  if (strip.dataset.group !== group[0]!.path || strip.children.length !== group.length) {
    strip.dataset.group = group[0]!.path
    strip.replaceChildren(...group.map(thumbnail))
  }
  for (const [i, other] of group.entries()) {
    const button = strip.children[i]!.firstElementChild as HTMLButtonElement
    const state = stateOf(other)
    button.parentElement!.className = `${state}${find('frame').classList.contains('small') ? ' small' : ''}`
    button.ariaCurrent = String(other === image)
    button.ariaLabel = `Image ${other.n + 1}: ${words[state].toLowerCase()}`
    button.lastElementChild!.textContent = signs[state]
  }
  strip.children[group.indexOf(image)]!.scrollIntoView({ block: 'nearest', inline: 'nearest' })
}

function thumbnail(image: WireImage): HTMLLIElement {
  const picture = element('img', { src: address(image), alt: '', loading: 'lazy' })
  picture.onload = () => picture.closest('li')?.classList.toggle('small', picture.naturalWidth <= smallest)
  const button = element(
    'button',
    { type: 'button' },
    picture,
    element('span', { className: 'mark', ariaHidden: 'true' }),
  )
  button.dataset.path = image.path
  return element('li', {}, button)
}

/** Says what happened, to eyes and screen readers. */
export function say(text: string): void {
  find('said').textContent = text
}

/** A failure stays until the next success. */
export function sayFault(text: string): void {
  const fault = find('fault')
  fault.hidden = !text
  fault.textContent = text
}
