// The report as one HTML file: images inside, no script, nothing fetched.

import { barChart, percentage } from '../charts/bar-chart.ts'
import { escaped } from '../charts/html.ts'
import { pageTop } from '../charts/page-style.ts'
import { scatterChart } from '../charts/scatter-chart.ts'
import type { ClassFigures } from './classes.ts'
import type { Column } from './columns.ts'
import { differenceText, type Plot, type Report, type ReportTable } from './model.ts'
import type { ProtocolBlock } from './protocol-block.ts'
import { evaluationStyle } from './style.ts'

/**
 * The whole page.
 * @example
 * const html = evaluationPage(reportOf(await readEntries(['results']), 'Sprites'))
 * html.startsWith('<!doctype html>') // true
 */
export function evaluationPage(report: Report): string {
  const { title, date, tables } = report
  const results = tables.reduce((sum, { rows }) => sum + rows.length, 0)
  const said = `${results} ${results === 1 ? 'result' : 'results'}, the latest of`
  return `${pageTop(title, evaluationStyle)}
<p class="lead">${said} <time>${escaped(date)}</time>. A figure says something together with its protocol, which stands below each table.</p>
${apart(report)}
</header>
<main>
${tables.map((table) => section(table, tables.length > 1)).join('\n')}
</main>
</body>
</html>
`
}

/** Why there is more than one table. */
function apart({ apart: others }: Report): string {
  if (!others.length) return ''
  const items = others.map(({ table, differences }) => {
    const reasons = differences.map(
      (one) => `<li><code>${escaped(one.field)}</code> ${escaped(differenceText(one))}</li>`,
    )
    return `<p>Table ${table} stands apart from table A:</p><ul>${reasons.join('')}</ul>`
  })
  return `<div class="card apart"><p>Figures of different tables may not be compared.</p>${items.join('')}</div>`
}

function section(table: ReportTable, lettered: boolean): string {
  const name = lettered ? `Table ${table.letter}` : 'Figures'
  const parts = [
    ...table.caveats.map((text) => `<p class="caveat">${escaped(text)}</p>`),
    figures(table, name),
    table.remarks.length
      ? `<ul class="remarks">${table.remarks.map((text) => `<li>${escaped(text)}</li>`).join('')}</ul>`
      : '',
    part('Plots', table.plots.map(plot), 'charts'),
    table.classes ? part('Classes', [classes(table.classes)], 'classes') : '',
    part('Samples', table.grids.map(sheet), 'grids'),
    protocol(table.protocol, name),
  ]
  return `<section>
<h2>${name} <small>${escaped(table.heading)}</small></h2>
${parts.filter(Boolean).join('\n')}
</section>`
}

const part = (title: string, parts: readonly string[], kind: string): string =>
  parts.length ? `<section><h3>${title}</h3><div class="${kind}">\n${parts.join('\n')}\n</div></section>` : ''

/** A table that may be wider than the page scrolls by itself, by keyboard, too. */
const scrolling = (kind: string, label: string, table: string): string =>
  `<div class="card scroll ${kind}" tabindex="0" role="region" aria-label="${escaped(label)}">${table}</div>`

function figures({ columns, rows }: ReportTable, name: string): string {
  const head = columns.map((column) => `<th scope="col" class="${column.kind}">${headingOf(column)}</th>`)
  const body = rows.map(({ cells, best, begins }) => {
    const filled = cells.map((cell, i) => {
      if (i === 0) return `<th scope="row">${escaped(cell)}</th>`
      const kind = `${columns[i]!.kind}${best[i] ? ' best' : ''}`
      return `<td class="${kind}">${cell === '' ? '<abbr title="not measured, or none">–</abbr>' : escaped(cell)}</td>`
    })
    return `<tr${begins ? ' class="begins"' : ''}>${filled.join('')}</tr>`
  })
  return scrolling(
    'figures',
    name,
    `<table><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table>`,
  )
}

function headingOf({ title, kind, better }: Column): string {
  if (kind === 'published') return 'Published <small>by the authors, not measured here</small>'
  const arrow = better && `&nbsp;<abbr title="${better} is better">${better === 'lower' ? '↓' : '↑'}</abbr>`
  return `${escaped(title)}${arrow ?? ''}`
}

function plot({ x, metric, groups }: Plot): string {
  const steps = groups.flatMap(({ marks }) => marks.map((mark) => mark.x))
  const time = x === 'seconds'
  return scatterChart({
    title: time ? `${metric} against time per image` : `${metric} against steps`,
    x: time
      ? { title: 'seconds per image', log: true }
      : { title: 'steps', log: Math.max(...steps) > 8 * Math.min(...steps) },
    y: { title: metric, log: true },
    groups,
  })
}

function classes({ labels, rows, remark }: ClassFigures): string {
  if (labels.length === 1) {
    const bars = rows.map(({ name, mean }) => ({ name, share: mean }))
    return barChart({ title: `Accuracy by class: ${labels[0]}`, remark, bars })
  }
  const all = rows.flatMap(({ shares }) => shares.filter((share) => share !== undefined))
  const low = Math.min(...all)
  const heat = (share: number) => (low < 1 ? (1 - share) / (1 - low) : 0).toFixed(2)
  const body = rows.map(({ name, shares }) => {
    const cells = shares.map((share) =>
      share === undefined
        ? '<td style="--heat:0">–</td>'
        : `<td style="--heat:${heat(share)}">${percentage(share)}</td>`,
    )
    return `<tr><th scope="row">${escaped(name)}</th>${cells.join('')}</tr>`
  })
  const head = labels.map((label) => `<th scope="col">${escaped(label).replace(', ', ',<br>')}</th>`).join('')
  const caption = `Accuracy by class, the hardest first${remark && ` (${remark})`}; the stronger the colour, the lower.`
  return scrolling(
    'heat',
    'Accuracy by class',
    `<table><caption>${escaped(caption)}</caption><thead><tr><th scope="col">Class</th>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table>`,
  )
}

/** An image this narrow is enlarged pixel by pixel, not blurred. */
const smallWidth = 640

function sheet({ grid: { source, width }, caption }: ReportTable['grids'][number]): string {
  const text = escaped(caption)
  const small = width !== undefined && width <= smallWidth ? ' class="small"' : ''
  const image = source ? `<img src="${escaped(source)}" alt="${text}"${small}>` : '<div class="gone">no image</div>'
  return `<figure class="sheet">${image}<figcaption>${text}</figcaption></figure>`
}

/** Facts this long may break into lines. */
const long = 40

function protocol({ shared, columns, rows }: ProtocolBlock, name: string): string {
  const facts = shared.map(({ name, value }) => {
    return `<dt>${escaped(name)}</dt><dd>${/sha256/.test(name) ? `<code>${escaped(value)}</code>` : escaped(value)}</dd>`
  })
  const head = columns.map((column) => `<th scope="col">${escaped(column.replace('Sampling: ', ''))}</th>`).join('')
  const body = rows.map(({ label, cells }) => {
    const filled = cells.map((cell) => `<td${cell.length > long ? ' class="long"' : ''}>${escaped(cell) || '–'}</td>`)
    return `<tr><th scope="row">${escaped(label)}</th>${filled.join('')}</tr>`
  })
  const differing = rows.length
    ? `<p>What differs between the rows:</p><div class="scroll rows" tabindex="0" role="region" aria-label="${name}: protocol by row"><table><thead><tr><th scope="col">Row</th>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`
    : ''
  return `<details class="card" open><summary>Protocol</summary><dl class="facts">${facts.join('\n')}</dl>${differing}</details>`
}
