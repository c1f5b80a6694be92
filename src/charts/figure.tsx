// What all charts have in common: a figure with its title and legend, and axes with their ticks. The plot stretches with the page
// while strokes, marks and letters keep their size; colours come from the page's style sheet (style.ts).
import type { ComponentChildren } from 'preact'
import type { Scale } from './scale.ts'

export interface ChartFigureProps {
  title: string
  /** Beside the title, in small letters. */
  remark?: string
  kind?: 'scatter' | 'bars line-0'
  legend?: ComponentChildren
  children: ComponentChildren
}

export function ChartFigure({ title, remark, kind, legend, children }: ChartFigureProps) {
  return (
    <figure class={kind ? `chart ${kind}` : 'chart'}>
      <figcaption>
        <h3>
          {title}
          {remark && <small> {remark}</small>}
        </h3>
        {legend && <div class="legend">{legend}</div>}
      </figcaption>
      {children}
    </figure>
  )
}

/** The lines of the vertical axis with both axes' labels; with `columns`, the lines of the horizontal axis, too. */
export function Grid({ x, y, columns = false }: { x: Scale; y: Scale; columns?: boolean }) {
  return (
    <g>
      {y.ticks.map(({ at, label }) => {
        const height = percent(1 - y.place(at))
        return (
          <g key={at}>
            <line x1="0" x2="100%" y1={height} y2={height} />
            <text class="y" x="-10" y={height}>
              {label}
            </text>
          </g>
        )
      })}
      {x.ticks.map(({ at, label }) => {
        const left = percent(x.place(at))
        return (
          <g key={at}>
            {columns && <line x1={left} x2={left} y1="0" y2="100%" />}
            <text class="x" x={left} y="100%" dy="21">
              {label}
            </text>
          </g>
        )
      })}
    </g>
  )
}

/** A picture of 1000 by 1000 units that is stretched over the plot; strokes in it keep their width. */
export const Stretched = ({ children }: { children: ComponentChildren }) => (
  <svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%" aria-hidden="true">
    {children}
  </svg>
)

export const percent = (share: number): string => `${Math.round(share * 1e4) / 100}%`
/** A share of the 1000 units. */
export const promille = (share: number): number => Math.round(share * 1e4) / 10
