// Finds classes by a few typed letters: the id, the start of a name, of a word in it, of a synonym, any part; best first.
import type { ClassEntry } from '../backend/types.ts'

export interface Found {
  entry: ClassEntry
  /** The synonym that matched, when the name did not. */
  by?: string
}

const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f'’.]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

/** 0 is best; undefined means no match. */
function rank(name: string, query: string): number | undefined {
  const text = plain(name)
  if (text === query) return 0
  if (text.startsWith(query)) return 1
  if (` ${text}`.includes(` ${query}`)) return 2
  return text.includes(query) ? 4 : undefined
}

/**
 * The classes that match a query, best first, then in the order of their ids; all of them for an empty one.
 * @example
 * searchClasses(classes, 'boa').map(({ entry }) => entry.name) // ['boat', ...]
 */
export function searchClasses(classes: readonly ClassEntry[], text: string): Found[] {
  const query = plain(text)
  if (!query) return classes.map((entry) => ({ entry }))
  const found: (Found & { rank: number })[] = []
  for (const entry of classes) {
    const byId = String(entry.id) === query ? 0 : undefined
    const byName = byId ?? rank(entry.name, query)
    const others = entry.synonyms.filter((synonym) => synonym !== entry.name)
    const ranked = others.map((by) => ({ by, rank: rank(by, query) })).filter((item) => item.rank !== undefined)
    const synonym = ranked.sort((a, b) => a.rank! - b.rank!)[0]
    if (byName !== undefined && byName <= (synonym?.rank ?? 9)) found.push({ entry, rank: byName })
    else if (synonym) found.push({ entry, by: synonym.by, rank: synonym.rank! + 0.5 })
  }
  return found.sort((a, b) => a.rank - b.rank || a.entry.id - b.entry.id)
}

/** The class with this id, or the first one that may be sampled. */
export const classOr = (classes: readonly ClassEntry[], id: number): ClassEntry | undefined =>
  classes.find((entry) => entry.id === id) ?? classes.find(({ policy }) => policy !== 'deny') ?? classes[0]
