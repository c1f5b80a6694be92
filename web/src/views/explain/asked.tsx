// The controls of a figure that runs the model: class and seed, which the views share, and a button.
import { useContext } from 'preact/hooks'
import { wholeSetting } from '../../router.ts'
import { EngineContext } from '../../state/context.ts'
import { ClassPicker } from '../../ui/class-picker.tsx'
import { OpenModel } from '../../ui/open-model.tsx'
import { SeedField } from '../../ui/seed-field.tsx'
import type { ViewProps } from '../props.ts'

/** Class and seed of the address. */
export function askedFor({ model, settings }: Pick<ViewProps, 'model' | 'settings'>): { class: number; seed: number } {
  return {
    class: wholeSetting(settings.class, Math.min(8, model.classes - 1), 0, model.classes - 1),
    seed: wholeSetting(settings.seed, 7),
  }
}

export interface AskedProps extends Pick<ViewProps, 'model' | 'classes' | 'settings' | 'set' | 'ready'> {
  busy: boolean
  /** For all figures but the first: the offer to open the model is only shown once. */
  second?: boolean
  /** The button's label. */
  title: string
  onStart(): void
  onStop(): void
}

/** Class, seed and button; while the model is not open, the offer to open it. */
export function Asked({ model, classes, settings, set, ready, busy, second, title, onStart, onStop }: AskedProps) {
  const engine = useContext(EngineContext)
  const asked = askedFor({ model, settings })
  if (!ready) {
    if (second) return <p class="quiet">This figure asks the model, too; it has to be opened above first.</p>
    return engine ? <OpenModel engine={engine} /> : null
  }
  return (
    <form
      class="explain-asked"
      onSubmit={(event) => {
        event.preventDefault()
        onStart()
      }}
    >
      <ClassPicker classes={classes} value={asked.class} onChange={(id) => set({ class: id })} />
      <SeedField value={asked.seed} onChange={(seed) => set({ seed })} />
      {busy ? (
        <button type="button" class="button" onClick={onStop}>
          Stop
        </button>
      ) : (
        <button type="submit" class="button primary">
          {title}
        </button>
      )}
    </form>
  )
}
