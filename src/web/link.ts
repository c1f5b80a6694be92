// The page's end of a model's worker: calls out, events and answers in. Every call ends: with its result, with the error of the
// other side, with the reason of its signal, or with what became of the worker.

import { EngineError } from '../core/errors.ts'
import { type FromWorker, fromWire, type Method, type ToWorker, type WorkerEvent } from './protocol.ts'

interface Pending {
  resolve(value: unknown): void
  reject(error: unknown): void
  onEvent?: ((event: WorkerEvent) => void) | undefined
}

export interface CallOptions {
  signal?: AbortSignal | undefined
  onEvent?: ((event: WorkerEvent) => void) | undefined
}

export class Link {
  private readonly worker: Worker
  private readonly pending = new Map<number, Pending>()
  private next = 1
  /** What waits for the worker to begin. */
  private early: ToWorker[] | undefined = []
  private ended: EngineError | undefined

  constructor(worker: Worker) {
    this.worker = worker
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.settle(data)
    worker.onmessageerror = () => this.close(new EngineError('A message of the worker could not be read.', restart))
    worker.onerror = (event) => {
      event.preventDefault?.()
      const reason = event.message || 'its script could not be loaded (an address, or the Content-Security-Policy)'
      this.close(new EngineError(`The model's worker stopped: ${reason}.`, restart))
    }
    worker.postMessage({ hello: true } satisfies ToWorker)
  }

  call<T>(method: Method, params: unknown, { signal, onEvent }: CallOptions = {}): Promise<T> {
    if (this.ended) return Promise.reject(this.ended)
    if (signal?.aborted) return Promise.reject(signal.reason)
    const id = this.next++
    const answer = new Promise<T>((resolve, reject) => {
      this.send({ id, method, params }) // throws when something in there cannot cross
      this.pending.set(id, { resolve: resolve as Pending['resolve'], reject, onEvent })
    })
    if (!signal) return answer
    const abort = () => {
      const call = this.pending.get(id)
      if (!this.pending.delete(id)) return
      this.send({ id, abort: true })
      call?.reject(signal.reason)
    }
    signal.addEventListener('abort', abort)
    return answer.finally(() => signal.removeEventListener('abort', abort))
  }

  /** Ends the worker, whatever it is doing; everything pending and everything later is rejected. */
  close(reason = new EngineError('The model was disposed.')): void {
    this.ended ??= reason
    this.worker.terminate()
    for (const { reject } of this.pending.values()) reject(this.ended)
    this.pending.clear()
  }

  private send(message: ToWorker): void {
    if (this.early) this.early.push(message)
    else this.worker.postMessage(message)
  }

  private settle(answer: FromWorker): void {
    if ('ready' in answer) {
      const { early = [] } = this
      this.early = undefined
      for (const message of early) this.send(message)
      return
    }
    const call = this.pending.get(answer.id)
    if (!call) return // aborted meanwhile
    if ('event' in answer) {
      call.onEvent?.(answer.event)
      return
    }
    this.pending.delete(answer.id)
    if ('error' in answer) call.reject(fromWire(answer.error))
    else call.resolve(answer.result)
  }
}

const restart = { remedy: 'Load the model again; when it happens again, memory may be short.' }
