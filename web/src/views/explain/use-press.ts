// Mouse and touch presses inside an element, as a shortcut next to a control that the keyboard uses.
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
