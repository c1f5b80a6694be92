// The state of runs that make one picture in several ways, one way after the other so that their times are comparable.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { type Backend, type ImageAsk, isAbort, type Picture, type PlanOptions } from '../../backend/types.ts'

export interface Run {
  status: 'waiting' | 'opening' | 'running' | 'done'
  /** Network evaluations so far, of `steps`. */
  step: number
  steps: number
  /** Wall-clock seconds while it runs; computing time alone when it is done, for short runs the median of several. */
  seconds: number
  picture: Picture | undefined
}

export interface Runs {
  runs: Readonly<Record<string, Run>>
  busy: boolean
  fault: unknown
  start(ask: {
    model: string
    image: ImageAsk
    choices: readonly { key: string; options: PlanOptions; evaluations: number }[]
  }): void
  stop(): void
}

/** Figures of one page run one at a time: otherwise their times would be wrong. */
let latest: AbortController | undefined

/** Ways that have run before. The first run of a network also opens it, which does not count as the method's time. */
const opened = new WeakMap<Backend, Set<string>>()

/** Runs below this many seconds are repeated, up to a limit: a single time of a few milliseconds is not reliable. */
const briefly = 0.4
const mostTimes = 5
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

const waiting = (steps: number): Run => ({ status: 'waiting', step: 0, steps, seconds: 0, picture: undefined })

export function useRuns(backend: Backend): Runs {
  const [runs, setRuns] = useState<Runs['runs']>({})
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<unknown>()
  const running = useRef<AbortController>(undefined)
  const stop = useCallback(() => running.current?.abort(new DOMException('Stopped', 'AbortError')), [])
  useEffect(() => stop, [backend])

  const start: Runs['start'] = async ({ model, image, choices }) => {
    latest?.abort(new DOMException('Stopped', 'AbortError'))
    const controller = new AbortController()
    latest = controller
    running.current = controller
    const { signal } = controller
    setFault(undefined)
    setBusy(true)
    setRuns(Object.fromEntries(choices.map(({ key, evaluations }) => [key, waiting(evaluations)])))
    const merge = (key: string, part: Partial<Run>) =>
      signal.aborted || setRuns((old) => ({ ...old, [key]: { ...old[key]!, ...part } }))
    try {
      const known = opened.get(backend) ?? new Set()
      opened.set(backend, known)
      for (const { key, options } of choices) {
        const name = `${model} ${JSON.stringify(options)}`
        if (!known.has(name)) {
          merge(key, { status: 'opening' })
          await backend.sample({ model, options, images: [image] }, { signal })
          known.add(name)
        }
        const started = performance.now()
        const elapsed = () => (performance.now() - started) / 1000
        merge(key, { status: 'running' })
        const clock = setInterval(() => merge(key, { seconds: elapsed() }), 50)
        const { seconds } = await backend
          .sample(
            { model, options, images: [image] },
            {
              signal,
              onStep: (step, steps) => merge(key, { step, steps }),
              onPicture: (picture) => merge(key, { picture }),
            },
          )
          .finally(() => clearInterval(clock))
        merge(key, { seconds })
        const times = [seconds]
        while (times.length < mostTimes && sum(times) < briefly) {
          times.push((await backend.sample({ model, options, images: [image] }, { signal })).seconds)
        }
        merge(key, { status: 'done', seconds: median(times) })
      }
    } catch (error) {
      if (!signal.aborted && !isAbort(error)) setFault(error)
    } finally {
      if (running.current === controller) setBusy(false)
    }
  }
  return { runs, busy, fault, start, stop }
}
