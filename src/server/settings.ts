// All limits of the server: no request can make it hold more, wait longer or work on more than this.

/** Requests that wait for their turn; the next one is told to come back later (429). */
export const queueCapacity = 64
/** Images computed together. */
export const batchSize = 8
/** Images of a request. */
export const mostImages = 10
/** Timesteps of a request: each opens a network, which stays in memory. */
export const mostTimesteps = 64
/** Seconds from a request's arrival to its answer; then it is 504, and its work stops. */
export const defaultTimeout = 120
/** Bytes of a request's body. */
export const bodyLimit = 65_536
/** Seconds in which the head of a request has to arrive. */
export const headSeconds = 10
/** Seconds in which the whole of a request has to arrive. */
export const requestSeconds = 20
/** Seconds that a client may take to begin reading its answer. */
export const answerSeconds = 20
/** Bytes a second that a client has to read of its answer from then on. */
export const slowestReader = 16_384
/** Requests that a client may send on a connection before the first of them is answered. */
export const mostPipelined = 16
/** Pieces of files read at a time, however many clients ask for files, so that each turn of the event loop is short. */
export const filesReadTogether = 8
/** Bytes of a piece. */
export const filePiece = 131_072
/** Connections in all: more than can be at work, so that there is always one to close for a newcomer. */
export const mostConnections = 1024
/** Connections of one address: a browser opens six, and a whole queue of requests may come from one machine. */
export const mostConnectionsOfOne = 256
/** Seconds for which a connection without a request is kept. */
export const idleSeconds = 5
/** The same for connections of a trusted proxy, which keeps them for its next client: most proxies let go after 60 s. */
export const idleProxySeconds = 75
/** The store of images behind URLs: the oldest leave when it is full. */
export const storeBytes = 64 * 2 ** 20
export const storeSeconds = 600
/** Seconds that work in progress has to end when the server stops. */
export const graceSeconds = 20
