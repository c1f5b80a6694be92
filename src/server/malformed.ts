// Answers to what cannot be parsed as a request: no HTTP, a head that is too long, no host. They have the envelope of all failures.
import type { Server } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Connections } from '../http/connections.ts'
import { safeHeaders } from '../http/guard.ts'
import { ApiError } from './errors.ts'

const reasons: Readonly<Record<string, ApiError>> = {
  HPE_HEADER_OVERFLOW: new ApiError(431, 'The head of the request is too long.', { code: 'too_long' }),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new ApiError(413, 'The extensions of a chunk are too long.', { code: 'too_long' }),
  ERR_HTTP_REQUEST_TIMEOUT: new ApiError(408, 'The request did not arrive in time.', { code: 'timeout' }),
}

const noHttp = new ApiError(400, 'The request is not HTTP/1.1.', { code: 'invalid_request' })

/** The answer to a request whose target or host cannot be read. */
export function unreadable(): Response {
  const { envelope, status } = new ApiError(400, 'The address or the Host header of the request is not valid.', {
    code: 'invalid_request',
  })
  return Response.json(envelope, { status, headers: { ...safeHeaders, Connection: 'close' } })
}

const headers = (body: string) => ({
  ...safeHeaders,
  'Content-Type': 'application/json',
  'Content-Length': Buffer.byteLength(body),
  Connection: 'close',
})

/** Answers what the parser refuses, unless an answer is already on its way. */
export function answerMalformed(server: Server, connections: Connections): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || connections.isAnswering(socket as Socket))
      return void socket.destroy()
    const { status, envelope } = reasons[error.code ?? ''] ?? noHttp
    const body = JSON.stringify(envelope)
    const lines = Object.entries(headers(body)).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy())
  })
  server.on('checkExpectation', (_, response) => {
    const { status, envelope } = new ApiError(417, 'Nothing but Expect: 100-continue is known here.', {
      code: 'invalid_request',
    })
    const body = JSON.stringify(envelope)
    response.writeHead(status, headers(body))
    response.end(body)
  })
}
