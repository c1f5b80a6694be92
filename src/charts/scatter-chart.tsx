// Points with their names beside them; a thin line joins the points of a group. Groups differ in colour and in shape.
import { figure } from '../core/format.ts'
import { ChartFigure, Grid, percent, promille, Stretched } from './figure.tsx'
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
  /** Logarithmic: values of 0 and less are left out. */
  log?: boolean
  /** Where an axis that is not logarithmic ends; by default a tenth behind the last point. */
  until?: number
}

export interface ScatterChartProps {
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
 * Points that are not finite, or have no place on a logarithmic axis, are left out; nothing is drawn when none is left. What it
 * shows is said in words, too.
 */
export function ScatterChart({ title, x, y, groups }: ScatterChartProps) {
  const fits = (value: number, { log }: Axis) => Number.isFinite(value) && (!log || value > 0)
  const shown = groups.map(({ name, marks }, i) => {
    return { name, marks: marks.filter((mark) => fits(mark.x, x) && fits(mark.y, y)), ...look(i) }
  })
  const all = shown.flatMap(({ marks }) => marks)
  if (!all.length) return null
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
  const said = ({ label, x: right, y: above }: Mark) =>
    `${label}: ${figure(right, 3)} ${x.title}, ${y.title} ${figure(above, 3)}`
  const several = shown.length > 1
  const described = shown.map(
    ({ name, marks }) => `${several ? `${name}: ` : ''}${marks.map((mark) => said(mark)).join('; ')}`,
  )
  const legend = shown.map(({ name, line, shape }) => (
    <span key={name} class={`line-${line}`}>
      <svg class="key" width="12" height="12" viewBox="-7 -7 14 14" aria-hidden="true">
        <path d={shape} />
      </svg>
      {name}
    </span>
  ))
  return (
    <ChartFigure title={title} kind="scatter" legend={several && legend}>
      <AxisTitle axis={y} />
      <div class="plot">
        <svg role="img" aria-label={`${title}. ${described.join('. ')}`}>
          <Grid x={across} y={up} columns />
          {shown.map(({ name, marks, line, shape }) => (
            <g key={name} class={`line-${line}`}>
              {marks.length > 1 && (
                <Stretched>
                  <path
                    class="join"
                    d={`M${marks.map((mark) => `${promille(across.place(mark.x))} ${promille(1 - up.place(mark.y))}`).join('L')}`}
                  />
                </Stretched>
              )}
              {marks.map((mark) => (
                <svg
                  key={mark.label}
                  x={percent(across.place(mark.x))}
                  y={percent(1 - up.place(mark.y))}
                  width="1"
                  height="1"
                  aria-hidden="true"
                >
                  <path class={mark.hollow ? 'mark hollow' : 'mark'} d={shape}>
                    <title>{`${name}, ${said(mark)}`}</title>
                  </path>
                </svg>
              ))}
            </g>
          ))}
          {spots.map(({ x, y, label }, i) => {
            const place = places[i]
            if (!place) return null
            return (
              <text
                key={`${i}`}
                class="name"
                x={percent(x)}
                y={percent(y)}
                dx={place.dx}
                dy={place.dy}
                text-anchor={place.anchor}
              >
                {label}
              </text>
            )
          })}
        </svg>
      </div>
      <AxisTitle axis={x} below />
    </ChartFigure>
  )
}

const AxisTitle = ({ axis: { title, log }, below = false }: { axis: Axis; below?: boolean }) => (
  <p class={below ? 'axis below' : 'axis'}>
    {title}
    {log && <small> (logarithmic)</small>}
  </p>
)

/** Some of its length stays free at the ends of an axis, so that marks and labels lie inside. */
function scaleOf({ log, until }: Axis, values: readonly number[]): Scale {
  const low = Math.min(...values)
  const high = Math.max(...values)
  if (!log) return linearScale(0, until ?? high * 1.1, { wanted: 5, round: false })
  const room = Math.max(1.15, (high / low) ** 0.13)
  return logScale(low / room, high * room)
}
