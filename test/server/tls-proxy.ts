// A TLS proxy as people put it in front of a server: HTTPS with a certificate of its own on a free port, plain HTTP behind.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { Agent, createServer, request as secureRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

export interface TlsProxy {
  /** https://localhost:PORT */
  readonly origin: string
  close(): Promise<void>
}

/** A key and a certificate for localhost and app.test that nobody has signed but itself. */
export function selfSigned(folder: string) {
  const key = join(folder, 'key.pem')
  const cert = join(folder, 'cert.pem')
  const names = 'subjectAltName=DNS:localhost,DNS:app.test,IP:127.0.0.1'
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const files = ['-keyout', key, '-out', cert]
  execFileSync(
    'openssl',
    ['req', '-x509', ...curve, ...files, '-days', '2', '-subj', '/CN=localhost', '-addext', names],
    {
      stdio: 'ignore',
    },
  )
  return { key: readFileSync(key), cert: readFileSync(cert) }
}

/**
 * Passes every request on, and its answer back as it comes.
 * @param headers what the proxy makes of a request's headers
 */
export async function tlsProxy(
  { key, cert }: ReturnType<typeof selfSigned>,
  upstream: () => string,
  headers: (incoming: IncomingHttpHeaders, address: string) => IncomingHttpHeaders,
): Promise<TlsProxy> {
  const server = createServer({ key, cert }, (incoming, outgoing) => {
    const { hostname, port } = new URL(upstream())
    const sent = request(
      {
        host: hostname,
        port,
        method: incoming.method,
        path: incoming.url,
        headers: headers(incoming.headers, incoming.socket.remoteAddress!),
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(outgoing)
      },
    )
    sent.on('error', () => outgoing.destroy())
    outgoing.on('close', () => sent.destroy())
    incoming.pipe(sent)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const agent = new Agent({ rejectUnauthorized: false })

/** A request by HTTPS that believes any certificate. */
export function askTls(origin: string, path: string, headers: Record<string, string> = {}, body?: unknown) {
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asks for
  return new Promise<{ status: number; bytes: Buffer; body: any }>((resolve, reject) => {
    const { hostname, port } = new URL(origin)
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const options = { hostname, port, path, agent, method: body ? 'POST' : 'GET', headers: { ...json, ...headers } }
    const sent = secureRequest(options, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece) => pieces.push(piece))
      response.on('end', () => {
        const bytes = Buffer.concat(pieces)
        const isJson = response.headers['content-type']?.includes('json')
        resolve({ status: response.statusCode!, bytes, body: isJson ? JSON.parse(bytes.toString()) : undefined })
      })
    })
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
