// Who may come in: who calls the server by its name, whom no foreign site sends (unless --cors names it), and who has the token
// if there is one. Browsers' questions before a foreign request (CORS preflight) are answered here, too.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { isForeign } from '../http/guard.ts'
import { ApiError } from './errors.ts'
import type { Notes } from './route.ts'

export interface GateOptions {
  /** Names it answers to; undefined answers to any. */
  hosts: () => readonly string[] | undefined
  token?: string | undefined
  /** Origins whose pages may ask. */
  cors?: readonly string[] | undefined
  /** Addresses that need no token. */
  isOpen(method: string, path: string): boolean
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

export function gate({ hosts, token, cors: origins = [], isOpen }: GateOptions): MiddlewareHandler<Notes>[] {
  const secret = token === undefined ? undefined : digest(token)
  const names: MiddlewareHandler<Notes> = async (c, next) => {
    const known = hosts()
    if (known && !known.includes(c.req.header('host') ?? ''))
      throw new ApiError(403, `This server is ${known[0]} and no other host.`, { code: 'wrong_host' })
    const [origin, host, site] = ['origin', 'host', 'sec-fetch-site'].map((name) => c.req.header(name))
    const invited = origin !== undefined && origins.includes(origin)
    const picture = origins.length > 0 && origin === undefined && c.req.path.startsWith('/images/')
    if (!invited && !picture && isForeign({ host, origin, 'sec-fetch-site': site }))
      throw new ApiError(403, 'Other sites have no access.', { code: 'wrong_origin' })
    await next()
    if (picture) c.header('Cross-Origin-Resource-Policy', 'cross-origin')
  }
  const tokens: MiddlewareHandler<Notes> = async (c, next) => {
    if (secret && !isOpen(c.req.method, c.req.path)) {
      const [, given] = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '') ?? []
      if (given === undefined || !timingSafeEqual(digest(given), secret))
        throw new ApiError(401, 'This server wants its token: Authorization: Bearer ...', {
          ...{ code: 'invalid_api_key', headers: { 'WWW-Authenticate': 'Bearer' } },
        })
    }
    await next()
  }
  const shared = cors({
    origin: [...origins],
    allowMethods: ['GET', 'POST'],
    exposeHeaders: ['Retry-After'],
    maxAge: 600,
  })
  return [names, ...(origins.length ? [shared as MiddlewareHandler<Notes>] : []), tokens]
}
