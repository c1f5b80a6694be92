// One batcher computes all images. Requests wait in order; the images of those that may share a batch (same model,
// same plan) are computed together, up to the batch's size, and every request ends in one of three ways: finished, failed,
// or stopped by its signal. A batch stops between two network evaluations when all of its requests have ended.
import { queueFull } from './errors.ts'

/** What is computed. */
export interface Job {
  /** Jobs of the same key may share a batch; a symbol is a key of one job alone. */
  readonly key: string | symbol
  readonly rows: readonly unknown[]
  /** Set for a job that makes several results of one row. Every other job makes one result of each row. */
  readonly results?: number
}

/** A job and the callbacks that receive its results. */
export interface Request<J extends Job, Result> {
  readonly job: J
  readonly signal: AbortSignal
  /** Called when a batch with rows of this job starts. */
  onBatch?(): void
  onStep?(step: number, steps: number): void
  onImage(place: number, result: Result): void | Promise<void>
}

export interface RunWatch {
  signal: AbortSignal
  onStep(step: number, steps: number): void
}

/** Computes rows of jobs that share a key, in order; `job` is the first of them. */
export type Run<J extends Job, Result> = (
  job: J,
  rows: readonly J['rows'][number][],
  watch: RunWatch,
) => AsyncIterable<Result>

interface BatcherOptions<J extends Job, Result> {
  run: Run<J, Result>
  capacity: number
  batch: number
  onBatch?: (images: number) => void
}

export interface Submission {
  /** Requests that were waiting in front. */
  readonly ahead: number
  /** Rejects with what made the request fail, or its signal's reason. */
  readonly finished: Promise<void>
}

interface Pending<J extends Job, Result> extends Request<J, Result> {
  /** Rows that were taken into a batch, and results that came out of one. */
  taken: number
  done: number
  settled: boolean
  resolve(): void
  reject(error: unknown): void
  /** Resolves when the request has finished, failed or stopped. */
  ended: Promise<void>
  /** The results that are being sent, one after the other: the batcher does not wait for a slow client. */
  sent: Promise<void>
}

/** Where a result belongs. */
interface Slot<J extends Job, Result> {
  request: Pending<J, Result>
  place: number
}

export class Batcher<J extends Job, Result> {
  private readonly options: BatcherOptions<J, Result>
  /** Requests with rows that no batch has taken, oldest first. */
  private queue: Pending<J, Result>[] = []
  private readonly open = new Set<Pending<J, Result>>()
  private idle: Promise<void> = Promise.resolve()
  private busy = false

  constructor(options: BatcherOptions<J, Result>) {
    this.options = options
  }

  /** Requests that have no row in a batch yet. */
  get waiting(): number {
    return this.queue.filter(({ taken }) => taken === 0).length
  }

  /** Requests that have not ended. */
  get unanswered(): number {
    return this.open.size
  }

  /** @throws ApiError 429 when too many are waiting */
  submit(request: Request<J, Result>): Submission {
    const ahead = this.waiting
    if (ahead >= this.options.capacity) throw queueFull(ahead)
    const { promise, resolve, reject } = withResolvers()
    const waiting = Object.assign(Object.create(request) as Request<J, Result>, {
      taken: 0,
      done: 0,
      settled: false,
      resolve,
      reject,
      sent: Promise.resolve(),
      ended: promise.catch(() => {}),
    }) as Pending<J, Result>
    this.open.add(waiting)
    this.queue.push(waiting)
    const stop = () => this.settle(waiting, request.signal.reason)
    if (request.signal.aborted) stop()
    else request.signal.addEventListener('abort', stop, { once: true })
    const finished = promise.finally(() => request.signal.removeEventListener('abort', stop))
    finished.catch(() => {}) // a rejection that nobody awaits does not end the process
    if (!this.busy) {
      this.busy = true
      this.idle = this.work()
    }
    return { ahead, finished }
  }

  /** Resolves when nothing is left to do or to send. */
  async drained(): Promise<void> {
    while (this.busy || this.open.size) await Promise.all([this.idle, ...[...this.open].map(({ ended }) => ended)])
  }

  private async work(): Promise<void> {
    await Promise.resolve() // requests of the same turn of the event loop share a batch
    try {
      for (let slots = this.take(); slots.length; slots = this.take()) await this.batch(slots)
    } finally {
      this.busy = false
    }
  }

  private take(): Slot<J, Result>[] {
    const [oldest] = this.queue
    const slots: Slot<J, Result>[] = []
    for (const request of this.queue.filter(({ job }) => job.key === oldest!.job.key)) {
      const { rows } = request.job
      while (request.taken < rows.length && slots.length < this.options.batch)
        slots.push({ request, place: request.taken++ })
    }
    this.queue = this.queue.filter(({ taken, job }) => taken < job.rows.length)
    return slots
  }

  private async batch(slots: readonly Slot<J, Result>[]): Promise<void> {
    const requests = [...new Set(slots.map(({ request }) => request))]
    const wanted = () => requests.filter((request) => !request.settled)
    const controller = new AbortController()
    const stopUnwanted = () => {
      if (!wanted().length) controller.abort()
    }
    for (const { ended } of requests) ended.then(stopUnwanted)
    this.options.onBatch?.(slots.length)
    for (const request of requests) request.onBatch?.()
    try {
      const { job } = requests[0]!
      const rows = slots.map(({ request, place }) => request.job.rows[place])
      const places =
        job.results === undefined
          ? slots
          : Array.from({ length: job.results }, (_, place) => ({ request: requests[0]!, place }))
      const onStep = (step: number, steps: number) => {
        for (const request of wanted()) request.onStep?.(step, steps)
      }
      let next = 0
      for await (const result of this.options.run(job, rows, { signal: controller.signal, onStep })) {
        const { request, place } = places[next++]!
        if (!request.settled) this.send(request, place, result)
      }
      if (next < places.length) throw new Error(`${places.length} images were asked for, ${next} came.`)
    } catch (error) {
      for (const request of requests) request.sent = request.sent.then(() => this.settle(request, error))
    }
  }

  private send(request: Pending<J, Result>, place: number, result: Result): void {
    request.sent = request.sent
      .then(() => (request.settled ? undefined : request.onImage(place, result)))
      .then(() => {
        if (++request.done === (request.job.results ?? request.job.rows.length)) this.settle(request)
      })
      .catch((error) => this.settle(request, error)) // this request fails, the others go on
  }

  private settle(request: Pending<J, Result>, error?: unknown): void {
    if (request.settled) return
    request.settled = true
    this.open.delete(request)
    this.queue = this.queue.filter((other) => other !== request)
    if (error === undefined) request.resolve()
    else request.reject(error)
  }
}

function withResolvers() {
  let [resolve, reject]: [() => void, (error: unknown) => void] = [() => {}, () => {}]
  const promise = new Promise<void>((yes, no) => {
    ;[resolve, reject] = [yes, no]
  })
  return { promise, resolve, reject }
}
