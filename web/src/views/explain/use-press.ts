// A shortcut for the mouse and the finger where the keyboard has a control of its own: presses inside an element.
import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

export function usePress(place: RefObject<HTMLElement | null>, onPress: (target: Element) => void): void {
  const latest = useRef(onPress)
  latest.current = onPress
  useEffect(() => {
    const element = place.current
    const listener = ({ target }: Event) => target instanceof Element && latest.current(target)
    element?.addEventListener('click', listener)
    return () => element?.removeEventListener('click', listener)
  }, [place])
}
