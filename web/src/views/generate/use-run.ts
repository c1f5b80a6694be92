// One run at a time: pictures arrive as they are made, and a new run or a changed setting cancels the previous run.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { type Backend, isAbort, type ModelInfo, type Picture } from '../../backend/types.ts'
import { asksOf, type RunSettings } from './run-settings.ts'

export interface RunState {
  status: 'idle' | 'running' | 'done' | 'cancelled' | 'fault'
  run: RunSettings | undefined
  /** The finished pictures of this run, in their places. */
  pictures: readonly (Picture | undefined)[]
  /** Pictures of earlier runs, shown until a new one takes their place, so that the grid does not flicker. */
  earlier: readonly (Picture | undefined)[]
  /** Number of finished pictures of this run. */
  made: number
  /** Requests before this one. */
  ahead: number
  /** Network evaluations done in the current batch. */
  step: { done: number; of: number } | undefined
  /** The first run of this way, for which networks are opened. */
  fresh: boolean
  /** Seconds of computing for the pictures made so far. */
  seconds: number
  fault: unknown
}

const idle: RunState = {
  status: 'idle',
  run: undefined,
  pictures: [],
  earlier: [],
  made: 0,
  ahead: 0,
  step: undefined,
  seconds: 0,
  fresh: false,
  fault: undefined,
}

/** Ways that have run since the page was opened. */
const opened = new Set<string>()

export interface Runner {
  state: RunState
  start(run: RunSettings): void
  /** @param keep whether earlier pictures stay in unfilled places, because another run follows at once */
  cancel(keep?: boolean): void
}

/** The picture in a place of the grid: this run's, or the earlier one. */
export const shownAt = ({ pictures, earlier }: RunState, place: number): Picture | undefined =>
  pictures[place] ?? earlier[place]

/** The earlier pictures that stay when a run ends early: all if it made no picture, otherwise none. */
const leftOver = ({ made, earlier }: RunState) => (made ? [] : earlier)

/** @param onDone called with every run that finished */
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
                made: latest.made + 1,
                ahead: 0,
                step: undefined,
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
