// Runs the latest request: one is computed at a time, then the newest waiting one; older waiting ones are dropped. A running one
// is always finished: if every new request stopped it, no picture would ever be shown.

export interface Latest<Wish> {
  wish(wish: Wish): void
  /** Drops the waiting request and aborts the running one. */
  stop(): void
}

/**
 * @param make computes one request; the signal aborts when the work is stopped
 * @param onFailure called with the error that `make` threw, unless it was stopped
 * @example
 * const painter = latest(async (at: number, signal) => paint(await picture(at, signal)), report)
 * slider.oninput = () => painter.wish(slider.valueAsNumber)
 */
export function latest<Wish>(
  make: (wish: Wish, signal: AbortSignal) => Promise<void>,
  onFailure: (error: unknown) => void,
): Latest<Wish> {
  const stopped = new AbortController()
  let waiting: { wish: Wish } | undefined
  let running = false
  const run = async () => {
    running = true
    try {
      while (waiting && !stopped.signal.aborted) {
        const { wish } = waiting
        waiting = undefined
        await make(wish, stopped.signal)
      }
    } catch (error) {
      waiting = undefined
      if (!stopped.signal.aborted) onFailure(error)
    } finally {
      running = false
    }
  }
  return {
    wish(wish) {
      if (stopped.signal.aborted) return
      waiting = { wish }
      if (!running) void run()
    },
    stop() {
      waiting = undefined
      stopped.abort()
    },
  }
}

/** Pictures a second, from the moments at which they appeared in the last second. */
export function pace(span = 1000) {
  let moments: number[] = []
  return {
    /** Something appeared at `now` (milliseconds). */
    tick(now: number): void {
      moments = [...moments.filter((then) => now - then < span), now]
    },
    /** Pictures a second; undefined while there are too few pictures. */
    rate(now: number): number | undefined {
      moments = moments.filter((then) => now - then < span)
      const [first] = moments
      if (first === undefined || moments.length < 3) return undefined
      return ((moments.length - 1) * 1000) / (moments.at(-1)! - first)
    },
  }
}
