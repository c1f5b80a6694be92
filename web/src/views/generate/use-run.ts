// One run at a time: pictures come in as they are made, a new run or a changed setting cancels the one before.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { type Backend, isAbort, type ModelInfo, type Picture } from '../../backend/types.ts'
import { asksOf, type RunSettings } from './run-settings.ts'

export interface RunState {
  status: 'idle' | 'running' | 'done' | 'cancelled' | 'fault'
  run: RunSettings | undefined
  /** Those of this run, in their places, once they have come. */
  pictures: readonly (Picture | undefined)[]
  /** Those of earlier runs, shown until their place is taken, so that a change is seen as a change and not as a blink. */
  earlier: readonly (Picture | undefined)[]
  /** Pictures of this run that have come. */
  made: number
  /** Requests before this one. */
  ahead: number
  /** Network evaluations done of the batch at work. */
  step: { done: number; of: number } | undefined
  /** The first run of this way, for which networks are opened. */
  fresh: boolean
  /** Of computing, for the pictures made so far. */
  seconds: number
  fault: unknown
}

const idle: RunState = {
  ...{ status: 'idle', run: undefined, pictures: [], earlier: [], made: 0, ahead: 0 },
  ...{ step: undefined, seconds: 0, fresh: false, fault: undefined },
}

/** Ways that have run since the page was opened. */
const opened = new Set<string>()

export interface Runner {
  state: RunState
  start(run: RunSettings): void
  /** @param keep whether earlier pictures stay in the places that were not reached: another run follows at once */
  cancel(keep?: boolean): void
}

/** The picture in a place of the grid: this run's, or what was there before. */
export const shownAt = ({ pictures, earlier }: RunState, place: number): Picture | undefined =>
  pictures[place] ?? earlier[place]

/** What stays of earlier pictures when a run ends early: all where it made none, and none beside its own. */
const leftOver = ({ made, earlier }: RunState) => (made ? [] : earlier)

/** @param onDone hears of every run that came to its end */
export function useRun(backend: Backend, model: ModelInfo, onDone: (state: RunState) => void): Runner {
  const [state, setState] = useState(idle)
  const running = useRef<AbortController>(undefined)
  const done = useRef(onDone)
  done.current = onDone
  useEffect(() => () => running.current?.abort(), [])

  const start = useCallback(
    async (run: RunSettings) => {
      running.current?.abort()
      const controller = new AbortController()
      running.current = controller
      const { signal } = controller
      const way = `${backend.kind} ${run.model} ${run.steps}`
      let latest: RunState = { ...idle, status: 'running', run, fresh: !opened.has(way) }
      const tell = (part: Partial<RunState>) => {
        if (signal.aborted) return
        latest = { ...latest, ...part }
        setState(latest)
      }
      setState((old) => {
        const places = Array.from({ length: run.count }, (_, place) => place)
        const earlier = places.map((place) => shownAt(old, place))
        latest = { ...latest, earlier, pictures: places.map(() => undefined) }
        return latest
      })
      try {
        let seconds = 0
        for (const { ask, offset } of asksOf(run, model)) {
          const begun = performance.now()
          const { seconds: took } = await backend.sample(ask, {
            signal,
            onQueued: (ahead) => tell({ ahead }),
            onStep: (step, of) =>
              tell({ step: { done: step, of }, ahead: 0, seconds: seconds + (performance.now() - begun) / 1000 }),
            onPicture: (picture) =>
              tell({
                pictures: latest.pictures.with(offset + picture.place, picture),
                ...{ made: latest.made + 1, ahead: 0, step: undefined },
              }),
          })
          seconds += took
          tell({ seconds, step: undefined })
        }
        tell({ status: 'done', earlier: [] })
        opened.add(way)
        if (!signal.aborted) done.current(latest)
      } catch (fault) {
        if (signal.aborted || isAbort(fault)) return
        tell({ status: 'fault', fault, step: undefined, earlier: leftOver(latest) })
      }
    },
    [backend, model],
  )
  const cancel = useCallback((keep = false) => {
    if (!running.current || running.current.signal.aborted) return
    running.current.abort()
    setState((old) => {
      if (old.status !== 'running') return old
      return { ...old, status: 'cancelled', step: undefined, earlier: keep ? old.earlier : leftOver(old) }
    })
  }, [])
  return { state, start, cancel }
}
