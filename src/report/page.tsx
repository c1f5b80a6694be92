// The report as one HTML file: images inside, no script, nothing fetched.
import type { ComponentChildren } from 'preact'
import { BarChart } from '../charts/bar-chart.tsx'
import { pageMark as markOf, ReportPage, renderPage, Sheet } from '../charts/page.tsx'
import { ScatterChart } from '../charts/scatter-chart.tsx'
import { percentage } from '../core/format.ts'
import type { ClassFigures } from './classes.ts'
import type { Column } from './columns.ts'
import { differenceText, type Plot, type Report, type ReportTable } from './model.ts'
import type { ProtocolBlock } from './protocol-block.ts'
import { evaluationStyle } from './style.ts'

const generator = 'distilled report'
/** Tells this page from others (files/replacing.ts). */
export const pageMark = markOf(generator)

/**
 * The whole page.
 * @example
 * const html = evaluationPage(reportOf(await readEntries(['results']), 'Sprites'))
 * html.startsWith('<!doctype html>') // true
 */
export function evaluationPage(report: Report): string {
  const { title, date, tables } = report
  const results = tables.reduce((sum, { rows }) => sum + rows.length, 0)
  const lead = (
    <>
      <p class="lead">
        {results} {results === 1 ? 'result' : 'results'}, the latest of <time>{date}</time>. A figure says something
        together with its protocol, which stands below each table.
      </p>
      <Apart {...report} />
    </>
  )
  return renderPage(
    <ReportPage title={title} generator={generator} style={evaluationStyle} lead={lead}>
      {tables.map((table) => (
        <Section key={table.letter} table={table} name={tables.length > 1 ? `Table ${table.letter}` : 'Figures'} />
      ))}
    </ReportPage>,
  )
}

/** Why there is more than one table. */
function Apart({ apart }: Report) {
  if (!apart.length) return null
  return (
    <div class="card apart">
      <p>Figures of different tables may not be compared.</p>
      {apart.map(({ table, differences }) => (
        <div key={table}>
          <p>Table {table} stands apart from table A:</p>
          <ul>
            {differences.map((one) => (
              <li key={one.field}>
                <code>{one.field}</code> {differenceText(one)}
              </li>
            ))}
          </ul>
        </div>
      ))}
    </div>
  )
}

function Section({ table, name }: { table: ReportTable; name: string }) {
  const { heading, caveats, remarks, plots, classes, grids, protocol } = table
  return (
    <section>
      <h2>
        {name} <small>{heading}</small>
      </h2>
      {caveats.map((text) => (
        <p key={text} class="caveat">
          {text}
        </p>
      ))}
      <Figures {...table} name={name} />
      {remarks.length > 0 && (
        <ul class="remarks">
          {remarks.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      {plots.length > 0 && (
        <Part title="Plots" kind="charts">
          {plots.map((plot) => (
            <PlotChart key={plot.x} {...plot} />
          ))}
        </Part>
      )}
      {classes && (
        <Part title="Classes" kind="classes">
          <Classes {...classes} />
        </Part>
      )}
      {grids.length > 0 && (
        <Part title="Samples" kind="grids">
          {grids.map(({ grid: { source, width }, caption }) => (
            <Sheet key={caption} source={source} small={width !== undefined && width <= smallWidth} alt={caption}>
              {caption}
            </Sheet>
          ))}
        </Part>
      )}
      <Protocol {...protocol} name={name} />
    </section>
  )
}

/** An image this narrow is enlarged pixel by pixel, not blurred. */
const smallWidth = 640

const Part = ({ title, kind, children }: { title: string; kind: string; children: ComponentChildren }) => (
  <section>
    <h3>{title}</h3>
    <div class={kind}>{children}</div>
  </section>
)

/** A table that may be wider than the page scrolls by itself, by keyboard, too. */
const Scrolling = ({ kind, label, children }: { kind: string; label: string; children: ComponentChildren }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reached by the keyboard
  <section class={`scroll ${kind}`} tabIndex={0} aria-label={label}>
    <table>{children}</table>
  </section>
)

function Figures({ columns, rows, name }: ReportTable & { name: string }) {
  return (
    <Scrolling kind="card figures" label={name}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.title} scope="col" class={column.kind}>
              <Heading {...column} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ label, cells: [first, ...cells], best: [, ...best], begins }) => (
          <tr key={label} class={begins ? 'begins' : undefined}>
            <th scope="row">{first}</th>
            {cells.map((cell, i) => (
              <td key={columns[i + 1]!.title} class={`${columns[i + 1]!.kind}${best[i] ? ' best' : ''}`}>
                {cell || <abbr title="not measured, or none">–</abbr>}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </Scrolling>
  )
}

function Heading({ title, kind, better }: Column) {
  if (kind === 'published')
    return (
      <>
        Published <small>by the authors, not measured here</small>
      </>
    )
  return (
    <>
      {title}
      {better && (
        <>
          {'\u00a0'}
          <abbr title={`${better} is better`}>{better === 'lower' ? '↓' : '↑'}</abbr>
        </>
      )}
    </>
  )
}

function PlotChart({ x, metric, groups }: Plot) {
  const steps = groups.flatMap(({ marks }) => marks.map((mark) => mark.x))
  const time = x === 'seconds'
  return (
    <ScatterChart
      title={time ? `${metric} against time per image` : `${metric} against steps`}
      x={
        time
          ? { title: 'seconds per image', log: true }
          : { title: 'steps', log: Math.max(...steps) > 8 * Math.min(...steps) }
      }
      y={{ title: metric, log: true }}
      groups={groups}
    />
  )
}

function Classes({ labels, rows, remark }: ClassFigures) {
  if (labels.length === 1) {
    const bars = rows.map(({ name, mean }) => ({ name, share: mean }))
    return <BarChart title={`Accuracy by class: ${labels[0]}`} remark={remark} bars={bars} />
  }
  const all = rows.flatMap(({ shares }) => shares.filter((share) => share !== undefined))
  const low = Math.min(...all)
  const heat = (share = 1) => (low < 1 ? (1 - share) / (1 - low) : 0).toFixed(2)
  return (
    <Scrolling kind="card heat" label="Accuracy by class">
      <caption>
        {`Accuracy by class, the hardest first${remark && ` (${remark})`}; the stronger the colour, the lower.`}
      </caption>
      <thead>
        <tr>
          <th scope="col">Class</th>
          {labels.map((label) => (
            <th key={label} scope="col">
              {label.replace(', ', ',\n')}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, shares }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {shares.map((share, i) => (
              <td key={labels[i]} style={`--heat:${heat(share)}`}>
                {share === undefined ? '–' : percentage(share)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </Scrolling>
  )
}

/** Facts this long may break into lines. */
const long = 40

function Protocol({ shared, columns, rows, name: table }: ProtocolBlock & { name: string }) {
  return (
    <details class="card" open>
      <summary>Protocol</summary>
      <dl class="facts">
        {shared.map(({ name, value }) => (
          <>
            <dt>{name}</dt>
            <dd>{/sha256/.test(name) ? <code>{value}</code> : value}</dd>
          </>
        ))}
      </dl>
      {rows.length > 0 && (
        <>
          <p>What differs between the rows:</p>
          <Scrolling kind="rows" label={`${table}: protocol by row`}>
            <thead>
              <tr>
                <th scope="col">Row</th>
                {columns.map((column) => (
                  <th key={column} scope="col">
                    {column.replace('Sampling: ', '')}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ label, cells }) => (
                <tr key={label}>
                  <th scope="row">{label}</th>
                  {cells.map((cell, i) => (
                    <td key={columns[i]} class={cell.length > long ? 'long' : undefined}>
                      {cell || '–'}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </Scrolling>
        </>
      )}
    </details>
  )
}
