// The columns of a report's table: those that some row has something to say in.

import { figure, percentage } from '../core/format.ts'
import type { Metrics } from '../evaluate/result.ts'
import type { Published } from '../zoo/model-entry.ts'
import type { ReportEntry } from './entry.ts'
import { publishedText } from './published.ts'

export interface Measured {
  entry: ReportEntry
  speedup: number | undefined
  published: Published | undefined
}

export interface Column {
  title: string
  kind: 'name' | 'number' | 'published'
  better?: 'lower' | 'higher'
  cell(row: Measured): string
  value?(row: Measured): number | undefined
}

interface Metric {
  key: keyof Metrics
  title: string
  /** In the features of another network than Inception. */
  elsewhere?: string
  better: 'lower' | 'higher'
  text(value: number, metrics: Metrics): string
}

/** Two decimals, as FID is published, or more where it is small. */
const hundredths = (value: number): string => (value < 1 ? figure(value, 3) : value.toFixed(2))
const thousandths = (value: number): string => value.toFixed(3)
const spread =
  (deviation: 'kidDeviation' | 'isDeviation', shown: (value: number) => string) =>
  (value: number, all: Metrics): string =>
    [value, all[deviation]].flatMap((one) => (one === undefined ? [] : [shown(one)])).join(' ± ')

const metrics: readonly Metric[] = [
  { key: 'fid', title: 'FID', elsewhere: 'Fréchet distance', better: 'lower', text: hundredths },
  { key: 'sfid', title: 'sFID', elsewhere: 'spatial Fréchet distance', better: 'lower', text: hundredths },
  {
    key: 'is',
    title: 'IS',
    better: 'higher',
    text: spread('isDeviation', (value) => value.toFixed(value < 100 ? 2 : 1)),
  },
  { key: 'precision', title: 'Precision', better: 'higher', text: thousandths },
  { key: 'recall', title: 'Recall', better: 'higher', text: thousandths },
  {
    key: 'kid',
    title: 'KID',
    elsewhere: 'Kernel distance',
    better: 'lower',
    text: spread('kidDeviation', (value) => value.toFixed(5)),
  },
  { key: 'accuracy', title: 'Accuracy', better: 'higher', text: percentage },
]

/** Columns for these rows; `inception` says whether the features are those that FID is named after. */
export function columnsOf(rows: readonly Measured[], inception: boolean): Column[] {
  const sampled = rows.some(({ entry }) => entry.result.sampler)
  const names: Column[] = sampled
    ? [
        { title: 'Model', kind: 'name', cell: ({ entry: { result } }) => result.sampler?.model ?? result.name },
        { title: 'Sampler', kind: 'name', cell: ({ entry: { result } }) => result.sampler?.name ?? '' },
      ]
    : [{ title: 'Samples', kind: 'name', cell: ({ entry: { result } }) => result.name }]
  const numbers: Column[] = [
    number('Steps', ({ entry }) => entry.result.sampler?.steps, String),
    number('Time per image', ({ entry }) => entry.result.sampler?.secondsPerImage, seconds),
    number('Speed-up', ({ speedup }) => speedup, times),
    ...metrics.map(({ key, title, elsewhere, better, text }): Column => {
      const shown = inception ? title : (elsewhere ?? title)
      const value = ({ entry }: Measured) => entry.result.metrics[key]
      return { ...number(shown, value, text, ({ entry }) => entry.result.metrics), better }
    }),
  ]
  const published: Column = {
    title: 'Published',
    kind: 'published',
    cell: (row) => (row.published ? publishedText(row.published) : ''),
  }
  return [...names, ...[...numbers, published].filter(({ cell }) => rows.some((row) => cell(row) !== ''))]
}

const noMetrics: Metrics = {}

function number(
  title: string,
  value: (row: Measured) => number | undefined,
  text: (value: number, metrics: Metrics) => string,
  metricsOf: (row: Measured) => Metrics = () => noMetrics,
): Column {
  const cell = (row: Measured) => {
    const found = value(row)
    return found === undefined ? '' : text(found, metricsOf(row))
  }
  return { title, kind: 'number', cell, value }
}

/** "6.9 ms", "1.25 s" */
const seconds = (value: number): string => (value < 1 ? `${figure(1000 * value, 3)} ms` : `${figure(value, 3)} s`)

/** "9.8x" */
const times = (value: number): string => `${value < 10 ? value.toFixed(1) : figure(value, 3)}x`
