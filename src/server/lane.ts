// The one lane on which all images are made. Requests wait in order; the images of those that may share a batch (same model,
// same plan) are computed together, up to the batch's size, and every request ends in one of three ways: finished, failed,
// or stopped by its signal. Work stops between two network evaluations when no request of its batch wants it any more.
import { queueFull } from './errors.ts'

/** A request as the lane sees it. */
export interface Order<Row, Result> {
  /** Requests with the same key may share a batch. */
  readonly key: string
  readonly rows: readonly Row[]
  /** All rows belong in one batch, however many they are. */
  readonly whole?: boolean | undefined
  readonly signal: AbortSignal
  /** A batch with rows of this order is begun. */
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

interface LaneOptions<Row, Result> {
  run: Run<Row, Result>
  capacity: number
  batch: number
  onBatch?: (images: number) => void
}

export interface Ticket {
  /** Requests that were waiting in front. */
  readonly ahead: number
  /** Rejects with what made the request fail, or its signal's reason. */
  readonly finished: Promise<void>
}

interface Waiting<Row, Result> extends Order<Row, Result> {
  /** Rows that were taken into a batch, and those that came out of one. */
  taken: number
  done: number
  settled: boolean
  resolve(): void
  reject(error: unknown): void
  /** Resolves when the order is settled, however. */
  ended: Promise<void>
  /** Images on their way to whoever asked, one after the other: the lane does not wait for slow readers. */
  sent: Promise<void>
}

interface Slot<Row, Result> {
  order: Waiting<Row, Result>
  row: number
}

export class Lane<Row, Result> {
  private readonly options: LaneOptions<Row, Result>
  /** Requests with rows that no batch has taken, oldest first. */
  private queue: Waiting<Row, Result>[] = []
  private readonly open = new Set<Waiting<Row, Result>>()
  private idle: Promise<void> = Promise.resolve()
  private busy = false

  constructor(options: LaneOptions<Row, Result>) {
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
  submit(order: Order<Row, Result>): Ticket {
    const ahead = this.waiting
    if (ahead >= this.options.capacity) throw queueFull(ahead)
    const { promise, resolve, reject } = withResolvers()
    const waiting = Object.assign(Object.create(order) as Order<Row, Result>, {
      ...{ taken: 0, done: 0, settled: false, resolve, reject, sent: Promise.resolve() },
      ended: promise.catch(() => {}),
    }) as Waiting<Row, Result>
    this.open.add(waiting)
    this.queue.push(waiting)
    const stop = () => this.settle(waiting, order.signal.reason)
    if (order.signal.aborted) stop()
    else order.signal.addEventListener('abort', stop, { once: true })
    const finished = promise.finally(() => order.signal.removeEventListener('abort', stop))
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
    for (const order of this.queue.filter(({ key }) => key === oldest!.key)) {
      while (order.taken < order.rows.length && slots.length < most) slots.push({ order, row: order.taken++ })
    }
    this.queue = this.queue.filter((order) => order.taken < order.rows.length)
    return slots
  }

  private async batch(slots: readonly Slot<Row, Result>[]): Promise<void> {
    const orders = [...new Set(slots.map(({ order }) => order))]
    const wanted = () => orders.filter((order) => !order.settled)
    const controller = new AbortController()
    const stopUnwanted = () => {
      if (!wanted().length) controller.abort()
    }
    for (const { ended } of orders) ended.then(stopUnwanted)
    this.options.onBatch?.(orders[0]!.whole ? 1 : slots.length)
    for (const order of orders) order.onBatch?.()
    try {
      const rows = slots.map(({ order, row }) => order.rows[row]!)
      const onStep = (step: number, steps: number) => {
        for (const order of wanted()) order.onStep?.(step, steps)
      }
      let next = 0
      for await (const result of this.options.run(orders[0]!.key, rows, { signal: controller.signal, onStep })) {
        const { order, row } = slots[next++]!
        if (!order.settled) this.send(order, row, result)
      }
      if (next < slots.length) throw new Error(`${slots.length} images were asked for, ${next} came.`)
    } catch (error) {
      for (const order of orders) order.sent = order.sent.then(() => this.settle(order, error))
    }
  }

  private send(order: Waiting<Row, Result>, row: number, result: Result): void {
    order.sent = order.sent
      .then(() => (order.settled ? undefined : order.onImage(row, result)))
      .then(() => {
        if (++order.done === order.rows.length) this.settle(order)
      })
      .catch((error) => this.settle(order, error)) // its own failure, and no one else's
  }

  private settle(order: Waiting<Row, Result>, error?: unknown): void {
    if (order.settled) return
    order.settled = true
    this.open.delete(order)
    this.queue = this.queue.filter((other) => other !== order)
    if (error === undefined) order.resolve()
    else order.reject(error)
  }
}

function withResolvers() {
  let [resolve, reject]: [() => void, (error: unknown) => void] = [() => {}, () => {}]
  const promise = new Promise<void>((yes, no) => {
    ;[resolve, reject] = [yes, no]
  })
  return { promise, resolve, reject }
}
