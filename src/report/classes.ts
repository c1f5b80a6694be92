// Accuracy by class: bars for one result, a heat table for several, and of many classes only those that fare worst.

import type { ReportEntry } from './entry.ts'

export interface ClassFigures {
  /** "the 24 lowest of 1,000", or empty when all are shown. */
  remark: string
  /** Of the results that know their classes. */
  labels: string[]
  /** Hardest class first; a share is undefined where a result has no such class. */
  rows: { name: string; shares: (number | undefined)[]; mean: number }[]
}

/** Classes that are shown. */
const most = 40
const lowest = 24

const byName = new Intl.Collator('en').compare

const sharesOf = (classes: NonNullable<ReportEntry['result']['classes']>): ReadonlyMap<number, number> =>
  new Map(classes.map(({ id, accuracy }) => [id, accuracy]))

/** The figures of those results of a table that have any. */
export function classFigures(entries: readonly ReportEntry[], labels: readonly string[]): ClassFigures | undefined {
  const having = entries.flatMap(({ result: { classes } }, i) =>
    classes?.length ? [{ classes, label: labels[i]!, shares: sharesOf(classes) }] : [],
  )
  if (!having.length) return undefined
  const names = new Map(having.flatMap(({ classes }) => classes.map(({ id, name }) => [id, name] as const)))
  const rows = Array.from(names, ([id, name]) => {
    const shares = having.map(({ shares }) => shares.get(id))
    const known = shares.filter((share) => share !== undefined)
    return { name, shares, mean: known.reduce((sum, share) => sum + share, 0) / known.length }
  }).sort((a, b) => a.mean - b.mean || byName(a.name, b.name))
  return {
    remark: rows.length > most ? `the ${lowest} lowest of ${rows.length.toLocaleString('en-US')}` : '',
    labels: having.map(({ label }) => label),
    rows: rows.slice(0, rows.length > most ? lowest : undefined),
  }
}
