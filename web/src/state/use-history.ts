// The history as state: read once, then updated with every write. It is not an error when the browser refuses to store it.
import { useCallback, useEffect, useState } from 'preact/hooks'
import { forgetRuns, keepRun, type Run, recallRuns, withRun } from './history.ts'

export interface History {
  runs: readonly Run[]
  add(run: Run): void
  clear(): void
}

export function useHistory(): History {
  const [runs, setRuns] = useState<readonly Run[]>([])
  useEffect(() => {
    recallRuns().then(
      (kept) => setRuns((now) => now.reduceRight<Run[]>((all, run) => withRun(all, run), kept)),
      () => {},
    )
  }, [])
  const add = useCallback((run: Run) => {
    setRuns((old) => withRun(old, run))
    keepRun(run).catch(() => {})
  }, [])
  const clear = useCallback(() => {
    setRuns([])
    forgetRuns().catch(() => {})
  }, [])
  return { runs, add, clear }
}
