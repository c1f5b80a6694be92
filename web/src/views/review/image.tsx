// The current image: enlarged, with its facts and actions next to it, and among the images of its class.
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { WireImage, WireReview } from '../../../../src/review/wire.ts'
import { type Filters, matching, neighbour, type State, sameGroup, stateOf } from './list.ts'
import { type Actions, address } from './use-review.ts'

const words: Readonly<Record<State, string>> = {
  accepted: 'Accepted',
  flagged: 'Flagged',
  open: 'Not reviewed yet',
}
const signs: Readonly<Record<State, string>> = { accepted: '✓', flagged: '⚑', open: '' }
const number = (value: number): string => value.toLocaleString('en-US')

/** Images of at most this many pixels a side are enlarged without smoothing. */
const smallest = 96

interface PictureProps {
  image: WireImage
  alt: string
  id?: string
  element?: RefObject<HTMLImageElement | null>
}

function Picture({ image, alt, id, element }: PictureProps) {
  const [small, setSmall] = useState(false)
  return (
    <img
      ref={element}
      id={id}
      src={address(image)}
      alt={alt}
      class={small ? 'pixelated' : undefined}
      onLoad={({ currentTarget }) => setSmall(currentTarget.naturalWidth <= smallest)}
    />
  )
}

export interface StageProps {
  images: readonly WireImage[]
  filters: Filters
  image: WireImage | undefined
  picture: RefObject<HTMLImageElement | null>
  step: Actions['step']
}

export function Stage({ images, filters, image, picture, step }: StageProps) {
  const { shown } = matching(images, filters)
  const next = image && neighbour(images, shown, image.path, 1)
  const afterNext = next && neighbour(images, shown, next.path, 1)
  useEffect(() => {
    for (const one of [next, afterNext]) if (one) new Image().src = address(one) // from the browser's cache then
  }, [next?.path, afterNext?.path])
  const state = image && stateOf(image)
  return (
    <div class="review-stage">
      <Turn
        title="Previous image"
        id="previous"
        enabled={image !== undefined && neighbour(images, shown, image.path, -1) !== undefined}
        onClick={() => step(-1)}
      />
      {image ? (
        <div id="frame" class={`review-frame ${state}`}>
          <Picture
            id="image"
            element={picture}
            image={image}
            alt={`Generated image ${image.n + 1} of class ${image.class}, ${image.className}`}
          />
          {state !== 'open' && <span class="review-badge">{`${signs[state!]} ${words[state!]}`}</span>}
        </div>
      ) : (
        <p id="empty">{emptyText(filters, images)}</p>
      )}
      <Turn title="Next image" id="next" enabled={next !== undefined} onClick={() => step(1)} />
    </div>
  )
}

interface TurnProps {
  id: 'previous' | 'next'
  title: string
  enabled: boolean
  onClick(): void
}

const Turn = ({ id, title, enabled, onClick }: TurnProps) => (
  <button type="button" id={id} class="button plain" aria-label={title} disabled={!enabled} onClick={onClick}>
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={id === 'next' ? 'M9 5l7 7-7 7' : 'M15 5l-7 7 7 7'} />
    </svg>
  </button>
)

function emptyText(filters: Filters, images: readonly WireImage[]): string {
  if (!images.length) return 'This review holds no whole image. Run `distilled review run` again.'
  if (filters.state === 'open') return 'Nothing is left to look at here. The report: distilled review report'
  return 'No image passes these filters.'
}

export interface PanelProps {
  review: WireReview
  filters: Filters
  image: WireImage
  said: string
  actions: Actions
}

/** The image's facts, its state, and the actions. */
export function Panel({ review, filters, image, said, actions }: PanelProps) {
  const { shown } = matching(review.images, filters)
  const place = shown.indexOf(image)
  const state = stateOf(image)
  const { verdict, changed, note } = image
  const by = verdict ? ` by ${verdict.reviewer}, ${verdict.time.slice(0, 10)}` : ''
  const lost = changed ? '. The image changed since its verdict, which does not count' : ''
  return (
    <aside class="card review-panel" aria-label="This image">
      <p class="quiet" id="position">
        {`${image.model} · ${place < 0 ? 'outside of the filter' : `${number(place + 1)} of ${number(shown.length)}`}`}
      </p>
      <h2 id="class-name">
        <small>{image.class}</small> {image.className}
      </h2>
      <p class="quiet">{image.synonyms.join(', ')}</p>
      <p id="standing" class={`review-standing ${state}`}>
        {`${signs[state]} ${words[state]}${by}${lost}`.trim()}
      </p>
      {note && (
        <blockquote id="note">
          {note.text}
          <small>{note.reviewer}</small>
        </blockquote>
      )}
      <div class="review-actions">
        <Action
          id="accept"
          sign="A"
          title="Accept"
          pressed={state === 'accepted'}
          onClick={() => actions.judge('accepted')}
        />
        <Action
          id="flag"
          sign="F"
          title="Flag"
          pressed={state === 'flagged'}
          onClick={() => actions.judge('flagged')}
        />
        <Action id="write-note" sign="N" title="Note" onClick={actions.note} />
        <Action id="undo" sign="U" title="Undo" onClick={actions.undo} />
      </div>
      <p id="said" class="quiet" role="status">
        {said}
      </p>
      <Origin models={review.models} image={image} />
    </aside>
  )
}

interface ActionProps {
  id: string
  sign: string
  title: string
  pressed?: boolean
  onClick(): void
}

const Action = ({ id, sign, title, pressed, onClick }: ActionProps) => (
  <button type="button" id={id} class="button" aria-pressed={pressed} onClick={onClick}>
    <kbd>{sign}</kbd>
    {title}
  </button>
)

function Origin({ models, image }: { models: WireReview['models']; image: WireImage }) {
  const model = models.find(({ id }) => id === image.model)
  const rows = [
    ['Sampler', model?.sampler],
    ['Settings', model?.settings.join(', ')],
    ['Index', `image ${image.index} of the seed`],
    ['Weights', model?.checkpoints.join('; ')],
    ['File', image.path],
  ]
  return (
    <details open>
      <summary class="quiet">How it was made</summary>
      <dl id="settings">
        {rows.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}

export interface StripProps {
  images: readonly WireImage[]
  image: WireImage
  onChoose(image: WireImage): void
}

/** All images of the class. */
export function Strip({ images, image, onChoose }: StripProps) {
  const list = useRef<HTMLOListElement>(null)
  const group = images.filter((other) => sameGroup(other, image))
  const judged = group.filter((other) => stateOf(other) !== 'open').length
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [image.path])
  return (
    <section class="card review-strip" aria-label="Images of this class">
      <h3>{`${image.className}, ${image.model}: ${judged} of ${group.length} reviewed`}</h3>
      <ol ref={list}>
        {group.map((other) => (
          <li key={other.path} class={stateOf(other)}>
            <button
              type="button"
              aria-label={`Image ${other.n + 1}: ${words[stateOf(other)].toLowerCase()}`}
              aria-current={other.path === image.path ? 'true' : undefined}
              onClick={() => onChoose(other)}
            >
              <Picture image={other} alt="" />
              <span class="review-mark" aria-hidden="true">
                {signs[stateOf(other)]}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  )
}
