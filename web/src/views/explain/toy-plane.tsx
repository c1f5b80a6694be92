// The plane of the toy: the canvas, and on top of it handles that the mouse, a finger or the arrow keys move.
import { useEffect, useRef } from 'preact/hooks'
import { type Entry, reach } from './flow.ts'
import { paint } from './toy-paint.ts'
import { letters, type ToyFacts, within } from './toy-state.ts'

export interface PlaneProps {
  entries: readonly Entry[]
  own: readonly [number, number]
  facts: ToyFacts
  /** 0 to 1. */
  time: number
  onEntry(j: number, x: number, y: number): void
  onOwn(x: number, y: number): void
}

export function Plane({ entries, own, facts, time, onEntry, onOwn }: PlaneProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const latest = useRef({ facts, time })
  latest.current = { facts, time }
  useEffect(() => {
    if (canvas.current) paint(canvas.current, facts, time)
  }, [facts.paths, facts.own, facts.cells, time])
  useEffect(() => watch(canvas.current!, () => paint(canvas.current!, latest.current.facts, latest.current.time)), [])
  const end = letters[facts.own.ends[0]!]!
  const chosen = `explain-${letters.indexOf(end)}`
  return (
    <div class="explain-plane">
      <canvas ref={canvas} role="img" aria-label="Noise in the cells of the entries it flows to" />
      {entries.map(({ x, y }, j) => (
        <Handle
          key={letters[j]}
          x={x}
          y={y}
          onMove={(nx, ny) => onEntry(j, nx, ny)}
          class={`explain-entry-handle explain-${j}`}
          says={`Entry ${letters[j]}, ${percentText(facts.probabilities[j]!)}`}
        >
          {letters[j]}
        </Handle>
      ))}
      <Handle
        x={own[0]}
        y={own[1]}
        onMove={onOwn}
        class={`explain-noise-handle ${chosen}`}
        says={`Your noise, ends on ${end}`}
      />
    </div>
  )
}

export const percentText = (share: number): string => `${Math.round(100 * share)} %`

interface HandleProps {
  x: number
  y: number
  onMove(x: number, y: number): void
  class: string
  says: string
  children?: string | undefined
}

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
}

function Handle({ x, y, onMove, class: name, says, children }: HandleProps) {
  const take = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    event.currentTarget.setPointerCapture(event.pointerId)
  }
  const drag = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const { currentTarget } = event
    if (!currentTarget.hasPointerCapture(event.pointerId)) return
    const { left, top, width } = currentTarget.parentElement!.getBoundingClientRect()
    const share = (v: number, from: number) => ((v - from) / width - 0.5) * 2 * reach
    onMove(within(share(event.clientX, left)), within(-share(event.clientY, top)))
  }
  const press = (event: KeyboardEvent) => {
    const arrow = arrows[event.key]
    if (!arrow || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    const far = event.shiftKey ? 0.5 : 0.1
    onMove(within(x + arrow[0] * far), within(y + arrow[1] * far))
  }
  const where = `${x.toFixed(1)}, ${y.toFixed(1)}`.replaceAll('-', '−')
  return (
    <button
      type="button"
      class={name}
      style={{ left: `${50 + (50 * x) / reach}%`, top: `${50 - (50 * y) / reach}%` }}
      aria-label={`${says}, at ${where}. Arrow keys move it.`}
      onPointerDown={take}
      onPointerMove={drag}
      onKeyDown={press}
    >
      {children}
    </button>
  )
}

/** Sets the canvas to its size on the page, and calls back when that size or the page's colours change. */
function watch(canvas: HTMLCanvasElement, change: () => void): () => void {
  const sizes = new ResizeObserver(([entry]) => {
    const side = Math.round(entry!.contentRect.width * Math.min(devicePixelRatio, 2))
    if (side === canvas.width) return
    canvas.width = side
    canvas.height = side
    change()
  })
  sizes.observe(canvas)
  const theme = new MutationObserver(change)
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  const system = matchMedia('(prefers-color-scheme: dark)')
  system.addEventListener('change', change)
  return () => {
    system.removeEventListener('change', change)
    sizes.disconnect()
    theme.disconnect()
  }
}
