// A scatter chart with axes and label places of src/charts, as elements of the page. Its text form cannot be used here: the
// page's policy (trusted types) lets no text become elements. The picture stretches while marks and letters keep their size.
import { useId } from 'preact/hooks'
import { labelPlaces } from '../../../../src/charts/label-places.ts'
import { linearScale, logScale, type Scale } from '../../../../src/charts/scale.ts'
import { figure } from '../../../../src/core/format.ts'

export interface Mark {
  x: number
  y: number
  label: string
  /** Drawn as an outline: what the others are measured against. */
  hollow: boolean
}

export interface ChartProps {
  title: string
  x: Axis
  y: Axis
  /** At most two; a thin line joins the marks of each in their order. */
  groups: readonly { name: string; marks: readonly Mark[] }[]
}

export interface Axis {
  title: string
  /** Logarithmic; otherwise from 0 to 1. */
  log?: boolean
}

/** Of the plot, in pixels. */
const height = 272
const shapes = ['M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z', 'M-4.5 -4.5h9v9h-9Z']
const percent = (share: number): string => `${Math.round(share * 1e4) / 100}%`
const promille = (share: number): number => Math.round(share * 1e4) / 10

/** Some room at both ends, so that marks and labels lie inside. */
function scaleOf({ log }: Axis, values: readonly number[]): Scale {
  if (!log) return linearScale(0, 1, { wanted: 5 })
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const room = Math.max(1.2, (high / low) ** 0.16)
  return logScale(low / room, high * room)
}

export function Chart({ title, x, y, groups }: ChartProps) {
  const id = useId()
  const all = groups.flatMap(({ marks }) => marks)
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
  return (
    <figure class="card report-chart" aria-labelledby={id}>
      <figcaption>
        <h2 id={id}>{title}</h2>
        <Legend names={groups.map(({ name }) => name)} />
      </figcaption>
      <p class="axis">{axisTitle(y)}</p>
      <div class="plot">
        <svg role="img" aria-label={described({ title, x, y, groups })}>
          <Grid across={across} up={up} />
          {groups.map(({ name, marks }, i) => (
            <g key={name} class={`line-${i}`}>
              <svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%" aria-hidden="true">
                <path
                  class="join"
                  d={`M${marks.map((mark) => `${promille(across.place(mark.x))} ${promille(1 - up.place(mark.y))}`).join('L')}`}
                />
              </svg>
              {marks.map((mark) => (
                <svg
                  key={mark.label}
                  x={percent(across.place(mark.x))}
                  y={percent(1 - up.place(mark.y))}
                  width="1"
                  height="1"
                  aria-hidden="true"
                >
                  <path class={mark.hollow ? 'mark hollow' : 'mark'} d={shapes[i]!}>
                    <title>{`${name}, ${said(mark, x, y)}`}</title>
                  </path>
                </svg>
              ))}
            </g>
          ))}
          {spots.map((spot, i) => {
            const place = places[i]
            if (!place) return null
            const at = { x: percent(spot.x), y: percent(spot.y), dx: place.dx, dy: place.dy }
            return (
              <text key={`${i}`} class="name" {...at} text-anchor={place.anchor}>
                {spot.label}
              </text>
            )
          })}
        </svg>
      </div>
      <p class="axis below">{axisTitle(x)}</p>
    </figure>
  )
}

const axisTitle = ({ title, log }: Axis): string => `${title}${log ? ' (logarithmic)' : ''}`

const said = ({ label, x, y }: Mark, across: Axis, up: Axis): string =>
  `${label}: ${figure(x, 3)} ${across.title}, ${up.title} ${figure(y, 3)}`

const described = ({ title, x, y, groups }: ChartProps): string =>
  `${title}. ${groups.map(({ name, marks }) => `${name}: ${marks.map((mark) => said(mark, x, y)).join('; ')}`).join('. ')}`

const Legend = ({ names }: { names: readonly string[] }) => (
  <div class="legend">
    {names.map((name, i) => (
      <span key={name} class={`line-${i}`}>
        <svg class="key" width="12" height="12" viewBox="-7 -7 14 14" aria-hidden="true">
          <path d={shapes[i]!} />
        </svg>
        {name}
      </span>
    ))}
  </div>
)

const Grid = ({ across, up }: { across: Scale; up: Scale }) => (
  <g>
    {up.ticks.map(({ at, label }) => {
      const y = percent(1 - up.place(at))
      return (
        <g key={at}>
          <line x1="0" x2="100%" y1={y} y2={y} />
          <text class="y" x="-10" y={y}>
            {label}
          </text>
        </g>
      )
    })}
    {across.ticks.map(({ at, label }) => {
      const x = percent(across.place(at))
      return (
        <g key={at}>
          <line x1={x} x2={x} y1="0" y2="100%" />
          <text class="x" x={x} y="100%" dy="20">
            {label}
          </text>
        </g>
      )
    })}
  </g>
)
