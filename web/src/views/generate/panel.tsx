// The settings of a run, in the order of decisions; Enter in any field makes the pictures.
import { useId } from 'preact/hooks'
import type { ClassEntry, ModelInfo } from '../../backend/types.ts'
import { ClassPicker } from '../../ui/class-picker.tsx'
import { Icon } from '../../ui/icon.tsx'
import { samplingChoice } from '../../ui/sampling-choices.ts'
import { SamplingPicker } from '../../ui/sampling-picker.tsx'
import { SeedField } from '../../ui/seed-field.tsx'
import { TeacherFields } from '../../ui/teacher-fields.tsx'
import { plural } from '../../ui/text.ts'
import type { Restore } from './restore.tsx'
import { counts, type RunSettings } from './run-settings.ts'

export interface SettingsPanelProps {
  model: ModelInfo
  classes: readonly ClassEntry[]
  entry: ClassEntry | undefined
  run: RunSettings
  running: boolean
  live: boolean
  times: Readonly<Record<string, number | undefined>>
  restore: Restore
  setLive(live: boolean): void
  change(part: Partial<RunSettings>): void
  generate(): void
  cancel(): void
  onHelp(): void
}

export function SettingsPanel(props: SettingsPanelProps) {
  const { model, classes, entry, run, running, live, times, restore, change } = props
  const file = useId()
  return (
    <form
      class="panel stack"
      aria-label="Settings"
      onSubmit={(event) => {
        event.preventDefault()
        props.generate()
      }}
    >
      <ClassPicker classes={classes} value={run.class} onChange={(id) => change({ class: id })} />
      {entry?.policy === 'deny' && <p class="hint">The policy of this server denies this class. Choose another one.</p>}
      {entry?.policy === 'flag' && <p class="hint">The policy marks pictures of this class.</p>}
      <CountField value={run.count} onChange={(count) => change({ count })} />
      <SeedField
        value={run.seed}
        onChange={(seed) => change({ seed })}
        {...(run.first && { hint: `picture ${run.first} of this seed` })}
      />
      <SamplingPicker model={model} value={run.steps} onChange={(steps) => change({ steps })} flow times={times} />
      {samplingChoice(model, run.steps, { flow: true }).teacher && (
        <TeacherFields model={model} value={run.teacher} onChange={(teacher) => change({ teacher })} />
      )}
      <div class="stack tight">
        <div class="joined">
          <button type="submit" class="button primary wide" disabled={!entry || entry.policy === 'deny'}>
            Make {plural(run.count, 'picture')}
          </button>
          <button
            type="button"
            class="button square"
            aria-label="Stop"
            title="Stop (Esc)"
            disabled={!running}
            onClick={props.cancel}
          >
            <Icon name="stop" />
          </button>
        </div>
        <label class="check">
          <input type="checkbox" checked={live} onChange={(event) => props.setLive(event.currentTarget.checked)} />
          <span>as soon as a setting changes</span>
        </label>
      </div>
      <div class="row panel-more">
        <label class="button small" for={file}>
          <Icon name="upload" /> Open a picture
        </label>
        <input
          id={file}
          class="sr-only file-input"
          type="file"
          accept="image/png,image/jpeg,image/webp"
          aria-describedby={`${file}-hint`}
          onChange={({ currentTarget }) => {
            const [chosen] = currentTarget.files ?? []
            if (chosen) restore.open(chosen)
            currentTarget.value = ''
          }}
        />
        <button type="button" class="button small plain" onClick={props.onHelp}>
          Keys <kbd>?</kbd>
        </button>
        <p class="hint" id={`${file}-hint`}>
          Drop or paste one, too: its settings come back.
        </p>
      </div>
    </form>
  )
}

function CountField({ value, onChange }: { value: number; onChange(count: number): void }) {
  const offered = (counts as readonly number[]).includes(value) ? counts : [...counts, value].sort((a, b) => a - b)
  return (
    <fieldset class="field">
      <legend class="label">Pictures</legend>
      <div class="segments">
        {offered.map((count) => (
          <label key={count} class="segment">
            <input type="radio" name="count" value={count} checked={count === value} onChange={() => onChange(count)} />
            <span>{count}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
