// The report as HTML text: heading and outcome, figures, curves, sheets, settings.

import { escaped } from '../charts/html.ts'
import { latest, lineChart } from '../charts/line-chart.ts'
import { pageTop } from '../charts/page-style.ts'
import { count, duration, figure } from '../core/format.ts'
import type { KnobRow } from './knobs.ts'
import { runStyle } from './report-style.ts'
import type { Curves, RunSummary } from './run-summary.ts'

export type SettingRow = Pick<KnobRow, 'name' | 'value'> & Partial<KnobRow>

export interface PageSheet {
  step: number
  caption: string
  /** Address of the image; undefined when there is none any more. */
  source: string | undefined
  /** Pixels are few and shown as squares. */
  small: boolean
}

export interface Page {
  title: string
  summary: RunSummary
  settings: readonly SettingRow[]
  sheets: readonly PageSheet[]
}

/** The whole page. */
export function reportPage({ title, summary, settings, sheets }: Page): string {
  return `${pageTop(title, runStyle)}
${status(summary)}
</header>
<main>
${tiles(summary)}
${section(
  'Curves',
  'over training steps',
  summary.curves.map((curves) => chart(curves, summary.steps)),
)}
${section('Samples', 'newest first', sheets.toReversed().map(sheetFigure), 'sheets')}
${settings.length ? section('Settings', '', [table(settings)], 'settings') : ''}
</main>
</body>
</html>
`
}

function section(title: string, remark: string, parts: readonly string[], kind = 'charts'): string {
  if (!parts.length) return ''
  return `<section>
<h2>${title}${remark && ` <small>${remark}</small>`}</h2>
<div class="${kind}">
${parts.join('\n')}
</div>
</section>`
}

function status({ outcome, message, started }: RunSummary): string {
  const when = started && `${started.slice(0, 10)} ${started.slice(11, 16)} UTC`
  return `<p class="status"><span class="${outcome}">${outcome}</span>${when ? ` <time>${escaped(when)}</time>` : ''}</p>
${message === undefined ? '' : `<p class="message">${escaped(message)}</p>`}`
}

/** The figures one asks for first. */
function tiles({ steps, seconds, curves }: RunSummary): string {
  const [loss, ...others] = curves
  const shown: [value: string, label: string][] = [
    [count(steps), 'steps'],
    [duration(seconds), 'time'],
    ...(loss?.series ?? []).map(({ name, points }): [string, string] => [figure(latest(points)), `${name} loss`]),
    ...others.flatMap(({ name, series }): [string, string][] => {
      const validation = series.find((one) => one.name === 'validation')
      return validation ? [[figure(latest(validation.points)), spoken(name)]] : []
    }),
    ...others
      .filter(({ name }) => name === 'images per second')
      .map(({ series }): [string, string] => [figure(median(series[0]!.points.map(([, y]) => y)), 3), 'images/s']),
  ]
  const items = shown.map(([value, label]) => `<div><dd>${value}</dd><dt>${escaped(label)}</dt></div>`)
  return `<dl class="tiles">${items.join('')}</dl>`
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

const initials = /\b(ce|ema|fid|kid|kl|lpips|mse|psnr|ssim|vq)\b/g

/** Metrics are named as code names them, "ceLoss" or "psnr_db", and read as words. */
const spoken = (name: string): string =>
  name
    .replaceAll('_', ' ')
    .replace(/([a-z\d])([A-Z])(?=[a-z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`)
    .replace(initials, (word) => word.toUpperCase())

const fromZero = new Set(['learning rate', 'images per second'])

function chart({ name, series }: Curves, until: number): string {
  const zero = fromZero.has(name)
  const title = spoken(name)
  const values = series.flatMap(({ points }) => points.map(([, y]) => y)).sort((a, b) => a - b)
  const log = !zero && values[0]! > 0 && values.at(-1)! / values[0]! > 8
  return lineChart({ title: title[0]!.toUpperCase() + title.slice(1), series, zero, log, until })
}

function sheetFigure({ step, caption, source, small }: PageSheet): string {
  const text = escaped(caption)
  const image = source
    ? `<img src="${escaped(source)}" alt="${text}" loading="lazy"${small ? ' class="small"' : ''}>`
    : '<div class="gone">no image</div>'
  return `<figure class="sheet">${image}<figcaption><b>Step ${count(step)}</b> ${text}</figcaption></figure>`
}

function table(rows: readonly SettingRow[]): string {
  const full = rows.some(({ provenance }) => provenance)
  const head = full ? '<tr><th>Name<th>Value<th>From<th>Note</tr>' : '<tr><th>Name<th>Value</tr>'
  const body = rows.map(({ name, value, unit, provenance, note = '', changed, standard }) => {
    const amount = `<td class="value">${escaped(value)}${unit ? ` <small>${escaped(unit)}</small>` : ''}`
    const origin = changed ? '<span class="changed">this run</span>' : `<span>${provenance}</span>`
    const remark = changed ? `${note} (${provenance}: ${standard})` : note
    return `<tr><td><code>${escaped(name)}</code>${amount}${full ? `<td>${origin}<td>${escaped(remark)}` : ''}</tr>`
  })
  return `<table><thead>${head}</thead><tbody>${body.join('\n')}</tbody></table>`
}
