// Which requests the server accepts: they name one of its hosts, no other site sends them (unless --cors names it), and they carry
// the token if there is one. CORS preflight requests are answered here, too.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { quote } from '../core/show.ts'
import { isForeign } from '../http/guard.ts'
import { canonicalHost } from '../http/hosts.ts'
import { ApiError } from './errors.ts'
import type { RequestContext } from './route.ts'

export interface AccessOptions {
  /** Names it answers to, as `canonicalHost` has them; undefined answers to any. */
  hosts: () => readonly string[] | undefined
  /** Its origin where a proxy makes it public. */
  publicOrigin?: string | undefined
  token?: string | undefined
  /** Origins whose pages may ask. */
  cors?: readonly string[] | undefined
  /** Addresses that need no token. */
  isOpen(path: string): boolean
  /** Addresses of the web app's files, to which any page may link. */
  isPage(path: string): boolean
}

function checkName(host: string, known: readonly string[], publicOrigin: string | undefined): void {
  if (known.includes(canonicalHost(host) ?? '')) return
  const remedy =
    publicOrigin === undefined
      ? '--public-url gives it another name.'
      : '--public-url is set, so the proxy has to pass on the Host header as it came, with its port.'
  throw new ApiError(
    403,
    `This server does not answer to the host ${quote(host)}, only to ${known.join(', ')}; ${remedy}`,
    { code: 'wrong_host' },
  )
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

export function accessRules(options: AccessOptions): MiddlewareHandler<RequestContext>[] {
  const { hosts, publicOrigin, token, cors: origins = [], isOpen, isPage } = options
  const secret = token === undefined ? undefined : digest(token)
  const names: MiddlewareHandler<RequestContext> = async (c, next) => {
    const known = hosts()
    const caller = c.get('caller')
    const headers = c.env.incoming.headers
    const host = canonicalHost(caller.host)
    if (host === undefined) throw new ApiError(400, 'The Host header names no host.', { code: 'wrong_host' })
    // A page can write X-Forwarded-Host, and a page on this machine has the address of its proxy, but only the browser writes Host:
    // so the header of the connection itself has to name this server, too
    if (known) for (const name of [headers.host ?? '', caller.host]) checkName(name, known, publicOrigin)
    const { origin } = headers
    const invited = origin !== undefined && (origin === publicOrigin || origins.includes(origin))
    const picture = origins.length > 0 && origin === undefined && c.req.path.startsWith('/images/')
    const link =
      ['GET', 'HEAD'].includes(c.req.method) &&
      headers['sec-fetch-mode'] === 'navigate' &&
      headers['sec-fetch-dest'] === 'document' &&
      isPage(c.req.path)
    if (!invited && !picture && !link && isForeign(headers, host, caller.scheme))
      throw new ApiError(403, 'Other sites have no access.', { code: 'wrong_origin' })
    await next()
    if (picture) c.header('Cross-Origin-Resource-Policy', 'cross-origin')
  }
  const tokens: MiddlewareHandler<RequestContext> = async (c, next) => {
    if (secret && !isOpen(c.req.path)) {
      const [, given] = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '') ?? []
      if (given === undefined || !timingSafeEqual(digest(given), secret)) {
        const fault =
          given === undefined
            ? 'This server wants its token: Authorization: Bearer ...'
            : 'The token of this request is not that of the server.'
        throw new ApiError(401, fault, {
          code: 'invalid_api_key',
          headers: { 'WWW-Authenticate': 'Bearer' },
        })
      }
    }
    await next()
  }
  const shared = cors({
    origin: [...origins],
    allowMethods: ['GET', 'POST'],
    exposeHeaders: ['Retry-After'],
    maxAge: 600,
  })
  return [names, ...(origins.length ? [shared as MiddlewareHandler<RequestContext>] : []), tokens]
}
