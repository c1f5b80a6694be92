// A line chart as inline SVG, written as text: no document, no script, no library. The curves lie in an inner picture
// that stretches with the page while strokes and letters keep their size; colours come from the page's style sheet.
import { figure } from '../core/format.ts'
import { escaped } from './html.ts'
import { linearScale, logScale, type Scale } from './scale.ts'

export type Point = readonly [x: number, y: number]

export interface Series {
  name: string
  points: readonly Point[]
  /** Its colour: --line-0 to --line-3 of the style sheet. */
  line: 0 | 1 | 2 | 3
}

export interface Chart {
  title: string
  series: readonly Series[]
  /** Logarithmic, where all values are above 0. */
  log?: boolean
  /** The vertical axis begins at 0. */
  zero?: boolean
  /** Where the horizontal axis ends, which begins at 0; by default at the last point. */
  until?: number
}

/** Intervals that a curve of more points is averaged over; a band behind it shows their extremes. */
const intervals = 240
/** Curves of no more points than this show them as dots. */
const dotted = 60

/**
 * A `<figure>` with title, legend (name and latest value) and curves; values that are not finite are left out.
 * @example
 * lineChart({ title: 'Loss', series: [{ name: 'training', points: [[0, 2], [100, 1]], line: 0 }] }).startsWith('<figure') // true
 */
export function lineChart({ title, series, log = false, zero = false, until = 0 }: Chart): string {
  const curves = series.map(({ points }) => thinned(points.filter((point) => point.every(Number.isFinite))))
  const all = curves.flat()
  if (!all.length) return ''
  const x = linearScale(0, Math.max(until, extremes(all.map(({ x }) => x))[1]), { wanted: 7, round: false })
  const [low, high] = visible(all)
  const logarithmic = log && low > 0
  const y = logarithmic ? logScale(low, high) : linearScale(zero ? Math.min(0, low) : low, high)
  const legend = series.map(({ name, points, line }) => {
    return `<span class="line-${line}"><i></i>${escaped(name)} <b>${figure(latest(points))}</b></span>`
  })
  const drawn = curves.map((curve, i) => `<g class="line-${series[i]!.line}">${paths(curve, x, y)}</g>`)
  return `<figure class="chart">
<figcaption><h3>${escaped(title)}${logarithmic ? ' <small>logarithmic</small>' : ''}</h3><div class="legend">${legend.join('')}</div></figcaption>
<div class="plot"><svg role="img" aria-label="${escaped(title)}">
${grid(x, y)}
<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%">${drawn.join('')}</svg>
</svg></div>
</figure>`
}

/** The mean over the last interval: of a noisy curve, the last value alone says little. */
export const latest = (points: readonly Point[]): number =>
  mean(points.slice(-Math.ceil(points.length / intervals)).map(([, y]) => y))

interface Bin {
  x: number
  y: number
  low: number
  high: number
}

/** Points, or the means and extremes of equal intervals when there are many. */
function thinned(points: readonly Point[]): Bin[] {
  if (points.length <= intervals) return points.map(([x, y]) => ({ x, y, low: y, high: y }))
  const [left, right] = extremes(points.map(([x]) => x))
  const groups: Point[][] = Array.from({ length: intervals }, () => [])
  for (const point of points) {
    const share = (point[0] - left) / (right - left || 1)
    groups[Math.min(intervals - 1, Math.floor(share * intervals))]!.push(point)
  }
  const filled = groups.filter((group) => group.length)
  return filled.map((group) => {
    const [low, high] = extremes(group.map(([, y]) => y))
    return { x: mean(group.map(([x]) => x)), y: mean(group.map(([, y]) => y)), low, high }
  })
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** All means, and of the extremes all but the rarest: a spike ends at the chart's edge. */
function visible(bins: readonly Bin[]): [low: number, high: number] {
  const means = bins.map(({ y }) => y)
  const lows = bins.map(({ low }) => low).sort((a, b) => a - b)
  const highs = bins.map(({ high }) => high).sort((a, b) => b - a)
  const rare = Math.floor(bins.length / 50)
  return extremes([...means, lows[rare]!, highs[rare]!])
}

/** Not Math.min(...values): a long run has more values than a call takes arguments. */
function extremes(values: readonly number[]): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)]
  return [low, high]
}

function paths(curve: readonly Bin[], x: Scale, y: Scale): string {
  const at = (bin: Bin, value: number) => `${promille(x.place(bin.x))} ${promille(1 - y.place(value))}`
  const through = (bins: readonly Bin[], value: (bin: Bin) => number) =>
    bins.map((bin) => at(bin, value(bin))).join('L')
  const line = through(curve, (bin) => bin.y)
  const band = `${through(curve, (bin) => bin.high)}L${through(curve.toReversed(), (bin) => bin.low)}`
  const dots = curve.map((bin) => `M${at(bin, bin.y)}h0`).join('')
  return [
    curve.some(({ low, high }) => low < high) ? `<path class="band" d="M${band}Z"/>` : '',
    `<path class="curve" d="M${line}"/>`,
    curve.length <= dotted ? `<path class="dots" d="${dots}"/>` : '',
  ].join('')
}

/** A share of the inner picture's 1000 units; a band's extremes may lie outside and end at its edge. */
const promille = (share: number): number => Math.round(Math.max(0, Math.min(1, share)) * 1e4) / 10
const percent = (share: number): string => `${Math.round(share * 1e4) / 100}%`

function grid(x: Scale, y: Scale): string {
  const rows = y.ticks.map(({ at, label }) => {
    const height = percent(1 - y.place(at))
    return `<line x1="0" x2="100%" y1="${height}" y2="${height}"/><text class="y" x="-10" y="${height}">${label}</text>`
  })
  const columns = x.ticks.map(({ at, label }) => {
    return `<text class="x" x="${percent(x.place(at))}" y="100%" dy="22">${label}</text>`
  })
  return [...rows, ...columns].join('')
}
