// Pictures that follow a hand: one is computed at a time, and when it is done the latest wish is next. What was wished in
// between is dropped. A picture that was begun is finished, since stopping each at the next wish would show none.

export interface Latest<Wish> {
  wish(wish: Wish): void
  /** Drops what waits and aborts what runs. */
  stop(): void
}

/**
 * @param make computes one wish; the signal aborts when the work is stopped
 * @param onFailure hears what `make` threw, unless it was stopped
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
    /** Pictures a second; undefined while there are too few to say. */
    rate(now: number): number | undefined {
      moments = moments.filter((then) => now - then < span)
      const [first] = moments
      if (first === undefined || moments.length < 3) return undefined
      return ((moments.length - 1) * 1000) / (moments.at(-1)! - first)
    },
  }
}
