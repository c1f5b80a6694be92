// A list of classes: a picker for each with a button to remove it, and a button to add another.
import type { ClassEntry } from '../../backend/types.ts'
import { ClassPicker } from '../../ui/class-picker.tsx'
import { Icon } from '../../ui/icon.tsx'
import './class-list.css'

export interface ClassListProps {
  classes: readonly ClassEntry[]
  value: readonly number[]
  most: number
  onChange(ids: number[]): void
}

export function ClassList({ classes, value, most, onChange }: ClassListProps) {
  const next = classes.find(({ id, policy, sensitive }) => policy !== 'deny' && !sensitive && !value.includes(id))
  const several = value.length > 1
  return (
    <fieldset class="class-list" aria-label="Classes">
      {value.map((id, place) => (
        <div class="class-list-one" key={`${place} ${value.length}`}>
          <ClassPicker
            classes={classes}
            value={id}
            label={several ? `Class ${place + 1}` : 'Class'}
            onChange={(chosen) => onChange([...new Set(value.with(place, chosen))])}
          />
          {several && (
            <button
              type="button"
              class="button plain square"
              aria-label={`Take class ${place + 1} away`}
              title="Take it away"
              onClick={() => onChange(value.filter((_, other) => other !== place))}
            >
              <Icon name="close" />
            </button>
          )}
        </div>
      ))}
      {next && value.length < most && (
        <button type="button" class="button small" onClick={() => onChange([...value, next.id])}>
          Add a class
        </button>
      )}
    </fieldset>
  )
}
