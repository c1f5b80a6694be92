// The safety review: images of sensitive classes, shown one after another and judged by keyboard.
import './review.css'
import { useRef } from 'preact/hooks'
import type { WireImage } from '../../../../src/review/wire.ts'
import { Icon } from '../../ui/icon.tsx'
import { useKeys } from '../../ui/use-keys.ts'
import { Dialogs } from './dialogs.tsx'
import { FilterForm } from './filter-form.tsx'
import { Panel, Stage, Strip } from './image.tsx'
import { keysOf } from './keys.ts'
import { type State, stateOf } from './list.ts'
import { useReview } from './use-review.ts'

const number = (value: number): string => value.toLocaleString('en-US')

export default function Review() {
  const picture = useRef<HTMLImageElement>(null)
  const { shown, actions } = useReview(picture)
  const { review, current, reviewer, fault, asking } = shown
  useKeys(keysOf(actions))
  const image = review?.images.find(({ path }) => path === current)
  return (
    <div class="review">
      <header class="review-head">
        <h1>
          Safety review <small id="folder">{review?.folder}</small>
        </h1>
        <Progress images={review?.images ?? []} />
        <button
          type="button"
          class="button"
          id="reviewer"
          title="Change the reviewer (I)"
          onClick={actions.changeReviewer}
        >
          {reviewer ? `Reviewer ${reviewer}` : 'Reviewer'}
        </button>
        <button
          type="button"
          class="button square"
          id="help-button"
          aria-label="Help"
          title="Help (?)"
          onClick={actions.help}
        >
          <Icon name="help" />
        </button>
      </header>
      {review && <FilterForm review={review} filters={shown.filters} onChange={actions.filter} />}
      {fault && (
        <p id="fault" class="fault" role="alert">
          {fault}
        </p>
      )}
      {review && <Faults faults={review.faults} />}
      {review && (
        <main>
          <Stage filters={shown.filters} images={review.images} image={image} step={actions.step} picture={picture} />
          {image && <Panel {...shown} review={review} image={image} actions={actions} />}
        </main>
      )}
      {review && image && <Strip images={review.images} image={image} onChoose={actions.go} />}
      <Dialogs asking={asking?.what} reviewer={reviewer} image={image} answer={actions.answer} />
    </div>
  )
}

function Progress({ images }: { images: readonly WireImage[] }) {
  const count = (state: State) => images.filter((image) => stateOf(image) === state).length
  const done = images.length - count('open')
  const flagged = count('flagged') ? `, ${number(count('flagged'))} flagged` : ''
  return (
    <div class="review-progress">
      <progress max={1} value={images.length ? done / images.length : 0} aria-labelledby="progress-text" />
      <span id="progress-text">{`${number(done)} of ${number(images.length)} reviewed${flagged}`}</span>
    </div>
  )
}

function Faults({ faults }: { faults: readonly string[] }) {
  if (!faults.length) return null
  const what = faults.length === 1 ? '1 thing does not count' : `${faults.length} things do not count`
  return (
    <details id="faults" class="note">
      <summary>{what}: images that are missing or damaged, or verdicts that are torn</summary>
      <ul>
        {faults.map((fault) => (
          <li key={fault}>{fault}</li>
        ))}
      </ul>
    </details>
  )
}
