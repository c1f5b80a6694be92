// The report of a run: heading and outcome, figures, curves, sheets, settings.
import type { ComponentChild } from 'preact'
import { LineChart, latest } from '../charts/line-chart.tsx'
import { ReportPage, renderPage, Sheet } from '../charts/page.tsx'
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
export const reportPage = ({ title, summary, settings, sheets }: Page): string =>
  renderPage(
    <ReportPage title={title} generator="distilled train" style={runStyle} lead={<Status {...summary} />}>
      <Tiles {...summary} />
      <Section title="Curves" remark="over training steps" kind="charts">
        {summary.curves.map((curves) => (
          <Chart key={curves.name} {...curves} until={summary.steps} />
        ))}
      </Section>
      <Section title="Samples" remark="newest first" kind="sheets">
        {sheets.toReversed().map(({ step, caption, source, small }) => (
          <Sheet key={step} source={source} small={small} alt={caption}>
            <b>Step {count(step)}</b> {caption}
          </Sheet>
        ))}
      </Section>
      {settings.length > 0 && (
        <Section title="Settings" kind="settings">
          {[<Settings key="settings" rows={settings} />]}
        </Section>
      )}
    </ReportPage>,
  )

interface SectionProps {
  title: string
  remark?: string
  kind: string
  children: ComponentChild[]
}

function Section({ title, remark, kind, children }: SectionProps) {
  if (!children.length) return null
  return (
    <section>
      <h2>
        {title}
        {remark && <small> {remark}</small>}
      </h2>
      <div class={kind}>{children}</div>
    </section>
  )
}

function Status({ outcome, message, started }: RunSummary) {
  return (
    <>
      <p class="status">
        <span class={outcome}>{outcome}</span>
        {started && <time>{`${started.slice(0, 10)} ${started.slice(11, 16)} UTC`}</time>}
      </p>
      {message !== undefined && <p class="message">{message}</p>}
    </>
  )
}

/** The figures one asks for first. */
function Tiles({ steps, seconds, curves }: RunSummary) {
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
  return (
    <dl class="tiles">
      {shown.map(([value, label]) => (
        <div key={label}>
          <dd>{value}</dd>
          <dt>{label}</dt>
        </div>
      ))}
    </dl>
  )
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

function Chart({ name, series, until }: Curves & { until: number }) {
  const zero = fromZero.has(name)
  const title = spoken(name)
  const values = series.flatMap(({ points }) => points.map(([, y]) => y)).sort((a, b) => a - b)
  const log = !zero && values[0]! > 0 && values.at(-1)! / values[0]! > 8
  return (
    <LineChart title={title[0]!.toUpperCase() + title.slice(1)} series={series} zero={zero} log={log} until={until} />
  )
}

function Settings({ rows }: { rows: readonly SettingRow[] }) {
  const full = rows.some(({ provenance }) => provenance)
  const titles = full ? ['Name', 'Value', 'From', 'Note'] : ['Name', 'Value']
  return (
    <table>
      <thead>
        <tr>
          {titles.map((title) => (
            <th key={title}>{title}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, value, unit, provenance, note = '', changed, standard }) => (
          <tr key={name}>
            <td>
              <code>{name}</code>
            </td>
            <td class="value">
              {value}
              {unit && <small> {unit}</small>}
            </td>
            {full && <td>{changed ? <span class="changed">this run</span> : <span>{provenance}</span>}</td>}
            {full && <td>{changed ? `${note} (${provenance}: ${standard})` : note}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
