// The person's choices for this browser: theme and engine. They are kept in localStorage, or for this page only without it.
import { useState } from 'preact/hooks'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]
export const engines = ['server', 'page'] as const
export type EngineKind = (typeof engines)[number]

const key = (name: string) => `distilled-decoding.${name}`

function recall<T extends string>(name: string, known: readonly T[]): T | undefined {
  try {
    const found = localStorage.getItem(key(name))
    return known.find((value) => value === found)
  } catch {
    return undefined
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(key(name), value)
  } catch {
    // Private windows may refuse; the choice then holds until the page is left.
  }
}

export const preferredEngine = (): EngineKind | undefined => recall('engine', engines)
export const keepEngine = (kind: EngineKind): void => keep('engine', kind)

/** Sets the theme on the document; the style sheets depend on it. */
export function applyTheme(theme: Theme = recall('theme', themes) ?? 'system'): Theme {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  return theme
}

/** The theme and a function that changes it. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => applyTheme())
  return [
    theme,
    (chosen) => {
      keep('theme', chosen)
      setTheme(applyTheme(chosen))
    },
  ]
}

/** A choice between yes and no, kept under a name. */
export function usePreference(name: string, otherwise: boolean): [boolean, (value: boolean) => void] {
  const [value, setValue] = useState(() => (recall(name, ['yes', 'no']) ?? (otherwise ? 'yes' : 'no')) === 'yes')
  return [
    value,
    (chosen) => {
      keep(name, chosen ? 'yes' : 'no')
      setValue(chosen)
    },
  ]
}
