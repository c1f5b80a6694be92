// The review's web server: one page, its script, the images by their hash, and one address for actions. It listens on
// 127.0.0.1 only. No path of a request is ever used on the disk: addresses are looked up in tables.
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as v from 'valibot'
import { safeHeaders } from '../http/guard.ts'
import { hostAndPort } from '../http/hosts.ts'
import { listen } from '../http/listen.ts'
import { Conflict, type Desk } from './desk.ts'
import { actionSchema } from './events.ts'
import { bodyLimit, refusal } from './guard.ts'
import { pageHtml, pageIcon } from './page-html.ts'
import { pageStyle } from './page-style.ts'

export const defaultPort = 7861

export interface ReviewServer {
  /** With a slash at the end. */
  url: string
  close(): Promise<void>
}

/** The compiled scripts of page/, which the first one imports. */
const scripts = ['main', 'dialogs', 'list', 'view', 'api']

interface Answer {
  status: number
  type: string
  body: string | Uint8Array
  /** Seconds for which the browser need not ask again. */
  keep?: number
}

/**
 * Serves a review until it is closed.
 * @param port 0 takes a free one
 * @throws UsageError when the port is taken
 * @example
 * const server = await serveReview(openDesk(review, journal), { port: 0 })
 * await server.close()
 */
export async function serveReview(desk: Desk, { port = defaultPort }: { port?: number } = {}): Promise<ReviewServer> {
  const server = createServer((request, response) => {
    answer(desk, request, (server.address() as AddressInfo).port)
      .catch((error: unknown) => failure(500, `The server failed: ${error instanceof Error ? error.message : error}`))
      .then((found) => send(request, response, found))
  })
  await listen(server, port, '127.0.0.1')
  return {
    url: `http://${hostAndPort('127.0.0.1', (server.address() as AddressInfo).port)}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(desk: Desk, request: IncomingMessage, port: number): Promise<Answer> {
  const { method = '', url = '' } = request
  const refused = refusal(method, request.headers, port)
  if (refused) return failure(refused.status, refused.error)
  if (method === 'POST') return url === '/api/actions' ? act(desk, request) : failure(404, 'There is no such address.')
  const image = /^\/images\/([0-9a-f]{64})\.png$/.exec(url)
  if (image) {
    const bytes = await desk.image(image[1]!)
    return bytes ? { status: 200, type: 'image/png', body: bytes, keep: 3600 } : failure(404, 'There is no such image.')
  }
  if (url === '/api/review') return json(200, await desk.review())
  return pages.get(url)?.() ?? failure(404, 'There is no such address.')
}

const text = (type: string, body: string) => async (): Promise<Answer> => ({ status: 200, type, body })

const pages = new Map<string, () => Promise<Answer>>([
  ['/', text('text/html; charset=utf-8', pageHtml)],
  ['/style.css', text('text/css; charset=utf-8', pageStyle)],
  ['/icon.svg', text('image/svg+xml', pageIcon)],
  ...scripts.map((name) => {
    const script = async (): Promise<Answer> => {
      const body = await readFile(new URL(`./page/${name}.js`, import.meta.url))
      return { status: 200, type: 'text/javascript; charset=utf-8', body }
    }
    return [`/page/${name}.js`, script] as const
  }),
])

async function act(desk: Desk, request: IncomingMessage): Promise<Answer> {
  const body = await bodyOf(request)
  if (body === undefined) return failure(413, 'The request is too long.')
  const parsed = v.safeParse(actionSchema, parseJson(body))
  if (!parsed.success) {
    const [issue] = parsed.issues
    return failure(400, `Not understood: ${v.getDotPath(issue) ?? 'the request'} ${issue.message}.`)
  }
  try {
    return json(200, await desk.act(parsed.output))
  } catch (error) {
    if (error instanceof Conflict) return failure(409, error.message)
    throw error
  }
}

/** Undefined when it is longer than allowed, whatever its headers said. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    length += piece.length
    if (length > bodyLimit) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body, keep }: Answer): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  response.writeHead(status, {
    ...safeHeaders,
    'Content-Type': type,
    'Content-Length': length,
    'Cache-Control': keep ? `private, max-age=${keep}, immutable` : 'no-store',
    ...(status === 413 && { Connection: 'close' }),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

const json = (status: number, value: unknown): Answer => ({
  ...{ status, type: 'application/json; charset=utf-8' },
  body: JSON.stringify(value),
})

const failure = (status: number, error: string): Answer => json(status, { error })

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
