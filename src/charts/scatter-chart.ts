// Points with their names beside them as inline SVG; a thin line joins the points of a group. Like the line chart, it
// stretches with the page while marks and letters keep their size. Groups differ in colour and in shape.

import { figure } from '../core/format.ts'
import { escaped } from './html.ts'
import { labelPlaces } from './label-places.ts'
import { linearScale, logScale, type Scale } from './scale.ts'

export interface Mark {
  x: number
  y: number
  label: string
  /** Drawn as an outline, for what the others are measured against. */
  hollow?: boolean
}

export interface MarkGroup {
  /** Stands in the legend when there are several groups. */
  name: string
  /** A line joins them in this order. */
  marks: readonly Mark[]
}

export interface Axis {
  title: string
  /** Logarithmic, where all values are above 0. */
  log?: boolean
}

export interface ScatterChart {
  title: string
  x: Axis
  y: Axis
  groups: readonly MarkGroup[]
}

/** Of the plot, in pixels. */
const height = 300
const colours = 4
const shapes = [
  'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z', // circle
  'M-4.5 -4.5h9v9h-9Z', // square
  'M0 -6L6 0L0 6L-6 0Z', // diamond
  'M0 -5.5L5.5 4.5H-5.5Z', // triangle
]
/** Every pair of colour and shape once before one comes again. */
const look = (i: number): { line: number; shape: string } => {
  return { line: i % colours, shape: shapes[(i + Math.floor(i / colours)) % shapes.length]! }
}

/**
 * A `<figure>` with title, axes and points; points that are not finite, or have no place on a logarithmic axis, are left
 * out. Empty when nothing is left.
 * @example
 * scatterChart({
 *   title: 'FID against time',
 *   x: { title: 'seconds per image', log: true },
 *   y: { title: 'FID' },
 *   groups: [{ name: 'var-dd-d16', marks: [{ x: 0.9, y: 9.9, label: 'one step' }] }],
 * }).startsWith('<figure') // true
 */
export function scatterChart({ title, x, y, groups }: ScatterChart): string {
  const fits = (value: number, { log }: Axis) => Number.isFinite(value) && (!log || value > 0)
  const shown = groups.map(({ name, marks }, i) => {
    return { name, marks: marks.filter((mark) => fits(mark.x, x) && fits(mark.y, y)), ...look(i) }
  })
  const all = shown.flatMap(({ marks }) => marks)
  if (!all.length) return ''
  const across = scaleOf(
    x,
    all.map((mark) => mark.x),
  )
  const up = scaleOf(
    y,
    all.map((mark) => mark.y),
  )
  const spots = all.map((mark) => ({ x: across.place(mark.x), y: 1 - up.place(mark.y), label: mark.label }))
  const places = labelPlaces(spots, height)
  const text = spots.map((spot, i) => labelled(spot, places[i]))
  const legend = shown.map(({ name, line, shape }) => {
    return `<span class="line-${line}"><svg class="key" width="12" height="12" viewBox="-7 -7 14 14" aria-hidden="true"><path d="${shape}"/></svg>${escaped(name)}</span>`
  })
  return `<figure class="chart scatter">
<figcaption><h3>${escaped(title)}</h3>${shown.length > 1 ? `<div class="legend">${legend.join('')}</div>` : ''}</figcaption>
<p class="axis">${axisTitle(y)}</p>
<div class="plot"><svg role="img" aria-label="${escaped(`${title}. ${all.map((mark) => described(mark, x, y)).join('; ')}`)}">
${grid(across, up)}
${shown.map(({ marks, line, shape }) => `<g class="line-${line}">${joined(marks, across, up)}${marks.map((mark) => drawn(mark, shape, across, up)).join('')}</g>`).join('\n')}
${text.join('')}
</svg></div>
<p class="axis below">${axisTitle(x)}</p>
</figure>`
}

const axisTitle = ({ title, log }: Axis): string => `${escaped(title)}${log ? ' <small>(logarithmic)</small>' : ''}`

const described = ({ label, x, y }: Mark, across: Axis, up: Axis): string =>
  `${label}: ${figure(x, 3)} ${across.title}, ${up.title} ${figure(y, 3)}`

/** A tenth of its length stays free at both ends of an axis, so that marks and labels lie inside. */
function scaleOf({ log }: Axis, values: readonly number[]): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  if (log) {
    const room = Math.max(1.15, (high / low) ** 0.1)
    return logScale(low / room, high * room)
  }
  return linearScale(0, high * 1.1, { round: false })
}

const percent = (share: number): string => `${Math.round(share * 1e4) / 100}%`
const promille = (share: number): number => Math.round(share * 1e4) / 10

function joined(marks: readonly Mark[], across: Scale, up: Scale): string {
  if (marks.length < 2) return ''
  const points = marks.map((mark) => `${promille(across.place(mark.x))} ${promille(1 - up.place(mark.y))}`)
  return `<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%"><path class="join" d="M${points.join('L')}"/></svg>`
}

function drawn({ x, y, label, hollow }: Mark, shape: string, across: Scale, up: Scale): string {
  const at = `x="${percent(across.place(x))}" y="${percent(1 - up.place(y))}"`
  return `<svg ${at} width="1" height="1"><path class="${hollow ? 'mark hollow' : 'mark'}" d="${shape}"><title>${escaped(label)}</title></path></svg>`
}

function labelled(
  { x, y, label }: { x: number; y: number; label: string },
  place: ReturnType<typeof labelPlaces>[number],
): string {
  if (!place) return ''
  return `<text class="name" x="${percent(x)}" y="${percent(y)}" dx="${place.dx}" dy="${place.dy}" text-anchor="${place.anchor}">${escaped(label)}</text>`
}

function grid(across: Scale, up: Scale): string {
  const rows = up.ticks.map(({ at, label }) => {
    const y = percent(1 - up.place(at))
    return `<line x1="0" x2="100%" y1="${y}" y2="${y}"/><text class="y" x="-10" y="${y}">${label}</text>`
  })
  const columns = across.ticks.map(({ at, label }) => {
    const x = percent(across.place(at))
    return `<line x1="${x}" x2="${x}" y1="0" y2="100%"/><text class="x" x="${x}" y="100%" dy="20">${label}</text>`
  })
  return [...rows, ...columns].join('')
}
