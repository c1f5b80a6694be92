// A class out of many: a combobox over names, synonyms and ids (WAI-ARIA APG, "editable combobox with list autocomplete").
// Arrows move in the list, Enter selects, Escape cancels. Sensitive classes are marked; denied ones cannot be selected.
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ClassEntry } from '../backend/types.ts'
import { type Found, searchClasses } from './class-search.ts'
import { Icon } from './icon.tsx'

/** The most classes in the list; another letter narrows it down. */
const mostShown = 80

export interface ClassPickerProps {
  classes: readonly ClassEntry[]
  value: number
  onChange(id: number): void
  /** "Class" by default. */
  label?: string
}

export function ClassPicker({ classes, value, onChange, label = 'Class' }: ClassPickerProps) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const [text, setText] = useState<string>()
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(-1)
  const chosen = classes.find((entry) => entry.id === value)
  const found = searchClasses(classes, text ?? '')
  const shown = found.slice(0, mostShown)
  const current = open ? shown[active] : undefined

  useEffect(() => {
    if (open) list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [open, active])

  const settled = text === undefined
  useLayoutEffect(() => {
    if (settled && document.activeElement === input.current) input.current?.select() // the next letter replaces the text
  }, [settled, open, value])

  const show = (at = -1) => {
    setOpen(true)
    setActive(at)
  }
  const close = () => {
    setOpen(false)
    setText(undefined)
    setActive(-1)
  }
  const take = (entry: ClassEntry | undefined) => {
    if (!entry || entry.policy === 'deny') return
    close()
    onChange(entry.id)
  }
  const keys: Record<string, (event: KeyboardEvent) => boolean> = {
    ArrowDown: (event) => {
      if (!open) show(event.altKey ? -1 : indexOf(shown, value))
      else setActive((active + 1) % Math.max(1, shown.length))
      return true
    },
    ArrowUp: () => {
      if (!open) show(shown.length - 1)
      else setActive((active <= 0 ? shown.length : active) - 1)
      return true
    },
    Enter: () => {
      if (!open) return false
      if (current) take(current.entry)
      else if (text?.trim()) take(shown.find(({ entry }) => entry.policy !== 'deny')?.entry)
      else close()
      return true
    },
    Escape: () => {
      if (!open && text === undefined) return false
      close()
      return true
    },
  }

  return (
    <div class="field class-picker">
      <label class="label" for={id}>
        {label}
        {chosen?.sensitive && <SensitiveTag />}
      </label>
      <div class="combobox">
        <input
          ref={input}
          id={id}
          class="input"
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={open}
          aria-controls={`${id}-list`}
          aria-activedescendant={current && `${id}-${current.entry.id}`}
          autocomplete="off"
          spellcheck={false}
          placeholder={chosen?.name ?? 'Name or number'}
          value={text ?? chosen?.name ?? ''}
          onFocus={({ currentTarget }) => currentTarget.select()}
          onClick={() => open || show()}
          onInput={({ currentTarget }) => {
            setText(currentTarget.value)
            show(currentTarget.value.trim() ? firstAllowed(searchClasses(classes, currentTarget.value)) : -1)
          }}
          onKeyDown={(event) => {
            if (keys[event.key]?.(event)) {
              event.preventDefault()
              event.stopPropagation()
            }
          }}
          onBlur={close}
        />
        <Icon name="chevron" />
        <div
          ref={list}
          id={`${id}-list`}
          class="options"
          role="listbox"
          aria-label={`${label}: choices`}
          hidden={!open}
          onMouseDown={(event) => event.preventDefault()}
        >
          {shown.map(({ entry, by }, at) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the focus stays in the field, which handles the keys
            <div
              key={entry.id}
              id={`${id}-${entry.id}`}
              class="option"
              role="option"
              tabIndex={-1}
              aria-selected={at === active}
              aria-disabled={entry.policy === 'deny' || undefined}
              data-chosen={entry.id === value || undefined}
              onClick={() => take(entry)}
            >
              <span>
                {entry.name} {by && <small class="quiet">{by}</small>}
              </span>
              <span class="option-facts">
                {entry.policy === 'deny' && <span class="tag denied">denied by the policy</span>}
                {entry.sensitive && entry.policy !== 'deny' && <SensitiveTag />}
                <small class="quiet">{entry.id}</small>
              </span>
            </div>
          ))}
          {found.length > shown.length && <p class="hint">and {found.length - shown.length} more: type to find them</p>}
          {!found.length && <p class="hint">No class of this model is called “{text}”.</p>}
        </div>
      </div>
      <span class="sr-only" role="status">
        {open && text !== undefined ? `${found.length} found` : ''}
      </span>
    </div>
  )
}

export const SensitiveTag = () => (
  <span class="tag" title="One of the classes whose images people should look at before they are shown to others">
    sensitive
  </span>
)

const indexOf = (shown: readonly Found[], id: number): number => shown.findIndex(({ entry }) => entry.id === id)
const firstAllowed = (found: readonly Found[]): number => found.findIndex(({ entry }) => entry.policy !== 'deny')
