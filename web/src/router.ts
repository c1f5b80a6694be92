// The current place in the app as a hash: `#/generate?class=3&seed=7`. The hash holds the view and all its settings, so that links,
// bookmarks and the Back button restore them, and the app runs from plain files.

export const viewNames = ['generate', 'same-noise', 'walk', 'trajectory', 'explain', 'report'] as const
export type ViewName = (typeof viewNames)[number]

/** Settings as the address writes them. */
export type Settings = Readonly<Record<string, string>>
/** Changes to settings; undefined removes one. */
export type Changes = Readonly<Record<string, string | number | boolean | undefined>>

export interface Place {
  view: ViewName
  settings: Settings
}

/**
 * The place that a hash names; the first view without settings when it names no view.
 * @example
 * parsePlace('#/walk?seed=7') // { view: 'walk', settings: { seed: '7' } }
 */
export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const view = viewNames.find((name) => name === path) ?? 'generate'
  return { view, settings: Object.fromEntries(new URLSearchParams(query)) }
}

/**
 * The hash of a place.
 * @example
 * formatPlace({ view: 'walk', settings: { seed: '7' } }) // '#/walk?seed=7'
 */
export function formatPlace({ view, settings }: Place): string {
  const query = new URLSearchParams(settings).toString()
  return `#/${view}${query && `?${query}`}`
}

/** Settings with changes applied. */
export function changed(settings: Settings, changes: Changes): Settings {
  const merged = { ...settings, ...changes }
  const kept = Object.entries(merged).filter(([, value]) => value !== undefined)
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]))
}

/** A setting that is a whole number in a range; `fallback` when it is absent or anything else. */
export function wholeSetting(text: string | undefined, fallback: number, low = 0, high = Number.MAX_SAFE_INTEGER) {
  const value = Number(text)
  return text !== undefined && /^\d+$/.test(text) && value >= low && value <= high ? value : fallback
}

/** The index of an image in its seed's run; views of a single noise use it. */
export const indexSetting = (settings: Partial<Settings>): number => wholeSetting(settings.index, 0, 0, 1e9)

const ofOneNoise: readonly ViewName[] = ['same-noise', 'walk', 'trajectory']

/** A link to a view that keeps the shared settings: model, class, seed, and the index for views of a single noise. */
export function linkTo(view: ViewName, settings: Settings): string {
  const names = ['model', 'class', 'seed', ...(ofOneNoise.includes(view) ? ['index'] : [])]
  const shared = Object.entries(settings).filter(([name]) => names.includes(name))
  return formatPlace({ view, settings: Object.fromEntries(shared) })
}
