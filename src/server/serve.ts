// Starts and stops the server: it loads the models, listens, makes a first image with each, and on closing answers every request.
// It listens on this machine alone by default; on other addresses it demands a token.
import { setMaxListeners } from 'node:events'
import type { Server } from 'node:http'
import { UsageError } from '../core/errors.ts'
import { quote } from '../core/show.ts'
import { isLoopback } from '../http/hosts.ts'
import { trustedProxies } from '../http/proxies.ts'
import { createApp } from './app.ts'
import { type HttpServer, type HttpServerOptions, openHttpServer } from './http-server.ts'
import { firstImage, ModelPool, type ModelPoolOptions } from './model-pool.ts'
import { sampleJob } from './parse-request.ts'
import { routes } from './routes.ts'
import { openServices, type ServiceOptions, type Services } from './services.ts'
import * as settings from './settings.ts'
import { type Mount, openStatic } from './static.ts'

export const defaultPort = 7860

export interface ServeOptions extends ModelPoolOptions, ServiceOptions {
  /** Names of the zoo, or folders with released files; the first one is the default. */
  models: readonly string[]
  /** 127.0.0.1 by default. */
  host?: string | undefined
  /** 0 takes a free one. */
  port?: number | undefined
  /** What requests have to bring as Authorization: Bearer; demanded where other machines can come in. */
  token?: string | undefined
  /** Origins whose pages may ask, such as https://example.org. */
  cors?: readonly string[] | undefined
  /** Proxies whose X-Forwarded and Forwarded headers are believed: addresses, networks, or `loopback`. */
  trustProxy?: readonly string[] | undefined
  /** A web app in place of the index page, and what it loads. */
  mounts?: readonly Mount[] | undefined
  patience?: HttpServerOptions['patience']
}

export interface RunningServer {
  /** With a slash at the end. */
  readonly url: string
  readonly services: Services
  /** Resolves when every model has made its first image, and rejects when one could not. */
  readonly warm: Promise<void>
  /** Refuses what is new, lets what is begun end within `grace` seconds, stops the rest. */
  close(grace?: number): Promise<void>
}

/**
 * Serves models until it is closed.
 * @throws UsageError for a host without a token, an origin, address or proxy that is none, a port that is taken, and whatever
 * `load` throws
 * @example
 * const server = await serveModels({ models: ['sprites-var-dd'], port: 0 })
 * await server.close()
 */
export async function serveModels(options: ServeOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = defaultPort, token, cors = [] } = options
  checkAccess(host, token, cors)
  const publicUrl = options.publicUrl === undefined ? undefined : publicAddress(options.publicUrl)
  const proxies = trustedProxies(options.trustProxy ?? [])
  const files = await openStatic(options.mounts ?? [])
  const { device, dtype, threads, policy, signal } = options
  const pool = await ModelPool.open(options.models, { device, dtype, threads, policy, signal })
  const ending = new AbortController()
  setMaxListeners(0, ending.signal) // every request at work listens
  const stop = { refusing: false, signal: ending.signal }
  let http: HttpServer | undefined
  const services = openServices(pool, stop, () => http!.connections, { ...options, publicUrl: publicUrl?.href })
  const hosts = () => (http ? http.hosts : [])
  const publicOrigin = publicUrl?.origin
  const app = createApp(routes, services, { hosts, publicOrigin, token, cors, files, proxies })
  const idle = options.trustProxy?.length ? settings.idleProxySeconds : settings.idleSeconds
  try {
    http = await openHttpServer(app, { host, port, proxies, publicUrl, idle, patience: options.patience })
    const { server, url } = http
    const warm = warmUp(services)
    warm.catch((error) => stop.refusing || services.onFailure(error))
    return {
      url,
      services,
      warm,
      close: (grace) => close(server, services, ending, grace),
    }
  } catch (error) {
    services.metrics.stop()
    await pool.close()
    throw error
  }
}

/** The address at which a proxy makes the server public, with a slash at its end. */
function publicAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username || url.password)
    throw new UsageError(`\`publicUrl\` ${quote(text)} is not an address.`, {
      remedy: 'Such as https://images.example.org/, or with a path that the proxy takes away.',
    })
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

function checkAccess(host: string, token: string | undefined, cors: readonly string[]): void {
  if (token !== undefined && token.length < 8)
    throw new UsageError('The token has fewer than 8 characters.', { remedy: 'Make one with: openssl rand -hex 16' })
  if (!isLoopback(host) && token === undefined)
    throw new UsageError(`On ${host} other machines can come in, so the server wants a token.`, {
      remedy: 'Give `token` (or DISTILLED_TOKEN), or leave `host` out.',
    })
  for (const origin of cors) {
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue
    throw new UsageError(`\`cors\` ${quote(origin)} is no origin.`, {
      remedy: 'Such as https://example.org, without a path.',
    })
  }
}

/** Makes an image with each model; requests that came meanwhile keep their place in the queue. */
async function warmUp({ pool, batcher, stop }: Services): Promise<void> {
  for (const name of pool.names) {
    const model = pool.model(name)
    const rows = firstImage(model)
    const job = sampleJob(model, model.plan(), rows)
    if (rows.length) await batcher.submit({ job, signal: stop.signal, onImage() {} }).finished
  }
}

async function close(
  server: Server,
  services: Services,
  ending: AbortController,
  grace = settings.graceSeconds,
): Promise<void> {
  const { stop, batcher, metrics, pool } = services
  stop.refusing = true
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const end = setTimeout(() => ending.abort(), grace * 1000)
  await batcher.drained()
  clearTimeout(end)
  ending.abort()
  const last = setTimeout(() => server.closeAllConnections(), 1000) // answers have a second to leave
  await closed
  clearTimeout(last)
  clearInterval(idle)
  metrics.stop()
  await pool.close()
}
