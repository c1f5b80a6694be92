// The classes of a model, as state: requested once for all views, with the error and a retry.
import { useEffect, useState } from 'preact/hooks'
import type { Backend, ClassEntry } from '../backend/types.ts'

export interface Classes {
  /** In the order of their ids; empty until they have arrived. */
  classes: readonly ClassEntry[]
  fault: unknown
  retry(): void
}

const none: readonly ClassEntry[] = []

/** @param model undefined requests nothing yet */
export function useClasses(backend: Backend, model: string | undefined): Classes {
  const [found, setFound] = useState<{
    backend?: Backend
    model?: string
    classes?: readonly ClassEntry[]
    fault?: unknown
  }>({})
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (model === undefined) return
    let left = false
    const settle = (answer: { classes: readonly ClassEntry[] } | { fault: unknown }) =>
      left || setFound({ backend, model, ...answer })
    backend.classes(model).then(
      (classes) => settle({ classes }),
      (fault) => settle({ fault }),
    )
    return () => {
      left = true
    }
  }, [backend, model, round])
  const { classes = none, fault } = found.backend === backend && found.model === model ? found : {}
  const retry = () => {
    setFound({})
    setRound((n) => n + 1)
  }
  return { classes, fault, retry }
}
