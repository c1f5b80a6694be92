// Curves over the steps of a training. A long curve is averaged, with a band of its extremes behind it.
import { figure } from '../core/format.ts'
import { ChartFigure, Grid, promille, Stretched } from './figure.tsx'
import { linearScale, logScale, type Scale } from './scale.ts'

export type Point = readonly [x: number, y: number]

export interface Series {
  name: string
  points: readonly Point[]
  /** Its colour: --line-0 to --line-3 of the style sheet. */
  line: 0 | 1 | 2 | 3
}

export interface LineChartProps {
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

/** Curves with a legend of names and latest values; values that are not finite are left out, and nothing is drawn without any. */
export function LineChart({ title, series, log = false, zero = false, until = 0 }: LineChartProps) {
  const curves = series.map(({ points }) => thinned(points.filter((point) => point.every(Number.isFinite))))
  const all = curves.flat()
  if (!all.length) return null
  const x = linearScale(0, Math.max(until, extremes(all.map(({ x }) => x))[1]), { wanted: 7, round: false })
  const [low, high] = visible(all)
  const logarithmic = log && low > 0
  const y = logarithmic ? logScale(low, high) : linearScale(zero ? Math.min(0, low) : low, high)
  const legend = series.map(({ name, points, line }) => (
    <span key={name} class={`line-${line}`}>
      <i />
      {name} <b>{figure(latest(points))}</b>
    </span>
  ))
  return (
    <ChartFigure title={title} remark={logarithmic ? 'logarithmic' : ''} legend={legend}>
      <div class="plot">
        <svg role="img" aria-label={title}>
          <Grid x={x} y={y} />
          <Stretched>
            {curves.map((curve, i) => (
              <g key={series[i]!.name} class={`line-${series[i]!.line}`}>
                <Curve bins={curve} x={x} y={y} />
              </g>
            ))}
          </Stretched>
        </svg>
      </div>
    </ChartFigure>
  )
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
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)]
  return [low, high]
}

function Curve({ bins, x, y }: { bins: readonly Bin[]; x: Scale; y: Scale }) {
  const at = (bin: Bin, value: number) => `${inside(x.place(bin.x))} ${inside(1 - y.place(value))}`
  const through = (some: readonly Bin[], value: (bin: Bin) => number) =>
    some.map((bin) => at(bin, value(bin))).join('L')
  const band = `${through(bins, (bin) => bin.high)}L${through(bins.toReversed(), (bin) => bin.low)}`
  return (
    <>
      {bins.some(({ low, high }) => low < high) && <path class="band" d={`M${band}Z`} />}
      <path class="curve" d={`M${through(bins, (bin) => bin.y)}`} />
      {bins.length <= dotted && <path class="dots" d={bins.map((bin) => `M${at(bin, bin.y)}h0`).join('')} />}
    </>
  )
}

/** A band's extremes may lie outside and end at the plot's edge. */
const inside = (share: number): number => promille(Math.max(0, Math.min(1, share)))
