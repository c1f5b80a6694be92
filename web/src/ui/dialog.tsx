// A modal dialog: the browser's own, with its focus handling and Escape; a click beside it closes it, too.
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { Icon } from './icon.tsx'

export interface DialogProps {
  title: string
  open: boolean
  onClose(): void
  /** A key that closes it beside Escape: the one that opened it. */
  closeKey?: string
  children: ComponentChildren
}

export function Dialog({ title, open, onClose, closeKey, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  // Before the next key is heard: what is typed then belongs to the dialog
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
