// Filters of the review: model, class and state.
import { useRef } from 'preact/hooks'
import type { WireReview } from '../../../../src/review/wire.ts'
import { classOf, type Filters, matching, stateOf } from './list.ts'

interface FilterFormProps {
  review: WireReview
  filters: Filters
  onChange(part: Partial<Filters>): void
}

const states: readonly [state: Filters['state'], title: string][] = [
  ['all', 'All'],
  ['open', 'Open'],
  ['accepted', 'Accepted'],
  ['flagged', 'Flagged'],
]

export function FilterForm({ review: { images, models }, filters, onChange }: FilterFormProps) {
  const byPointer = useRef(false)
  const { inScope } = matching(images, filters)
  const classes = [...new Set(images.toSorted((a, b) => a.class - b.class).map(classOf))]
  const changed = (part: Partial<Filters>, input: HTMLElement) => {
    onChange(part)
    if (byPointer.current) input.blur() // keys act on the image again
  }
  const select = (name: 'model' | 'class', title: string, none: string, values: readonly string[]) => (
    <label>
      {title}
      <select
        id={`${name}-filter`}
        class="select"
        value={filters[name]}
        onChange={({ currentTarget }) => changed({ [name]: currentTarget.value }, currentTarget)}
      >
        <option value="">{none}</option>
        {values.map((value) => (
          <option key={value}>{value}</option>
        ))}
      </select>
    </label>
  )
  return (
    <form
      class="review-filters"
      aria-label="Filters"
      autocomplete="off"
      onSubmit={(event) => event.preventDefault()}
      onPointerDownCapture={() => {
        byPointer.current = true
      }}
      onKeyDownCapture={() => {
        byPointer.current = false
      }}
    >
      {select(
        'model',
        'Model',
        `All ${models.length} models`,
        models.map(({ id }) => id),
      )}
      {select('class', 'Class', `All ${classes.length} classes`, classes)}
      <fieldset class="segments">
        <legend class="sr-only">State</legend>
        {states.map(([state, title]) => (
          <label key={state} class="segment">
            <input
              type="radio"
              name="state"
              value={state}
              checked={filters.state === state}
              onChange={({ currentTarget }) => changed({ state }, currentTarget)}
            />
            <span>
              {title}{' '}
              {inScope.filter((image) => state === 'all' || stateOf(image) === state).length.toLocaleString('en-US')}
            </span>
          </label>
        ))}
      </fieldset>
    </form>
  )
}
