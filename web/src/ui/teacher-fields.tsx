// The teacher's settings in a section that opens on request; an empty field means the value published for the model.
import { useId } from 'preact/hooks'
import type { ModelInfo } from '../backend/types.ts'
import { type TeacherChanges, type TeacherField, teacherFields } from './teacher-settings.ts'

export interface TeacherFieldsProps {
  model: ModelInfo
  value: TeacherChanges | undefined
  onChange(teacher: TeacherChanges): void
}

export function TeacherFields({ model, value = {}, onChange }: TeacherFieldsProps) {
  return (
    <details class="field teacher-fields" open={Object.keys(value).length > 0}>
      <summary class="label">Teacher’s settings</summary>
      <div class="stack tight">
        {teacherFields(model).map((field) => (
          <Field
            key={field.name}
            field={field}
            value={value[field.name]}
            onChange={(one) => onChange({ ...value, [field.name]: one })}
          />
        ))}
      </div>
    </details>
  )
}

interface FieldProps {
  field: TeacherField
  value: string | number | boolean | undefined
  onChange(value: string | number | boolean | undefined): void
}

function Field({ field: { name, description, kind, low, high, step, values }, value, onChange }: FieldProps) {
  const id = useId()
  if (kind === 'flag')
    return (
      <label class="check">
        <input
          type="checkbox"
          name={name}
          checked={value === true}
          onChange={({ currentTarget }) => onChange(currentTarget.checked || undefined)}
        />
        <span>{description}</span>
      </label>
    )
  return (
    <div class="field">
      <label class="label" for={id}>
        {name} <span class="quiet">{description}</span>
      </label>
      {kind === 'choice' ? (
        <select
          id={id}
          class="input"
          name={name}
          value={String(value ?? '')}
          onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}
        >
          <option value="">as published</option>
          {values.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          class="input"
          type="number"
          name={name}
          min={low}
          max={high}
          step={step}
          placeholder="as published"
          value={typeof value === 'number' ? value : ''}
          onInput={({ currentTarget }) => {
            const number = currentTarget.valueAsNumber
            if (Number.isNaN(number)) onChange(undefined)
            else if (currentTarget.validity.valid) onChange(number)
          }}
        />
      )}
    </div>
  )
}
