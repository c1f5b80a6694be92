// Where in the app one is, as a hash: `#/generate?class=3&seed=7`. The hash is the whole of it, so that a link, a bookmark and
// the Back button find the same view with the same settings, and so that the app runs as plain files.

export const viewNames = ['generate', 'same-noise', 'walk', 'trajectory', 'explain', 'report'] as const
export type ViewName = (typeof viewNames)[number]

/** Settings as the address writes them. */
export type Settings = Readonly<Record<string, string>>
/** Changes to settings; undefined takes one away. */
export type Changes = Readonly<Record<string, string | number | boolean | undefined>>

export interface Place {
  view: ViewName
  settings: Settings
}

/**
 * The place a hash names; what it does not name is the first view without settings.
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

/** The index of an image in its seed's run, as views of one noise read it. */
export const indexSetting = (settings: Partial<Settings>): number => wholeSetting(settings.index, 0, 0, 1e9)

const ofOneNoise: readonly ViewName[] = ['same-noise', 'walk', 'trajectory']

/** A link to a view that keeps what views share: model, class, seed, and between views of one noise its index. */
export function linkTo(view: ViewName, settings: Settings): string {
  const names = ['model', 'class', 'seed', ...(ofOneNoise.includes(view) ? ['index'] : [])]
  const shared = Object.entries(settings).filter(([name]) => names.includes(name))
  return formatPlace({ view, settings: Object.fromEntries(shared) })
}
