// The pictures of a run. One of them is selected: arrows, Home and End move, and the details below the grid belong to it.
import { useRef } from 'preact/hooks'
import { PngImage } from '../../ui/picture.tsx'
import { type RunState, shownAt } from './use-run.ts'

export interface PictureGridProps {
  state: RunState
  /** Empty places shown before the first run. */
  count: number
  selected: number
  onSelect(place: number): void
}

export function PictureGrid({ state, count, selected, onSelect }: PictureGridProps) {
  const list = useRef<HTMLDivElement>(null)
  const { run, status } = state
  const places = run ? state.pictures.length : count
  const pictures = Array.from({ length: places }, (_, place) => shownAt(state, place))
  const last = pictures.length - 1
  const at = Math.min(Math.max(0, selected), last)
  const focus = (place: number) => {
    const next = Math.min(last, Math.max(0, place))
    onSelect(next)
    ;(list.current!.children[next] as HTMLElement).focus()
  }
  const columns = () => getComputedStyle(list.current!).gridTemplateColumns.split(' ').length
  const moves: Record<string, () => number> = {
    ArrowRight: () => at + 1,
    ArrowLeft: () => at - 1,
    ArrowDown: () => (at + columns() > last ? at : at + columns()),
    ArrowUp: () => (at - columns() < 0 ? at : at - columns()),
    Home: () => 0,
    End: () => last,
  }
  return (
    <div
      ref={list}
      class={`sheet sheet-${sizeOf(pictures.length)}`}
      role="listbox"
      aria-label="Pictures"
      aria-orientation="horizontal"
      aria-busy={status === 'running'}
      tabIndex={-1}
      onKeyDown={(event) => {
        const move = moves[event.key]
        if (!move || event.ctrlKey || event.metaKey || event.altKey) return
        event.preventDefault()
        focus(move())
      }}
    >
      {pictures.map((picture, place) => (
        <div
          key={place}
          class={status === 'running' && !state.pictures[place] ? 'tile picture-frame working' : 'tile picture-frame'}
          role="option"
          aria-selected={place === at}
          aria-label={picture ? `${picture.className}, picture ${place + 1}` : `Picture ${place + 1}, not made yet`}
          tabIndex={place === at ? 0 : -1}
          onFocus={() => place !== at && onSelect(place)}
        >
          {picture && <PngImage png={picture.png} alt="" />}
          {picture?.flagged && <span class="tag">flagged</span>}
        </div>
      ))}
    </div>
  )
}

/** The smallest size that has room for `count` pictures. */
const sizeOf = (count: number): number => [1, 4, 8, 16].find((size) => count <= size) ?? 32
