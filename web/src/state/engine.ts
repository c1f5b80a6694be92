// The engine that makes the pictures, its models, and the status of the chosen model: looking, closed (a download is needed),
// opening, ready, or a fault that says what to do.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { embeddedModels, pageBackend } from '../backend/page.ts'
import { serverBackend } from '../backend/server.ts'
import { type Backend, BackendError, isAbort, type ModelInfo, type Opened } from '../backend/types.ts'
import { type EngineKind, keepEngine, preferredEngine } from './preferences.ts'

export interface EngineState {
  kind: EngineKind
  backend: Backend
  status: 'looking' | 'closed' | 'opening' | 'ready' | 'fault'
  models: ModelInfo[]
  /** Whether the engine itself has listed the models; false for the built-in list. */
  found: boolean
  /** The chosen model. */
  model: ModelInfo | undefined
  opened: Opened | undefined
  /** Bytes, while opening. */
  download: { done: number; total: number } | undefined
  fault: unknown
}

export interface Engine extends EngineState {
  /** Changes the engine; it is kept for the next visit. */
  choose(kind: EngineKind): void
  /** Downloads and opens the model in the page. */
  open(): void
  /** Stops the download. */
  cancel(): void
  /** Asks the engine for its models again. */
  retry(): void
}

const backends: Record<EngineKind, Backend> = { server: serverBackend(), page: pageBackend() }

const looking = (kind: EngineKind): EngineState => ({
  kind,
  backend: backends[kind],
  status: 'looking',
  models: [],
  found: false,
  model: undefined,
  opened: undefined,
  download: undefined,
  fault: undefined,
})

/** The engine of the page. @param wanted the model of the address; the engine's first when it has no such model */
export function useEngine(wanted: string | undefined): Engine {
  const [search, setSearch] = useState<{ kind: EngineKind }>(() => ({ kind: preferredEngine() ?? 'server' }))
  const [state, setState] = useState(() => looking(search.kind))
  const running = useRef<AbortController>(undefined)
  const { kind, backend, models, found } = state
  const merge = useCallback((part: Partial<EngineState>) => setState((old) => ({ ...old, ...part })), [])

  useEffect(() => {
    let left = false
    setState(looking(search.kind))
    find(search.kind).then(
      (answer) => left || setState(answer),
      async (fault) => {
        const models = await embeddedModels().catch(() => [])
        if (!left) merge({ status: 'fault', fault, models })
      },
    )
    return () => {
      left = true
    }
  }, [search])

  const model = models.find(({ id }) => id === wanted) ?? models[0]
  const open = useCallback(async () => {
    if (!model) return
    running.current?.abort()
    const controller = new AbortController()
    running.current = controller
    const { signal } = controller
    merge({ status: 'opening', fault: undefined, download: undefined })
    try {
      const onDownload = (done: number, total: number) =>
        signal.aborted || merge({ download: { done, total: total || (model.bytes ?? 0) } })
      const opened = await backend.open(model.id, { signal, onDownload })
      if (!signal.aborted) merge({ status: 'ready', opened, download: undefined })
    } catch (fault) {
      if (running.current === controller)
        merge(isAbort(fault) ? { status: 'closed' } : { status: 'fault', fault, download: undefined })
    }
  }, [model, backend, merge])

  const id = model?.id
  const isOpen = model !== undefined && (backend.isOpen(model.id) || model.bytes === 0)
  useEffect(() => {
    if (!found) return
    running.current?.abort()
    if (isOpen) open()
    else merge({ status: 'closed' })
  }, [id, kind, found && models])

  return {
    ...state,
    model,
    choose(next) {
      keepEngine(next)
      running.current?.abort()
      setState(looking(next)) // at once: the switch shows it
      setSearch({ kind: next })
    },
    open,
    cancel: () => running.current?.abort(new DOMException('Cancelled', 'AbortError')),
    retry: () => setSearch({ kind }),
  }
}

/** The engine's models. When no server was ever chosen and none answers, the page's own engine is used. */
async function find(kind: EngineKind): Promise<EngineState> {
  try {
    return { ...looking(kind), status: 'closed', found: true, models: await backends[kind].models() }
  } catch (fault) {
    const absent = fault instanceof BackendError && ['gone', 'no_model'].includes(fault.code ?? '')
    if (kind === 'page' || preferredEngine() !== undefined || !absent) throw fault
    const models = await backends.page.models().catch(() => {
      throw fault
    })
    return { ...looking('page'), status: 'closed', found: true, models }
  }
}
