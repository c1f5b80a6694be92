// The token groups filling up: VAR's scales as squares of their tokens, LlamaGen's positions as one square. Data is solid,
// noise is grain.
import type { ModelInfo } from '../../backend/types.ts'
import { sideOf } from '../walk/groups.ts'

interface DiagramProps {
  model: ModelInfo
  /** Groups before this one are data. */
  timestep: number
  /** Text alternative of the diagram. */
  label: string
}

export function GroupsDiagram({ model: { family, groups }, timestep, label }: DiagramProps) {
  if (family === 'llamagen') {
    return (
      <div class="trajectory-diagram one" role="img" aria-label={label}>
        <Square side={sideOf(groups.length)} data={(token) => token < timestep} next={timestep} />
      </div>
    )
  }
  return (
    <div
      class="trajectory-diagram"
      role="img"
      aria-label={label}
      style={{ gridTemplateColumns: `repeat(${Math.min(5, Math.ceil(groups.length / 2))}, minmax(0, 4.5rem))` }}
    >
      {groups.map((tokens, group) => {
        const side = sideOf(tokens)
        const state = group < timestep ? 'data' : 'noise'
        return (
          <div key={side} class={`trajectory-scale ${state}`}>
            <Square side={side} data={() => group < timestep} />
            <span>
              {side}×{side}
            </span>
          </div>
        )
      })}
    </div>
  )
}

interface SquareProps {
  side: number
  data(token: number): boolean
  /** A token that comes next. */
  next?: number
}

function Square({ side, data, next }: SquareProps) {
  const cell = 48 / side
  const gap = Math.min(1.5, cell * 0.12)
  const cells = Array.from({ length: side * side }, (_, token) => ({
    token,
    at: { x: (token % side) * cell + gap / 2, y: Math.floor(token / side) * cell + gap / 2 },
  }))
  const size = { width: cell - gap, height: cell - gap, rx: Math.min(2, cell * 0.15) }
  return (
    <svg viewBox="0 0 48 48" aria-hidden="true">
      {cells.map(({ token, at }) => (
        <rect
          key={token}
          {...at}
          {...size}
          class={data(token) ? 'data' : token === next ? 'next' : 'noise'}
          fill-opacity={data(token) ? 1 : grain(token + side)}
        />
      ))}
    </svg>
  )
}

/** A grey of its own for every token: 0.15 to 0.6. */
const grain = (token: number): number => 0.15 + 0.45 * (((token * 2654435761) % 4294967296) / 4294967296)
