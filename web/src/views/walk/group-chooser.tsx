// Which token groups walk: chips of VAR's scales, or a grid of LlamaGen's positions to paint. Arrow keys move through the
// grid, Space turns a position; the pointer paints as far as it is dragged.
import { useRef, useState } from 'preact/hooks'
import type { ModelInfo } from '../../backend/types.ts'
import { allGroups, sideOf, withGroup } from './groups.ts'

interface GroupChooserProps {
  model: ModelInfo
  value: readonly number[]
  onChange(groups: number[]): void
}

export function GroupChooser({ model, value, onChange }: GroupChooserProps) {
  const total = model.groups.length
  const isVar = model.family === 'var'
  return (
    <fieldset class="field walk-groups">
      <legend class="label">{isVar ? 'Scales that walk' : 'Positions that walk'}</legend>
      {isVar ? (
        <Scales groups={model.groups} value={value} onChange={onChange} />
      ) : (
        <Positions side={sideOf(total)} value={value} onChange={onChange} />
      )}
      <div class="row">
        <button type="button" class="button small" onClick={() => onChange(allGroups(total))}>
          All
        </button>
        <button type="button" class="button small" onClick={() => onChange([])}>
          None
        </button>
        <button
          type="button"
          class="button small"
          onClick={() => onChange(allGroups(total).filter((group) => !value.includes(group)))}
        >
          Swap
        </button>
      </div>
      <p class="hint">
        {isVar
          ? 'The others keep the first seed’s noise. Coarse scales hold layout and colour, fine ones detail.'
          : 'Paint with the second seed’s noise; the others keep the first seed’s.'}
      </p>
    </fieldset>
  )
}

interface PartProps {
  value: readonly number[]
  onChange(groups: number[]): void
}

function Scales({ groups, value, onChange }: PartProps & { groups: readonly number[] }) {
  return (
    <div class="walk-scales">
      {groups.map((tokens, group) => {
        const side = sideOf(tokens)
        const on = value.includes(group)
        return (
          <button
            key={group}
            type="button"
            class="walk-scale"
            aria-pressed={on}
            aria-label={`Scale ${side} by ${side}`}
            onClick={() => onChange(withGroup(value, group, !on))}
          >
            <GridIcon side={side} />
            <span aria-hidden="true">{side}</span>
          </button>
        )
      })}
    </div>
  )
}

/** A square of side x side tokens. */
function GridIcon({ side }: { side: number }) {
  const lines = Array.from({ length: side - 1 }, (_, i) => {
    const at = ((i + 1) * 24) / side
    return `M${at} 0V24M0 ${at}H24`
  })
  return (
    <svg viewBox="-1 -1 26 26" aria-hidden="true">
      <rect width="24" height="24" rx="2" />
      <path d={lines.join('')} />
    </svg>
  )
}

const steps: Readonly<Record<string, [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

function Positions({ side, value, onChange }: PartProps & { side: number }) {
  const [cursor, setCursor] = useState(0)
  const grid = useRef<HTMLFieldSetElement>(null)
  // What the pointer paints while it is down: on or off, beginning from what was there.
  const stroke = useRef<{ on: boolean; groups: readonly number[] }>(undefined)
  const under = (event: PointerEvent): number | undefined => {
    const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>('[data-group]')
    return cell && grid.current?.contains(cell) ? Number(cell.dataset.group) : undefined
  }
  const paint = (group: number | undefined) => {
    const { current } = stroke
    if (group === undefined || !current || current.groups.includes(group) === current.on) return
    current.groups = withGroup(current.groups, group, current.on)
    onChange([...current.groups])
  }
  const move = (event: KeyboardEvent) => {
    const [dx, dy] = steps[event.key] ?? []
    if (dx === undefined || dy === undefined) return
    event.preventDefault()
    event.stopPropagation()
    const clamp = (at: number) => Math.min(side - 1, Math.max(0, at))
    const next = clamp((cursor % side) + dx) + side * clamp(Math.floor(cursor / side) + dy)
    setCursor(next)
    grid.current?.querySelector<HTMLElement>(`[data-group="${next}"]`)?.focus()
  }
  return (
    <fieldset
      ref={grid}
      class="walk-positions"
      aria-label="Positions; arrow keys move, Space turns one on or off"
      style={{ gridTemplateColumns: `repeat(${side}, 1fr)` }}
      onKeyDown={move}
      onPointerDown={(event) => {
        const group = under(event)
        if (group === undefined) return
        stroke.current = { on: !value.includes(group), groups: value }
        paint(group)
      }}
      onPointerMove={(event) => paint(under(event))}
      onPointerUp={() => {
        stroke.current = undefined
      }}
      onPointerLeave={() => {
        stroke.current = undefined
      }}
    >
      {allGroups(side * side).map((group) => {
        const on = value.includes(group)
        return (
          <button
            key={group}
            type="button"
            data-group={group}
            aria-pressed={on}
            aria-label={`Row ${Math.floor(group / side) + 1}, column ${(group % side) + 1}`}
            tabIndex={group === cursor ? 0 : -1}
            onFocus={() => setCursor(group)}
            // A click that a pointer made has painted already.
            onClick={(event) => event.detail === 0 && onChange(withGroup(value, group, !on))}
          />
        )
      })}
    </fieldset>
  )
}
