// Noise walk: one step per picture is fast enough to move through noise by hand. From one seed's noise to another's on the
// sphere, all token groups or some of them, several classes of the same noise side by side, and a film of it.
import { useMemo } from 'preact/hooks'
import { SamplingPicker } from '../../ui/sampling-picker.tsx'
import { SeedField } from '../../ui/seed-field.tsx'
import type { ViewProps } from '../props.ts'
import { ClassList } from '../same-noise/class-list.tsx'
import { FilmExport } from './film-export.tsx'
import { GroupChooser } from './group-chooser.tsx'
import { writeGroups } from './groups.ts'
import { Stage } from './stage.tsx'
import { useModelChange, useRested } from './use-rested.ts'
import { mostClasses, paces, readWalk } from './walk-settings.ts'
import './walk.css'

export default function Walk({ backend, model, classes, settings, set }: ViewProps) {
  useModelChange(model.id, () => set({ groups: undefined }))
  const [groups, setGroups] = useRested(settings.groups, (text) => set({ groups: text }))
  const walk = useMemo(() => readWalk({ ...settings, groups }, model), [settings, groups, model])
  const total = model.groups.length
  return (
    <div class="view walk">
      <header class="view-head">
        <h1>Noise walk</h1>
        <p class="lead">
          Every picture comes from one noise in one step. There are more noises between two noises: walk from one to the
          other and watch the picture change.
        </p>
      </header>
      <div class="walk-bench">
        <form class="stack walk-what" onSubmit={(event) => event.preventDefault()}>
          <ClassList
            classes={classes}
            value={walk.classes}
            most={mostClasses}
            onChange={(ids) => set({ classes: ids.join(','), class: ids[0] })}
          />
          <div class="walk-seeds">
            <SeedField
              label="From seed"
              value={walk.from}
              onChange={(seed) => set({ seed, to: walk.to, index: undefined })}
              {...(walk.index && { hint: `picture ${walk.index} of this seed` })}
            />
            <SeedField label="To seed" value={walk.to} onChange={(to) => set({ to })} />
          </div>
        </form>
        <div class="stack walk-shown">
          <Stage backend={backend} model={model} classes={classes} walk={walk} set={set} />
          <div class="walk-below">
            <GroupChooser
              model={model}
              value={walk.moving}
              onChange={(moving) => setGroups(writeGroups(moving, total))}
            />
            <FilmExport backend={backend} model={model} walk={walk} set={set} />
          </div>
          <p class="hint">
            <kbd>Space</kbd> plays and pauses, <kbd>←</kbd> <kbd>→</kbd> step, with <kbd>Shift</kbd> further.
          </p>
        </div>
        <form class="stack walk-manner" onSubmit={(event) => event.preventDefault()}>
          <SamplingPicker
            model={model}
            value={walk.choice.key}
            onChange={(steps) => set({ steps })}
            flow
            name="walk-way"
          />
          <fieldset class="field">
            <legend class="label">Seconds one way</legend>
            <div class="segments">
              {paces.map((pace) => (
                <label key={pace} class="segment">
                  <input type="radio" name="walk-pace" checked={walk.seconds === pace} onChange={() => set({ pace })} />
                  <span>{pace}</span>
                </label>
              ))}
            </div>
          </fieldset>
        </form>
      </div>
    </div>
  )
}
