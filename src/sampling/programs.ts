// Programs by name: each graph is written and opened once, on first use, and shared by every later run.

import type { Engine, LoadOptions, Program } from '../engine/types.ts'
import type { Graph } from '../graph/index.ts'

export interface Programs {
  get(name: string, graph: () => Graph, options?: LoadOptions): Promise<Program>
  /** Closes all programs; `get` opens them again. */
  close(): Promise<void>
}

/** The same programs; opening one stops when the signal is aborted. */
export const cancellable = (programs: Programs, signal: AbortSignal | undefined): Programs => ({
  ...programs,
  get: (name, graph, options) => programs.get(name, graph, { ...options, signal }),
})

export function programCache(engine: Engine): Programs {
  const opened = new Map<string, Promise<Program>>()
  return {
    get(name, graph, options) {
      const known = opened.get(name)
      if (known) return known
      const program = engine.load(graph(), options)
      opened.set(name, program)
      program.catch(() => opened.delete(name)) // a failed or cancelled load may be tried again
      return program
    },
    async close() {
      const programs = await Promise.allSettled(opened.values())
      opened.clear()
      for (const p of programs) if (p.status === 'fulfilled') await p.value.dispose()
    },
  }
}
