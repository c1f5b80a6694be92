// The review's addresses and its server: the page, the images by their hash, and one address for what the reviewer does. It listens
// on 127.0.0.1 alone; only its own page may write, and no other site may even link to it.
import { canonicalHost, isOwnOrigin } from '../http/hosts.ts'
import { trustedProxies } from '../http/proxies.ts'
import { actionSchema } from '../review/events.ts'
import { Conflict, type ReviewSession } from '../review/node/session.ts'
import { createApp } from './app.ts'
import { ApiError } from './errors.ts'
import { type HttpServer, openHttpServer } from './http-server.ts'
import { type Route, readBody } from './route.ts'
import type { AppServices } from './services.ts'
import { openStatic } from './static.ts'
import { reviewPage } from './web-app.ts'

export const defaultReviewPort = 7861
/** Bytes of an action. */
const longestAction = 16_384

interface ReviewServices extends AppServices {
  session: ReviewSession
}

const routes: readonly Route<ReviewServices>[] = [
  {
    method: 'GET',
    path: '/api/review',
    summary: 'The review: models, images with their verdicts, faults',
    answers: { 200: { description: 'The review' } },
    handle: async (c, { session }) => c.json(await session.review()),
  },
  {
    method: 'POST',
    path: '/api/actions',
    summary: 'A verdict, a note, or taking back the last of them',
    body: actionSchema,
    answers: { 200: { description: 'The image as it stands now' }, 409: { description: 'The image changed' } },
    async handle(c, { session }) {
      if (!isOwnOrigin(c.req.header('origin') ?? '', canonicalHost(c.get('caller').host) ?? '', 'http'))
        throw new ApiError(403, 'Only the page of this server may write.', { code: 'wrong_origin' })
      const action = await readBody(c, actionSchema, longestAction)
      try {
        return c.json(await session.act(action))
      } catch (error) {
        if (error instanceof Conflict) throw new ApiError(409, error.message, { code: 'conflict', cause: error })
        throw error
      }
    },
  },
  {
    method: 'GET',
    path: '/images/{name}',
    summary: 'An image by its SHA-256',
    answers: { 200: { description: 'The image file', types: ['image/png'] }, 404: { description: 'Unknown' } },
    async handle(c, { session }) {
      const [, sha256] = /^([0-9a-f]{64})\.png$/.exec(c.req.param('name') ?? '') ?? []
      const bytes = sha256 === undefined ? undefined : await session.image(sha256)
      if (!bytes) throw new ApiError(404, 'There is no such image.', { code: 'not_found' })
      return c.body(new Uint8Array(bytes), 200, {
        'Content-Type': 'image/png',
        'Cache-Control': 'private, max-age=3600, immutable',
      })
    },
  },
]

export interface ReviewServer {
  /** With a slash at the end. */
  readonly url: string
  close(): Promise<void>
}

export interface ReviewServerOptions {
  /** 0 takes a free one. */
  port?: number | undefined
  /** Called with every unexpected failure of the server. */
  onFailure?: ((error: unknown) => void) | undefined
}

/**
 * Serves a review until it is closed.
 * @throws UsageError when the port is taken
 * @example
 * const server = await serveReview(openReviewSession(review, journal), { port: 0 })
 * await server.close()
 */
export async function serveReview(session: ReviewSession, options: ReviewServerOptions = {}): Promise<ReviewServer> {
  const { port = defaultReviewPort, onFailure = () => {} } = options
  const files = await openStatic(reviewPage())
  const proxies = trustedProxies([])
  const stop = { refusing: false, signal: new AbortController().signal }
  let http: HttpServer | undefined
  const hosts = () => http?.hosts ?? []
  const app = createApp(routes, { session, stop, onFailure }, { hosts, files, proxies, linked: false })
  http = await openHttpServer(app, { host: '127.0.0.1', port, proxies })
  const { url, server } = http
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
