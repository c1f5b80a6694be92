// The token groups that walk: a sorted list of numbers, written briefly in an address ("0-2,5"); without it, all groups
// walk.

/** The groups of an address; undefined when it names no group of this model. */
export function readGroups(text: string | undefined, total: number): number[] | undefined {
  if (text === undefined) return undefined
  if (text === 'none') return []
  const found = new Set<number>()
  for (const part of text.split(',')) {
    const [, first, last] = part.match(/^(\d+)(?:-(\d+))?$/) ?? []
    if (first === undefined) continue
    for (let group = Number(first); group <= Math.min(Number(last ?? first), total - 1); group++) found.add(group)
  }
  return found.size > 0 ? [...found].sort((a, b) => a - b) : undefined
}

/**
 * The groups as text for an address; undefined for all groups, which is the default.
 * @example
 * writeGroups([0, 1, 2, 5], 6) // '0-2,5'
 */
export function writeGroups(groups: readonly number[], total: number): string | undefined {
  if (groups.length === total) return undefined
  if (groups.length === 0) return 'none'
  const runs: [number, number][] = []
  for (const group of groups) {
    const last = runs.at(-1)
    if (last && last[1] === group - 1) last[1] = group
    else runs.push([group, group])
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}

/** The same groups with one turned on or off. */
export function withGroup(groups: readonly number[], group: number, on: boolean): number[] {
  const others = groups.filter((other) => other !== group)
  return on ? [...others, group].sort((a, b) => a - b) : others
}

export const allGroups = (total: number): number[] => Array.from({ length: total }, (_, group) => group)

/** The side of a group's square, in tokens: VAR's scales are squares. */
export const sideOf = (tokens: number): number => Math.round(Math.sqrt(tokens))
