// Restores settings from a picture: dropped anywhere on the page, pasted, or chosen as a file.
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../../ui/icon.tsx'
import { readImageSettings } from '../../ui/restore.ts'

export interface Restore {
  /** Whether a file is held over the page. */
  dragging: boolean
  fault: unknown
  open(file: File): void
}

/** @param onImage receives the settings in the file; an error that it throws is shown */
export function useRestore(onImage: (settings: Record<string, unknown>) => void): Restore {
  const [dragging, setDragging] = useState(false)
  const [fault, setFault] = useState<unknown>()
  const latest = useRef(onImage)
  latest.current = onImage
  const open = (file: File) => {
    setFault(undefined)
    readImageSettings(file)
      .then((settings) => latest.current(settings))
      .catch(setFault)
  }
  useEffect(() => {
    const hasFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
    const over = (event: DragEvent) => {
      if (!hasFile(event)) return
      event.preventDefault()
      setDragging(true)
    }
    const leave = (event: DragEvent) => event.relatedTarget === null && setDragging(false)
    const drop = (event: DragEvent) => {
      setDragging(false)
      const [file] = event.dataTransfer?.files ?? []
      if (!file) return
      event.preventDefault()
      open(file)
    }
    const paste = ({ clipboardData }: ClipboardEvent) => {
      const [file] = clipboardData?.files ?? []
      if (file) open(file)
    }
    const listeners = { dragover: over, dragleave: leave, drop, paste } as const
    for (const [name, listener] of Object.entries(listeners)) document.addEventListener(name, listener as EventListener)
    return () => {
      for (const [name, listener] of Object.entries(listeners))
        document.removeEventListener(name, listener as EventListener)
    }
  }, [])
  return { dragging, fault, open }
}

export const DropVeil = ({ shown }: { shown: boolean }) => (
  <div class="drop-veil" hidden={!shown} aria-hidden="true">
    <p>
      <Icon name="image" /> Drop it, and its settings come back
    </p>
  </div>
)
