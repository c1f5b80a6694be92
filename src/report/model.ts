// What a report says, as plain values that HTML and Markdown are written from. Results that may be compared stand in one
// table, all others apart; published figures have a column of their own and are part of no plot.

import { count } from '../core/format.ts'
import { comparable, type Difference } from '../evaluate/compare.ts'
import { publishedCount } from '../evaluate/protocols.ts'
import { type EvaluationResult, isInception, type Protocol } from '../evaluate/result.ts'
import { type ClassFigures, classFigures } from './classes.ts'
import { type Column, columnsOf, type Measured } from './columns.ts'
import type { Grid, ReportEntry } from './entry.ts'
import { type ProtocolBlock, protocolBlock } from './protocol-block.ts'
import { publishedFor, publishedRemarks } from './published.ts'
import { distinctLabels, familyOf, inOrder, isTeacher, speedup } from './samplers.ts'

export interface Report {
  title: string
  /** ISO day of the latest result. */
  date: string
  tables: ReportTable[]
  /** Why each later table stands apart from the first. */
  apart: { table: string; differences: Difference[] }[]
}

export interface ReportTable {
  /** "A", "B", ... */
  letter: string
  heading: string
  /** What a reader must not take the figures for. */
  caveats: string[]
  columns: Column[]
  rows: ReportRow[]
  remarks: string[]
  plots: Plot[]
  classes: ClassFigures | undefined
  grids: { grid: Grid; caption: string }[]
  protocol: ProtocolBlock
}

export interface ReportRow {
  /** Of model and sampler, different for every row of a table. */
  label: string
  /** The first of its family, a teacher with its students. */
  begins: boolean
  /** One per column, empty where there is none. */
  cells: string[]
  /** Per column, whether no other row is better. */
  best: boolean[]
}

/** Frechet distance against `x`. */
export interface Plot {
  x: 'seconds' | 'steps'
  metric: string
  groups: { name: string; marks: { x: number; y: number; label: string; hollow: boolean }[] }[]
}

/**
 * The model of a report's page.
 * @param entries at least one, none of them twice (`readEntries` sees to both)
 * @example
 * const report = reportOf(await readEntries(['results']), 'Sprites')
 * report.tables[0].rows.map(({ label }) => label) // ['sprites-var, teacher', 'sprites-var-dd, one step']
 */
export function reportOf(entries: readonly ReportEntry[], title: string): Report {
  const groups: ReportEntry[][] = []
  for (const entry of entries) {
    const found = groups.find(([first]) => comparable(first!.result.protocol, entry.result.protocol).comparable)
    if (found) found.push(entry)
    else groups.push([entry])
  }
  const [first] = groups
  return {
    title,
    date: entries
      .map(({ result }) => result.date.slice(0, 10))
      .sort()
      .at(-1)!,
    tables: groups.map((group, i) => tableOf(inOrder(group), letterOf(i), entries)),
    apart: groups.slice(1).map(([other], i) => {
      const { differences } = comparable(first![0]!.result.protocol, other!.result.protocol)
      return { table: letterOf(i + 1), differences: differences.filter(({ weight }) => weight === 'forbids') }
    }),
  }
}

/** A hash, or a text this long, says nothing beside another. */
const tellingLength = 40

/**
 * What follows the name of a field that keeps two tables apart.
 * @example
 * differenceText({ field: 'count', a: '50000', b: '5000', why: 'FID falls', weight: 'forbids' }) // 'is 5000, not 50000: FID falls'
 */
export function differenceText({ a, b, why }: Difference): string {
  const telling = a.length <= tellingLength && b.length <= tellingLength
  return `${telling ? `is ${b}, not ${a}` : 'differs'}: ${why}`
}

/** A to Z, then AA. */
const letterOf = (i: number): string =>
  (i >= 26 ? letterOf(Math.floor(i / 26) - 1) : '') + String.fromCharCode(65 + (i % 26))

function tableOf(entries: readonly ReportEntry[], letter: string, all: readonly ReportEntry[]): ReportTable {
  const { protocol } = entries[0]!.result
  const inception = isInception(protocol.features.name)
  const features = inception ? 'Inception-v3' : `features of ${protocol.features.name}`
  const labels = distinctLabels(entries)
  const rows = entries.map((entry) => {
    return { entry, speedup: speedup(entry, [...entries, ...all]), published: publishedFor(entry.result) }
  })
  const columns = columnsOf(rows, inception)
  const cells = columns.map(({ cell }) => rows.map(cell))
  const best = columns.map(({ value, better }) => bestOf(rows.map(value ?? (() => undefined)), better))
  return {
    letter,
    heading: `${protocol.name} protocol, ${count(protocol.count)} samples, ${features}`,
    caveats: caveatsOf(protocol, inception),
    columns,
    rows: entries.map((entry, i) => ({
      label: labels[i]!,
      begins: i === 0 || familyOf(entry.result) !== familyOf(entries[i - 1]!.result),
      cells: cells.map((column) => column[i]!),
      best: best.map((column) => column[i]!),
    })),
    remarks: [...remarksOf(rows, inception), ...warningsOf(entries, labels)],
    plots: (['seconds', 'steps'] as const).flatMap((x) => plotOf(x, entries, labels, inception)),
    classes: classFigures(entries, labels),
    grids: entries.flatMap(({ grid, result }, i) => (grid ? [{ grid, caption: gridCaption(result, labels[i]!) }] : [])),
    protocol: protocolBlock(entries, labels),
  }
}

/** The best of at least two values. */
function bestOf(values: readonly (number | undefined)[], better: 'lower' | 'higher' | undefined): boolean[] {
  const known = values.filter((value) => value !== undefined)
  if (!better || known.length < 2) return values.map(() => false)
  const top = better === 'lower' ? Math.min(...known) : Math.max(...known)
  return values.map((value) => value === top)
}

function caveatsOf({ features, count: samples }: Protocol, inception: boolean): string[] {
  if (!inception) {
    if (features.sha256 !== undefined)
      return [`Measured in the features of ${features.name}: these are not ImageNet FIDs.`]
    return [`Measured in ${features.name}, and no weights are recorded: do not take these for ImageNet FIDs.`]
  }
  if (samples >= publishedCount) return []
  const few = `The FID of ${count(samples)} samples is higher than that of ${count(publishedCount)} would be`
  return [`${few}: compare it with FIDs of as many samples only.`]
}

function remarksOf(rows: readonly Measured[], inception: boolean): string[] {
  const timed = rows.some(({ entry }) => entry.result.sampler?.secondsPerImage !== undefined)
  return [
    ...(rows.length > 1 ? ['Bold: the best of its column.'] : []),
    ...(timed ? ['Time: one image at a time, decoding included, the median of several.'] : []),
    ...(rows.some((row) => row.speedup !== undefined)
      ? ['Speed-up: against the teacher of the same family, timed on the same device with as many threads.']
      : []),
    ...(rows.some(({ entry }) => entry.result.metrics.accuracy !== undefined)
      ? ['Accuracy: the share of samples that the reader takes for the class that was asked for.']
      : []),
    ...publishedRemarks(rows, inception),
  ]
}

/** Each warning once, with the rows that it is about. */
function warningsOf(entries: readonly ReportEntry[], labels: readonly string[]): string[] {
  const rows = new Map<string, string[]>()
  for (const [i, { result }] of entries.entries())
    for (const warning of new Set(result.warnings)) rows.set(warning, [...(rows.get(warning) ?? []), labels[i]!])
  return [...rows].map(
    ([warning, of]) => `Warning${of.length === entries.length ? '' : ` (${of.join('; ')})`}: ${warning}`,
  )
}

function plotOf(x: Plot['x'], entries: readonly ReportEntry[], labels: readonly string[], inception: boolean): Plot[] {
  const marks = entries.flatMap((entry, i) => {
    const { sampler, metrics } = entry.result
    const across = x === 'seconds' ? sampler?.secondsPerImage : sampler?.steps
    if (!sampler || across === undefined || metrics.fid === undefined) return []
    const label = labels[i]!.replace(`${sampler.model}, `, '')
    return [
      {
        family: familyOf(entry.result),
        model: sampler.model,
        x: across,
        y: metrics.fid,
        label,
        hollow: isTeacher(entry.result),
      },
    ]
  })
  if (marks.length < 2) return []
  const families = [...new Set(marks.map(({ family }) => family))]
  const groups = families.map((family) => {
    const own = marks.filter((mark) => mark.family === family)
    const name = [...new Set(own.map(({ model }) => model))].join(', ')
    return { name, marks: own.map(({ x, y, label, hollow }) => ({ x, y, label, hollow })).sort((a, b) => a.x - b.x) }
  })
  return [{ x, metric: inception ? 'FID' : 'Fréchet distance', groups }]
}

function gridCaption({ sampler, name, protocol }: EvaluationResult, label: string): string {
  const steps = sampler && `${sampler.steps} ${sampler.steps === 1 ? 'step' : 'steps'}`
  const seed = protocol.sampling.seed === undefined ? undefined : `noise of seed ${protocol.sampling.seed}`
  const facts = [steps, seed, `labels: ${protocol.labels}`].filter(Boolean).join(', ')
  return `${label === name ? name : label}: the first samples that were measured (${facts}).`
}
