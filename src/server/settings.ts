// What bounds the server, in one place: nothing a client sends can make it hold more, wait longer or work on more than this.

/** Requests that wait for their turn; the next one is told to come back later (429). */
export const queueCapacity = 64
/** Images computed together. */
export const batchSize = 8
/** Images of a request. */
export const mostImages = 10
/** Seconds from a request's arrival to its answer; then it is 504, and its work stops. */
export const defaultTimeout = 120
/** Bytes of a request's body. */
export const bodyLimit = 65_536
/** Seconds in which the head, and the whole, of a request has to arrive. */
export const [headSeconds, requestSeconds] = [10, 20]
export const mostConnections = 1024
/** The store of images behind URLs: the oldest leave when it is full. */
export const storeBytes = 64 * 2 ** 20
export const storeSeconds = 600
/** Seconds that work in progress has to end when the server stops. */
export const graceSeconds = 20
