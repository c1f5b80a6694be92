// Long arithmetic on the event loop: a generator yields where others may have their turn, and whoever runs it decides whether they do.
// Signals, timers and the network are heard between two pieces, and nothing has to leave the thread.

/** Arithmetic that gives its result in the end, and its place now and then. */
export type Steps<T> = Generator<void, T, void>

/** Between two turns of the others. */
const pieceMs = 50

/**
 * Runs steps without a pause.
 * @example
 * atOnce((function* () { yield; return 1 })()) // 1
 */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const next = steps.next()
    if (next.done) return next.value
  }
}

/**
 * Runs steps and lets the event loop turn about twenty times a second.
 * @throws what the steps throw; the signal's reason when it is aborted
 * @example
 * await inPieces((function* () { yield; return 1 })()) // 1
 */
export async function inPieces<T>(steps: Steps<T>, signal?: AbortSignal): Promise<T> {
  for (let turn = performance.now(); ; ) {
    const next = steps.next()
    if (next.done) return next.value
    if (performance.now() - turn < pieceMs) continue
    await new Promise((resolve) => setTimeout(resolve))
    signal?.throwIfAborted()
    turn = performance.now()
  }
}
