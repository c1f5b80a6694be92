// A field for the seed, and a button that draws another one.
import { useId } from 'preact/hooks'
import { Icon } from './icon.tsx'

/** Seeds of the dice have at most four digits, so that they are easy to remember and share. */
export const randomSeed = (): number => Math.floor(Math.random() * 10_000)

export interface SeedFieldProps {
  value: number
  onChange(seed: number): void
  /** "Seed" by default. */
  label?: string
  /** Shown in small type next to the label. */
  hint?: string
}

export function SeedField({ value, onChange, label = 'Seed', hint }: SeedFieldProps) {
  const id = useId()
  return (
    <div class="field seed-field">
      <label class="label" for={id}>
        {label} {hint && <span class="quiet">{hint}</span>}
      </label>
      <div class="joined">
        <input
          id={id}
          class="input"
          type="number"
          min={0}
          max={Number.MAX_SAFE_INTEGER}
          step={1}
          inputMode="numeric"
          value={value}
          onInput={({ currentTarget }) => {
            const seed = currentTarget.valueAsNumber
            if (Number.isSafeInteger(seed) && seed >= 0) onChange(seed)
          }}
          onBlur={({ currentTarget }) => {
            currentTarget.value = String(value)
          }}
        />
        <button
          type="button"
          class="button square dice"
          aria-label={`${label}: roll the dice`}
          title="Another seed"
          onClick={() => onChange(randomSeed())}
        >
          <Icon name="dice" />
        </button>
      </div>
    </div>
  )
}
