// The page's side of the connection to a model's worker: it sends calls and receives events and answers. Every call ends: with
// its result, the worker's error, the reason of its signal, or an error that says why the worker ended.

import { PendingCalls } from '../core/calls.ts'
import { EngineError } from '../core/errors.ts'
import { type FromWorker, fromWire, type Method, type ToWorker, type WorkerEvent } from './protocol.ts'

export interface CallOptions {
  signal?: AbortSignal | undefined
  onEvent?: ((event: WorkerEvent) => void) | undefined
}

export class Link {
  private readonly worker: Worker
  private readonly calls = new PendingCalls()
  private readonly listeners = new Map<number, (event: WorkerEvent) => void>()
  /** Messages that wait for the worker to start. */
  private early: ToWorker[] | undefined = []

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

  async call<T>(method: Method, params: unknown, { signal, onEvent }: CallOptions = {}): Promise<T> {
    let id = 0
    const abort = () => {
      if (!this.calls.has(id)) return
      this.send({ id, abort: true })
      this.calls.reject(id, signal?.reason)
    }
    try {
      return await this.calls.begin<T>((own) => {
        signal?.throwIfAborted()
        id = own
        this.send({ id, method, params })
        if (onEvent) this.listeners.set(id, onEvent)
        signal?.addEventListener('abort', abort)
      })
    } finally {
      this.listeners.delete(id)
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Ends the worker, whatever it is doing; everything pending and everything later is rejected. */
  close(reason = new EngineError('The model was disposed.')): void {
    this.worker.terminate()
    this.calls.end(reason)
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
    // The call may have been aborted meanwhile; then it is no longer listed.
    if ('event' in answer) this.listeners.get(answer.id)?.(answer.event)
    else if ('error' in answer) this.calls.reject(answer.id, fromWire(answer.error))
    else this.calls.resolve(answer.id, answer.result)
  }
}

const restart = { remedy: 'Load the model again; when it happens again, memory may be short.' }
