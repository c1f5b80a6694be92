// Class labels: an id, a name, a synonym or part of a name becomes a class id.
// Matching goes from strict to loose and stops at the first level with a match. If two classes match on one level, the error
// lists them; there is no silent choice.

import { nearest, UsageError } from '../core/errors.ts'

/** The classes a model was trained on. */
export interface ClassList {
  /** How errors call the list, e.g. `ImageNet`. */
  readonly name: string
  /** Class i at index i: synonyms separated by ", ", the preferred name first. */
  readonly labels: readonly string[]
  /** Ids whose images a person should check before they are published. */
  readonly sensitive: ReadonlySet<number>
}

/**
 * The classes of a network when nothing says what they are called: "0" to "N - 1".
 * @example
 * numberedClasses(3).labels // ['0', '1', '2']
 */
export const numberedClasses = (count: number): ClassList => ({
  name: 'the model',
  labels: Array.from({ length: count }, (_, id) => String(id)),
  sensitive: new Set(),
})

/** One class of a list. */
export interface ClassInfo {
  readonly id: number
  readonly name: string
  /** The other names of the class. */
  readonly synonyms: readonly string[]
  readonly sensitive: boolean
}

/**
 * Name and synonyms of a class.
 *
 * @throws UsageError when the list has no such id.
 * @example
 * classInfo(207, imagenet).name // 'golden retriever'
 */
export function classInfo(id: number, classes: ClassList): ClassInfo {
  const label = classes.labels[id]
  if (label === undefined) {
    throw new UsageError(
      `There is no class ${id}: the classes of ${classes.name} are 0 to ${classes.labels.length - 1}.`,
    )
  }
  const [name, ...synonyms] = label.split(', ')
  return { id, name: name!, synonyms, sensitive: classes.sensitive.has(id) }
}

/**
 * The id of one class, given by id, by name or synonym, or by an unambiguous part of one (whole words before
 * fragments). Case, hyphens, underscores, apostrophes and accents do not matter.
 *
 * @throws UsageError when nothing matches (with the nearest name) or several classes do (with the candidates).
 * @example
 * resolveClass('Golden_Retriever', imagenet) // 207
 */
export function resolveClass(label: string | number, classes: ClassList): number {
  const text = String(label).trim()
  if (/^-?[\d.]+$/.test(text)) return classInfo(Number(text), classes).id
  const query = labelKey(text)
  const index = indexOf(classes)
  for (const matches of query ? levels : []) {
    const ids = index.filter((entry) => matches(entry, query)).map((entry) => entry.id)
    if (ids.length === 1) return ids[0]!
    if (ids.length > 1) throw ambiguous(text, ids, classes)
  }
  const names = new Map(index.flatMap((entry) => entry.words.map((word) => [word, entry.id] as const)))
  const near = nearest(query, names.keys())
  throw new UsageError(`There is no class "${text}" in ${classes.name}.`, {
    remedy:
      near === undefined
        ? `Give an id from 0 to ${classes.labels.length - 1}, a name, or part of a name.`
        : `Did you mean "${near}" (class ${names.get(near)})?`,
  })
}

/**
 * Class ids from what stands behind `--class`: `"207,360"`, `"0-9"`, `"goldfish, otter"`, or a mixture. A list of
 * synonyms of one class (as in `"tench, Tinca tinca"`) counts as that class. Order and repetitions are kept.
 *
 * @throws UsageError as `resolveClass`, and on a range that runs backwards.
 * @example
 * resolveClasses('207, 0-2, goldfish', imagenet) // [207, 0, 1, 2, 1]
 */
export function resolveClasses(spec: string | number | readonly (string | number)[], classes: ClassList): number[] {
  if (typeof spec === 'number') return [resolveClass(spec, classes)]
  if (typeof spec !== 'string') return spec.flatMap((item) => resolveClasses(item, classes))
  const parts = spec.split(',').map((part) => part.trim())
  const ids: number[] = []
  for (let start = 0; start < parts.length; ) {
    const run = longestLabel(parts, start, classes)
    if (run) ids.push(run.id)
    else ids.push(...resolvePart(parts[start]!, classes))
    start = run?.end ?? start + 1
  }
  return ids
}

function resolvePart(part: string, classes: ClassList): number[] {
  const range = /^(\d+)\s*-\s*(\d+)$/.exec(part)
  if (!range) return [resolveClass(part, classes)]
  const first = classInfo(Number(range[1]), classes).id
  const last = classInfo(Number(range[2]), classes).id
  if (last < first)
    throw new UsageError(`The class range ${part} runs backwards.`, { remedy: `Write ${last}-${first}.` })
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

/** The longest run of two or more parts from `start` that stands, in this order, in the label of exactly one class. */
function longestLabel(parts: string[], start: number, classes: ClassList): { id: number; end: number } | undefined {
  for (let end = parts.length; end > start + 1; end--) {
    const run = `, ${labelKey(parts.slice(start, end).join(','))}, `
    const found = indexOf(classes).filter((entry) => `, ${entry.label}, `.includes(run))
    if (found.length === 1) return { id: found[0]!.id, end }
  }
  return undefined
}

interface IndexEntry {
  id: number
  /** All synonyms, normalised, separated by ", ". */
  label: string
  /** The synonyms one by one. */
  words: string[]
}

const levels: readonly ((entry: IndexEntry, query: string) => boolean)[] = [
  (entry, query) => entry.label === query,
  (entry, query) => entry.words[0] === query,
  (entry, query) => entry.words.includes(query),
  (entry, query) => entry.words.some((word) => ` ${word} `.includes(` ${query} `)),
  (entry, query) => entry.words.some((word) => word.includes(query)),
]

const indices = new WeakMap<ClassList, IndexEntry[]>()

function indexOf(classes: ClassList): IndexEntry[] {
  let index = indices.get(classes)
  if (!index) {
    index = classes.labels.map((text, id) => {
      const label = labelKey(text)
      return { id, label, words: label.split(', ') }
    })
    indices.set(classes, index)
  }
  return index
}

const labelKey = (text: string): string => text.split(',').map(wordKey).join(', ')

function wordKey(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f'’.]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}

const describe = (id: number, classes: ClassList): string => `${id} ${classes.labels[id]}`

const mostCandidates = 8

function ambiguous(text: string, ids: number[], classes: ClassList): UsageError {
  const shown = ids.slice(0, mostCandidates).map((id) => describe(id, classes))
  const more = ids.length > shown.length ? `; and ${ids.length - shown.length} more` : ''
  return new UsageError(`"${text}" fits ${ids.length} classes of ${classes.name}: ${shown.join('; ')}${more}.`, {
    remedy: 'Give more of the name, or the id.',
  })
}
