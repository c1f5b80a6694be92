// One batcher computes all images. Requests wait in order; the images of those that may share a batch (same model,
// same plan) are computed together, up to the batch's size, and every request ends in one of three ways: finished, failed,
// or stopped by its signal. Work stops between two network evaluations when no request of its batch wants it any more.
import { queueFull } from './errors.ts'

/** A request as the batcher sees it. */
export interface Job<Row, Result> {
  /** Requests with the same key may share a batch. */
  readonly key: string
  readonly rows: readonly Row[]
  /** All rows belong in one batch, however many they are. */
  readonly whole?: boolean | undefined
  readonly signal: AbortSignal
  /** A batch with rows of this job is begun. */
  onBatch?(): void
  onStep?(step: number, steps: number): void
  onImage(row: number, result: Result): void | Promise<void>
}

export interface RunWatch {
  signal: AbortSignal
  onStep(step: number, steps: number): void
}

/** Computes rows that share a key, in order. */
export type Run<Row, Result> = (key: string, rows: readonly Row[], watch: RunWatch) => AsyncIterable<Result>

interface BatcherOptions<Row, Result> {
  run: Run<Row, Result>
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

interface Pending<Row, Result> extends Job<Row, Result> {
  /** Rows that were taken into a batch, and those that came out of one. */
  taken: number
  done: number
  settled: boolean
  resolve(): void
  reject(error: unknown): void
  /** Resolves when the job is settled, however. */
  ended: Promise<void>
  /** Images on their way to whoever asked, one after the other: the batcher does not wait for slow readers. */
  sent: Promise<void>
}

interface Slot<Row, Result> {
  job: Pending<Row, Result>
  row: number
}

export class Batcher<Row, Result> {
  private readonly options: BatcherOptions<Row, Result>
  /** Requests with rows that no batch has taken, oldest first. */
  private queue: Pending<Row, Result>[] = []
  private readonly open = new Set<Pending<Row, Result>>()
  private idle: Promise<void> = Promise.resolve()
  private busy = false

  constructor(options: BatcherOptions<Row, Result>) {
    this.options = options
  }

  /** Requests of which no image is begun. */
  get waiting(): number {
    return this.queue.filter(({ taken }) => taken === 0).length
  }

  /** Requests that are not answered. */
  get unanswered(): number {
    return this.open.size
  }

  /** @throws ApiError 429 when too many are waiting */
  submit(job: Job<Row, Result>): Submission {
    const ahead = this.waiting
    if (ahead >= this.options.capacity) throw queueFull(ahead)
    const { promise, resolve, reject } = withResolvers()
    const waiting = Object.assign(Object.create(job) as Job<Row, Result>, {
      ...{ taken: 0, done: 0, settled: false, resolve, reject, sent: Promise.resolve() },
      ended: promise.catch(() => {}),
    }) as Pending<Row, Result>
    this.open.add(waiting)
    this.queue.push(waiting)
    const stop = () => this.settle(waiting, job.signal.reason)
    if (job.signal.aborted) stop()
    else job.signal.addEventListener('abort', stop, { once: true })
    const finished = promise.finally(() => job.signal.removeEventListener('abort', stop))
    finished.catch(() => {}) // whoever waits hears of it; that nobody does is no crash
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
    await Promise.resolve() // requests that came together are seen together
    try {
      for (let slots = this.take(); slots.length; slots = this.take()) await this.batch(slots)
    } finally {
      this.busy = false
    }
  }

  private take(): Slot<Row, Result>[] {
    const [oldest] = this.queue
    const most = oldest?.whole ? oldest.rows.length : this.options.batch
    const slots: Slot<Row, Result>[] = []
    for (const job of this.queue.filter(({ key }) => key === oldest!.key)) {
      while (job.taken < job.rows.length && slots.length < most) slots.push({ job, row: job.taken++ })
    }
    this.queue = this.queue.filter((job) => job.taken < job.rows.length)
    return slots
  }

  private async batch(slots: readonly Slot<Row, Result>[]): Promise<void> {
    const jobs = [...new Set(slots.map(({ job }) => job))]
    const wanted = () => jobs.filter((job) => !job.settled)
    const controller = new AbortController()
    const stopUnwanted = () => {
      if (!wanted().length) controller.abort()
    }
    for (const { ended } of jobs) ended.then(stopUnwanted)
    this.options.onBatch?.(jobs[0]!.whole ? 1 : slots.length)
    for (const job of jobs) job.onBatch?.()
    try {
      const rows = slots.map(({ job, row }) => job.rows[row]!)
      const onStep = (step: number, steps: number) => {
        for (const job of wanted()) job.onStep?.(step, steps)
      }
      let next = 0
      for await (const result of this.options.run(jobs[0]!.key, rows, { signal: controller.signal, onStep })) {
        const { job, row } = slots[next++]!
        if (!job.settled) this.send(job, row, result)
      }
      if (next < slots.length) throw new Error(`${slots.length} images were asked for, ${next} came.`)
    } catch (error) {
      for (const job of jobs) job.sent = job.sent.then(() => this.settle(job, error))
    }
  }

  private send(job: Pending<Row, Result>, row: number, result: Result): void {
    job.sent = job.sent
      .then(() => (job.settled ? undefined : job.onImage(row, result)))
      .then(() => {
        if (++job.done === job.rows.length) this.settle(job)
      })
      .catch((error) => this.settle(job, error)) // its own failure, and no one else's
  }

  private settle(job: Pending<Row, Result>, error?: unknown): void {
    if (job.settled) return
    job.settled = true
    this.open.delete(job)
    this.queue = this.queue.filter((other) => other !== job)
    if (error === undefined) job.resolve()
    else job.reject(error)
  }
}

function withResolvers() {
  let [resolve, reject]: [() => void, (error: unknown) => void] = [() => {}, () => {}]
  const promise = new Promise<void>((yes, no) => {
    ;[resolve, reject] = [yes, no]
  })
  return { promise, resolve, reject }
}
