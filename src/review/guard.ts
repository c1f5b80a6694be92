// Who may talk to the review server: a page that came from it, in a browser on this machine, and writes JSON of a few bytes.
import type { IncomingHttpHeaders } from 'node:http'
import { canonicalHost, isOwnOrigin, loopbackHosts } from '../http/hosts.ts'

export const bodyLimit = 16_384

export interface Refusal {
  status: 403 | 405 | 413 | 415
  error: string
}

/**
 * Why a request is refused; undefined when it may go on.
 * @param port the server's own
 * @example
 * refusal('GET', { host: '127.0.0.1:7861' }, 7861) // undefined
 */
export function refusal(method: string, headers: IncomingHttpHeaders, port: number): Refusal | undefined {
  const hosts = loopbackHosts(port)
  const host = canonicalHost(headers.host ?? '')
  if (host === undefined || !hosts.includes(host))
    return { status: 403, error: `This server is ${hosts[0]} and no other host.` }
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return { status: 403, error: 'Other sites have no access.' }
  }
  if (method === 'GET' || method === 'HEAD') return undefined
  if (method !== 'POST') return { status: 405, error: 'Only GET, HEAD and POST.' }
  if (!isOwnOrigin(headers.origin ?? '', host, 'http')) return { status: 403, error: 'Other origins may not write.' }
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    return { status: 415, error: 'Expected application/json.' }
  }
  if (Number(headers['content-length'] ?? 0) > bodyLimit) return { status: 413, error: 'The request is too long.' }
  return undefined
}
