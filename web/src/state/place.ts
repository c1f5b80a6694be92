// The address as state: where the hash points to, and a way to change its settings.
import { useCallback, useEffect, useState } from 'preact/hooks'
import { type Changes, changed, formatPlace, type Place, parsePlace } from '../router.ts'

const here = (): Place => parsePlace(location.hash)

/** The place the address names, now and whenever it changes; `set` changes settings in it. */
export function usePlace(): Place & { set(changes: Changes, how?: 'replace' | 'push'): void } {
  const [place, setPlace] = useState(here)
  useEffect(() => {
    const follow = () => setPlace(here())
    addEventListener('hashchange', follow)
    addEventListener('popstate', follow)
    return () => {
      removeEventListener('hashchange', follow)
      removeEventListener('popstate', follow)
    }
  }, [])
  const set = useCallback((changes: Changes, how: 'replace' | 'push' = 'replace') => {
    const now = here()
    const next = { ...now, settings: changed(now.settings, changes) }
    if (formatPlace(next) === formatPlace(now)) return
    history[how === 'push' ? 'pushState' : 'replaceState'](null, '', formatPlace(next))
    setPlace(next)
  }, [])
  return { ...place, set }
}
