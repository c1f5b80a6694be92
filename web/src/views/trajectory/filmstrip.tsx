// Every state as a small picture in a strip; the current one is marked and scrolled into view.
import { useEffect, useRef } from 'preact/hooks'
import type { State } from '../../backend/types.ts'
import { PngImage } from '../../ui/picture.tsx'

interface FilmstripProps {
  states: readonly (State | undefined)[]
  steps: number
  at: number
  /** Timesteps that the student starts from. */
  starts: readonly number[]
  go(timestep: number): void
}

export function Filmstrip({ states, steps, at, starts, go }: FilmstripProps) {
  const strip = useRef<HTMLOListElement>(null)
  useEffect(() => {
    const list = strip.current
    const frame = list?.children[at] as HTMLElement | undefined
    if (!list || !frame) return
    const left = frame.offsetLeft
    const right = frame.offsetLeft + frame.offsetWidth
    const margin = frame.offsetWidth
    if (left - margin < list.scrollLeft) list.scrollLeft = left - margin
    else if (right + margin > list.scrollLeft + list.clientWidth) list.scrollLeft = right + margin - list.clientWidth
  }, [at])
  return (
    <ol class="trajectory-strip" ref={strip} aria-label="All timesteps">
      {Array.from({ length: steps + 1 }, (_, timestep) => (
        <li key={timestep}>
          <button
            type="button"
            // The keyboard uses the scrubber: 65 tab stops here would block the way to the controls after them.
            tabIndex={-1}
            class="trajectory-frame"
            aria-current={timestep === at ? 'step' : undefined}
            aria-label={`Timestep ${timestep}${starts.includes(timestep) ? ', the student starts here' : ''}`}
            disabled={!states[timestep]}
            onClick={() => go(timestep)}
          >
            <span class="picture-frame">
              <PngImage png={states[timestep]?.picture.png} alt="" />
            </span>
            <span aria-hidden="true" class={starts.includes(timestep) ? 'trajectory-start' : undefined}>
              {timestep}
            </span>
          </button>
        </li>
      ))}
    </ol>
  )
}
