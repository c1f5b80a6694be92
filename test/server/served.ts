// A server on a free port for a test file, and requests as no well-behaved client would send them.
import { request } from 'node:http'
import { load } from '../../src/index.ts'
import { type ServeOptions, serveModels } from '../../src/server/serve.ts'

/** One thread: more of them wait for each other on a busy machine, and images do not depend on their number. */
const quick = { device: 'cpu', threads: 1, port: 0 } as const

export const serve = (options: Partial<ServeOptions> = {}) =>
  serveModels({ models: ['sprites-var-dd'], ...quick, ...options })

export const loadQuick = (name = 'sprites-var-dd') => load(name, { device: 'cpu', threads: 1 })

export interface Asked {
  method?: string
  headers?: Record<string, string>
  body?: string
}

/** The path goes out as it stands. */
export function ask(url: string, path: string, { method = 'GET', headers = {}, body }: Asked = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const own = { host: `${hostname}:${port}`, ...headers }
    const sent = request({ host: hostname, port, path, method, headers: own, agent: false }, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece) => pieces.push(piece))
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces) })
      })
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** A POST of JSON, and its answer as JSON. */
export async function post(url: string, path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(new URL(path, url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

export interface ServerEvent {
  event: string
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asks for
  data: any
}

/** The events of POST /api/sample, or of another path. */
export async function* events(
  url: string,
  body: unknown,
  signal?: AbortSignal,
  path = '/api/sample',
): AsyncGenerator<ServerEvent> {
  const response = await fetch(new URL(path, url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  })
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
  let text = ''
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = text.slice(0, end).split('\n')
      text = text.slice(end + 2)
      const field = (name: string) => fields.find((line) => line.startsWith(`${name}: `))!.slice(name.length + 2)
      yield { event: field('event'), data: JSON.parse(field('data')) }
    }
  }
}
