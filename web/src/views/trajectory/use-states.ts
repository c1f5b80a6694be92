// The states of a trajectory as they arrive. Changed settings stop the current run.
import { useEffect, useState } from 'preact/hooks'
import { type Backend, isAbort, type State, type TrajectoryAsk } from '../../backend/types.ts'

export interface Streamed {
  /** By timestep. */
  states: readonly (State | undefined)[]
  ahead: number
  running: boolean
  seconds: number | undefined
  fault: unknown
}

const nothing: Streamed = { states: [], ahead: 0, running: true, seconds: undefined, fault: undefined }

/** @param round increase it to try again */
export function useStates(backend: Backend, ask: TrajectoryAsk, round: number): Streamed {
  const [streamed, setStreamed] = useState(nothing)
  const key = JSON.stringify(ask)
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    const merge = (part: Partial<Streamed>) => signal.aborted || setStreamed((old) => ({ ...old, ...part }))
    setStreamed(nothing)
    // Waits while a seed is typed instead of sampling after every digit.
    const soon = setTimeout(async () => {
      const states: (State | undefined)[] = []
      try {
        const { seconds } = await backend.trajectory(ask, {
          signal,
          onQueued: (ahead) => merge({ ahead }),
          onState(state) {
            states[state.timestep] = state
            merge({ states: [...states], ahead: 0 })
          },
        })
        merge({ running: false, seconds })
      } catch (fault) {
        if (!isAbort(fault)) merge({ running: false, fault })
      }
    }, 150)
    return () => {
      clearTimeout(soon)
      controller.abort(new DOMException('Cancelled', 'AbortError'))
    }
  }, [backend, key, round])
  return streamed
}
