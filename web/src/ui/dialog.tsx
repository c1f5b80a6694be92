// A modal dialog: the browser's own, with its focus handling and Escape; a click outside also closes it.
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { Icon } from './icon.tsx'

export interface DialogProps {
  title: string
  open: boolean
  onClose(): void
  /** The key that opened it; it closes it as Escape does. */
  closeKey?: string
  children: ComponentChildren
}

export function Dialog({ title, open, onClose, closeKey, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  // Before the next key event: keys typed from now on belong to the dialog
  useLayoutEffect(() => {
    const dialog = element.current!
    if (open && !dialog.open) dialog.showModal()
    if (!open && dialog.open) dialog.close()
  }, [open])
  return (
    <dialog
      ref={element}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === element.current && onClose()}
      onKeyDown={(event) => {
        if (event.key !== closeKey) return
        event.preventDefault()
        event.stopPropagation()
        onClose()
      }}
    >
      <div class="dialog-body stack">
        <div class="row spread">
          <h2>{title}</h2>
          <button type="button" class="button plain square small" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        {open && children}
      </div>
    </dialog>
  )
}
