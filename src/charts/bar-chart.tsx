// Horizontal bars from 0 to 100 % with their names to the left and their values at their ends.
import { percentage } from '../core/format.ts'
import { ChartFigure, percent } from './figure.tsx'

export interface Bar {
  name: string
  /** 0 to 1 */
  share: number
}

export interface BarChartProps {
  title: string
  remark: string
  bars: readonly Bar[]
}

/** Of a bar and the room below it, in pixels. */
const rowHeight = 24
const barHeight = 14
/** Of letters of 12 pixels, on average. */
const letterWidth = 7
/** Names are cut to what the room to the left of the bars holds. */
const longestName = 22

/** One bar per row, in the order given; nothing when there is none. */
export function BarChart({ title, remark, bars }: BarChartProps) {
  if (!bars.length) return null
  const height = bars.length * rowHeight - (rowHeight - barHeight) + 4
  const room = 14 + letterWidth * Math.max(...bars.map(({ name }) => cut(name).length))
  const text = bars.map(({ name, share }) => `${name} ${percentage(share)}`).join(', ')
  return (
    <ChartFigure title={title} remark={remark} kind="bars line-0">
      <div class="plot" style={{ height: `${height + 14}px`, paddingLeft: `${room}px` }}>
        <svg role="img" aria-label={`${title}: ${text}`}>
          <line x1="0" x2="0" y1="-4" y2={height} />
          {bars.map(({ name, share }, i) => {
            const y = i * rowHeight
            const middle = y + barHeight / 2
            const width = percent(share)
            return (
              <g key={name}>
                <title>{`${name}: ${percentage(share)}`}</title>
                <text class="y" x="-10" y={middle}>
                  {cut(name)}
                </text>
                <rect x="0" y={y} width={width} height={barHeight} rx="2" />
                <text class="end" x={width} dx="7" y={middle}>
                  {percentage(share)}
                </text>
              </g>
            )
          })}
        </svg>
      </div>
    </ChartFigure>
  )
}

const cut = (name: string): string => (name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name)
