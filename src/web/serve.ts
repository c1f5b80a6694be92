// The worker's side of the connection: one model, one call at a time, in the order of arrival. An abort takes effect between two
// network runs, where the engine lets the worker receive messages.

import { EngineError } from '../core/errors.ts'
import type { RunImage, TogetherOptions } from '../library/sample-options.ts'
import { openModel, type WorkerModel } from './open.ts'
import { type FromWorker, type Method, type Opened, type ToWorker, toWire, type WorkerEvent } from './protocol.ts'

/** The part of a worker's global scope that is used here. */
export interface Scope {
  onmessage: ((event: { data: ToWorker }) => void) | null
  postMessage(message: FromWorker): void
}

interface Call {
  params: never
  signal: AbortSignal
  tell(event: WorkerEvent): void
}

/** Answers the page's calls for as long as the worker lives. */
export function serve(scope: Scope): void {
  let model: WorkerModel | undefined
  const aborts = new Map<number, AbortController>()
  let queue: Promise<unknown> = Promise.resolve()

  const loaded = (): WorkerModel => {
    if (model) return model
    throw new EngineError('No model is open in this worker.')
  }

  const yieldAll = async (items: AsyncIterable<unknown>, tell: Call['tell']) => {
    for await (const value of items) tell({ type: 'item', value })
  }
  /** The page's options, with the progress callback and the abort signal of this side. */
  const watched = <O>({ params, signal, tell }: Call, options: unknown = params) =>
    ({ ...(options as object), signal, onProgress: (value: unknown) => tell({ type: 'progress', value }) }) as O

  const methods: Record<Method, (call: Call) => Promise<unknown>> = {
    async open({ params, signal, tell }) {
      const opened = await openModel(params, (value) => tell({ type: 'progress', value }), signal)
      model = opened.model
      return factsOf(opened)
    },
    stream: (call) => yieldAll(loaded().stream(watched(call)), call.tell),
    together(call) {
      const { rows, options } = call.params as { rows: readonly RunImage[]; options: TogetherOptions }
      return yieldAll(loaded().together(rows, watched(call, options)), call.tell)
    },
    trajectory: (call) => yieldAll(loaded().trajectory(watched(call)), call.tell),
  }

  async function answer({ id, method, params }: Extract<ToWorker, { method: Method }>, signal: AbortSignal) {
    try {
      signal.throwIfAborted()
      const tell = (event: WorkerEvent) => scope.postMessage({ id, event })
      const result = await methods[method]({ params: params as never, signal, tell })
      scope.postMessage({ id, result })
    } catch (error) {
      scope.postMessage({ id, error: toWire(error) })
    } finally {
      aborts.delete(id)
    }
  }

  scope.onmessage = ({ data }) => {
    if ('hello' in data) {
      scope.postMessage({ ready: true })
      return
    }
    if ('abort' in data) {
      aborts.get(data.id)?.abort()
      return
    }
    const controller = new AbortController()
    aborts.set(data.id, controller)
    queue = queue.then(() => answer(data, controller.signal))
  }
  scope.postMessage({ ready: true })
}

function factsOf({ model, facts, device, threads, notes }: Awaited<ReturnType<typeof openModel>>): Opened {
  const { name, groups, channels, numClasses, imageSize, student, teacher } = model.family
  const family = { name, groups, channels, numClasses, imageSize, student: Boolean(student), teacher: Boolean(teacher) }
  return { ...facts, family, device, threads, notes }
}
