// The choice of how to sample: a list of the model's ways, each with its evaluations and, once measured, its time.
import type { ModelInfo } from '../backend/types.ts'
import { samplingChoices } from './sampling-choices.ts'
import { secondsText } from './text.ts'

export interface SamplingPickerProps {
  model: ModelInfo
  /** The key of the selected way: see sampling-choices.ts. */
  value: string
  onChange(key: string): void
  /** Also offers the teacher's flow map. */
  flow?: boolean
  /** Seconds per image by key, measured here. */
  times?: Readonly<Record<string, number | undefined>>
  /** Radio buttons of one page need different names. */
  name?: string
}

export function SamplingPicker({
  model,
  value,
  onChange,
  flow = false,
  times = {},
  name = 'way',
}: SamplingPickerProps) {
  return (
    <fieldset class="field way-picker">
      <legend class="label">Steps</legend>
      <div class="choices">
        {samplingChoices(model, { flow }).map(({ key, title, detail, evaluations }) => (
          <label key={key} class="choice">
            <input type="radio" name={name} value={key} checked={key === value} onChange={() => onChange(key)} />
            <span>
              <span>
                {title} <small class="quiet way-detail">{detail}</small>
              </span>
              <small class="quiet way-cost" title={`${evaluations} network evaluations per image`}>
                {times[key] === undefined ? `${evaluations}×` : secondsText(times[key])}
              </small>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
