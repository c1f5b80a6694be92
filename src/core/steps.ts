// Long arithmetic on the event loop. A generator yields at places where it may pause; its caller decides whether to let the event
// loop run there, so that signals, timers and the network are handled without another thread.

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
