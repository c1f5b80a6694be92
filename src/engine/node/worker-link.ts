// The main thread's end of the engine worker: requests out, answers in. Every request ends: with its result, with
// ONNX Runtime's error in readable form, or with the reason why the worker is gone.
// The worker keeps the process alive exactly while a request is pending, and is never stopped inside ONNX Runtime:
// its binding aborts the process when the thread is terminated during a run.

import { Worker } from 'node:worker_threads'
import { PendingCalls } from '../../core/calls.ts'
import { EngineError } from '../../core/errors.ts'
import { nativeError, onnxRuntime, thisMachine } from '../../core/node/native.ts'
import { readable } from '../ort-message.ts'
import type { ResidentTensor } from '../types.ts'

interface Answer {
  id: number
  result?: unknown
  error?: string
}

/** Shared with the worker: whether it shall start nothing more, and whether it is inside ONNX Runtime. */
const STOP = 0
const BUSY = 1

/** Longer than any run; ends the wait for a worker that died without a message. */
const PATIENCE_MS = 60_000

const open = new Set<WorkerLink>()
process.on('exit', () => {
  for (const link of open) link.halt()
})

export class WorkerLink {
  /** Tensors that live in this worker; a tensor of another engine, or a disposed one, is not among them. */
  readonly residents = new WeakSet<ResidentTensor>()
  private readonly worker: Worker
  private readonly exited: Promise<void>
  private readonly flags = new Int32Array(new SharedArrayBuffer(8))
  private readonly calls = new PendingCalls()

  constructor() {
    // ONNX Runtime reads its environment natively; without this its Linux build writes telemetry files.
    process.env.ORT_DISABLE_TELEMETRY ??= '1'
    const options = { workerData: { flags: this.flags }, execArgv: [] } // own flags: `node -e` works with an engine, too
    this.worker = new Worker(new URL('./worker.js', import.meta.url), options)
    this.exited = new Promise((resolve) => this.worker.once('exit', () => resolve()))
    open.add(this)
    this.worker.on('message', (answer: Answer) => this.settle(answer))
    this.worker.on('error', (cause) => {
      const missing = /onnxruntime[-_](node|binding)/.test(cause.message)
      this.calls.end(
        missing
          ? nativeError(onnxRuntime, cause, thisMachine())
          : new EngineError(`The engine's worker crashed: ${readable(cause)}`, { cause, remedy: RESTART }),
      )
    })
    this.worker.on('exit', (code) => {
      open.delete(this)
      this.calls.end(new EngineError(`The engine's worker stopped with exit code ${code}.`, { remedy: RESTART }))
    })
    this.worker.unref()
  }

  /** Whether requests can still be answered. */
  get alive(): boolean {
    return this.calls.open
  }

  /** Sends a request. `transfer` lists buffers to hand over instead of copying. */
  call<T>(method: string, params: unknown, transfer: ArrayBuffer[] = []): Promise<T> {
    return this.calls.begin((id) => {
      this.worker.postMessage({ id, method, params }, transfer)
      this.worker.ref()
    })
  }

  /** Rejects what is pending, lets a run in progress end on its own, and waits for the worker to leave. */
  async close(): Promise<void> {
    this.calls.end(new EngineError('The engine was disposed.'))
    Atomics.store(this.flags, STOP, 1)
    this.worker.ref()
    this.worker.postMessage('close')
    await this.exited
  }

  /** Blocks until the worker is outside of ONNX Runtime, and keeps it there. */
  halt(): void {
    Atomics.store(this.flags, STOP, 1)
    Atomics.wait(this.flags, BUSY, 1, PATIENCE_MS)
  }

  private settle({ id, result, error }: Answer): void {
    if (error === undefined) this.calls.resolve(id, result)
    else this.calls.reject(id, new EngineError(`ONNX Runtime: ${readable(error)}`))
    if (this.calls.size === 0 && this.alive) this.worker.unref()
  }
}

const RESTART = 'Create a new engine; when it happens again, memory may be short: try a smaller batch.'
