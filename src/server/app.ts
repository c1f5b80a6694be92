// The Hono app: it counts requests, checks their access, routes them by the table and answers every failure in one envelope.
import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { safeHeaders } from '../http/guard.ts'
import type { Proxies } from '../http/proxies.ts'
import { type AccessOptions, accessRules } from './access.ts'
import { ApiError, asApiError } from './errors.ts'
import { indexPage } from './page.tsx'
import type { RequestContext, Route } from './route.ts'
import type { AppServices } from './services.ts'
import { type StaticFiles, serveFile } from './static.ts'

export interface AppOptions extends Omit<AccessOptions, 'isOpen' | 'isPage'> {
  proxies: Proxies
  /** Whether other sites may link to its pages. */
  linked?: boolean
  /** The files of a web app by address; they replace the index page. */
  files: StaticFiles
}

/** The path of a route as hono writes it: /images/:name */
const pattern = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1')

export function createApp<S extends AppServices>(
  routes: readonly Route<S>[],
  services: S,
  { files, proxies, linked = true, ...options }: AppOptions,
): Hono<RequestContext> {
  const { metrics, stop } = services
  const app = new Hono<RequestContext>()
  const inTable = (path: string) =>
    routes.find((route) =>
      new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}$`).test(path),
    )
  const isPage = (path: string) => path === '/' || files.get(path) !== undefined
  app.use(async (c, next) => {
    const started = performance.now()
    c.set('caller', proxies.callerOf(c.env.incoming))
    await next()
    for (const [name, value] of Object.entries(safeHeaders)) if (!c.res.headers.has(name)) c.header(name, value)
    if (!c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'no-store')
    if (stop.refusing) c.header('Connection', 'close')
    const count = (status: number) =>
      metrics?.request(c.get('route') ?? 'other', counted(c.req.method), status, (performance.now() - started) / 1000)
    const ends = c.get('ends')
    if (ends) ends.then(count)
    else count(c.res.status)
  })
  app.use(async (c, next) => {
    if (!inTable(c.req.path)) await files.refresh()
    await next()
  })
  const isOpen = (path: string) => isPage(path) || inTable(path)?.open === true
  for (const step of accessRules({ ...options, isOpen, isPage: linked ? isPage : () => false })) app.use(step)
  for (const route of routes) {
    app.on(route.method, pattern(route.path), (c) => {
      c.set('route', route.path)
      return route.handle(c, services)
    })
  }
  app.get('*', async (c, next) => {
    const file = files.get(new URL(c.req.url).pathname)
    if (file) return serveFile(file, { method: c.req.method, known: c.req.header('If-None-Match') })
    return c.req.path === '/' ? c.html(indexPage(routes)) : next()
  })
  app.notFound((c) => {
    const allowed = routes.filter(({ path }) => path === inTable(c.req.path)?.path).map(({ method }) => method)
    const error = allowed.length
      ? new ApiError(405, `Only ${allowed.join(', ')} here.`, {
          code: 'method',
          headers: { Allow: allowed.join(', ') },
        })
      : new ApiError(404, 'There is no such address.', { code: 'not_found' })
    return c.json(error.envelope, error.status as ContentfulStatusCode, error.headers)
  })
  app.onError((error, c) => {
    const failure = asApiError(error)
    if (failure.status === 500) services.onFailure(error)
    return c.json(failure.envelope, failure.status as ContentfulStatusCode, failure.headers)
  })
  return app
}

const counted = (method: string): string => (['GET', 'HEAD', 'POST', 'OPTIONS'].includes(method) ? method : 'other')
