// Keys that work anywhere on the page, except where they mean something else: letters in a field, Enter on a button,
// any key in a dialog, any key with Ctrl, Alt or Meta.
import { useEffect, useRef } from 'preact/hooks'

export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>

const types = 'input:not([type=radio], [type=checkbox], [type=range], [type=button], [type=file]), textarea, select'
const acts = 'button, a, summary, [role=combobox]'

/** Whether a key pressed here belongs to the element it was pressed on. */
function isTaken({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false
  const dialog = target.closest('dialog')
  if (dialog) return dialog.open // a dialog that was just closed may keep the focus for a moment
  if (target.closest(types)) return key !== 'Escape' && key !== 'Enter'
  if (target.closest('input') && key.startsWith('Arrow')) return true
  return (key === 'Enter' || key === ' ') && target.closest(acts) !== null
}

/** Listens while the component is mounted; names are those of KeyboardEvent.key, letters in lower case. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys)
  latest.current = keys
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return
      if (isTaken(event)) return
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
      const act = latest.current[key]
      if (!act) return
      event.preventDefault()
      act(event)
    }
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [])
}
