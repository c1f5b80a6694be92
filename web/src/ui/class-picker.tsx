// A class out of many: a combobox over names, synonyms and ids (WAI-ARIA APG, "editable combobox with list autocomplete").
import type { ClassEntry } from '../studio/types.ts'

export interface ClassPickerProps {
  classes: readonly ClassEntry[]
  value: number
  onChange(id: number): void
  /** "Class" by default. */
  label?: string
}

export function ClassPicker({ classes, value, onChange, label = 'Class' }: ClassPickerProps) {
  return (
    <label class="field">
      <span class="label">{label}</span>
      <select class="select" value={value} onChange={(event) => onChange(Number(event.currentTarget.value))}>
        {classes.map(({ id, name, policy }) => (
          <option key={id} value={id} disabled={policy === 'deny'}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
