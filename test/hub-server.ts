// A small stand-in for the Hugging Face hub: HEAD and GET of /{repo}/resolve/{revision}/{file} answer with the headers
// that huggingface_hub relies on and redirect to a content server, which honours Range. What goes wrong is up to the test.

import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SeenRequest {
  readonly server: 'hub' | 'content'
  readonly method: string
  readonly path: string
  readonly range: string | undefined
  readonly authorization: string | undefined
}

export interface HubServer {
  readonly endpoint: string
  readonly commit: string
  readonly seen: SeenRequest[]
  /** sha256 of a file, which is its ETag. */
  etag(path: string): string
  close(): Promise<void>
}

export interface HubBehaviour {
  /** Content by "{owner}/{name}/{file}". */
  files: Record<string, Buffer>
  /** Ends the first content connections after so many bytes each. */
  cuts?: number[]
  /** Sends nothing after so many bytes of the first connection, and keeps it open. */
  stallsAt?: number
  /** Answers these to the first requests for metadata. */
  statuses?: number[]
  /** The only token that is let in. */
  token?: string
  /** Where the hub sends requests for content, instead of the content server. */
  location?: string
  /** Announced instead of the truth. */
  etag?: string
  size?: number
  /** Changes the bytes on their way. */
  alter?: (content: Buffer) => Buffer
  /** Ignores Range, as some proxies do. */
  noRange?: boolean
  /** Answers a request for a whole file with this part of it, which nobody asked for. */
  unaskedPart?: [start: number, status: number]
}

/** Starts hub and content server on two ports of the loopback interface. */
export async function startHub(behaviour: HubBehaviour): Promise<HubServer> {
  const commit = '0123456789abcdef0123456789abcdef01234567'
  const seen: SeenRequest[] = []
  const { files, cuts = [], statuses = [] } = behaviour
  let stalls = behaviour.stallsAt
  const etag = (path: string) => behaviour.etag ?? createHash('sha256').update(files[path]!).digest('hex')

  const note = (server: 'hub' | 'content', request: IncomingMessage) =>
    seen.push({
      server,
      method: request.method!,
      path: request.url!,
      range: request.headers.range,
      authorization: request.headers.authorization,
    })

  const content = createServer((request, response) => {
    note('content', request)
    const path = decodeURIComponent(request.url!.slice(1))
    const whole = behaviour.alter?.(files[path]!) ?? files[path]!
    const [first, status] = behaviour.unaskedPart ?? [0, 206]
    const start = behaviour.noRange ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? first)
    const body = whole.subarray(start)
    response.setHeader('content-length', body.length)
    if (start > 0 || behaviour.unaskedPart) {
      response.setHeader('content-range', `bytes ${start}-${whole.length - 1}/${whole.length}`)
      response.statusCode = status
    }
    const cut = cuts.shift()
    const stall = stalls
    stalls = undefined
    if (stall !== undefined) response.write(body.subarray(0, stall))
    else if (cut === undefined) response.end(body)
    else response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 20))
  })

  const hub = createServer((request, response) => {
    note('hub', request)
    const match = /^\/(.+?\/.+?)\/resolve\/[^/]+\/(.+)$/.exec(request.url!)
    const path = match ? `${match[1]}/${decodeURIComponent(match[2]!)}` : ''
    const status = refused(behaviour, request, path) ?? (request.method === 'HEAD' ? statuses.shift() : undefined)
    if (status !== undefined) return answer(response, status)
    response.setHeader('x-repo-commit', commit)
    response.setHeader('x-linked-etag', `"${etag(path)}"`)
    response.setHeader('x-linked-size', behaviour.size ?? files[path]!.length)
    response.setHeader('location', behaviour.location ?? `${address(content)}/${encodeURIComponent(path)}`)
    answer(response, 302)
  })

  await Promise.all([listen(hub), listen(content)])
  return {
    endpoint: address(hub),
    commit,
    seen,
    etag,
    async close() {
      for (const server of [hub, content]) server.closeAllConnections()
      await Promise.all([hub, content].map((server) => new Promise((done) => server.close(done))))
    },
  }
}

function refused({ files, token }: HubBehaviour, request: IncomingMessage, path: string): number | undefined {
  if (token && request.headers.authorization !== `Bearer ${token}`) return 401
  return path in files ? undefined : 404
}

function answer(response: ServerResponse, status: number): void {
  response.statusCode = status
  response.end()
}

const listen = (server: Server): Promise<void> => new Promise((done) => server.listen(0, '127.0.0.1', done))

const address = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
