// An app on a port: connections are bounded, what is no request is answered in words, and the names that it may be called by are known.
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { Connections } from '../http/connections.ts'
import { canonicalHost, hostAndPort, isLoopback, loopbackHosts } from '../http/hosts.ts'
import { listen } from '../http/listen.ts'
import type { Proxies } from '../http/proxies.ts'
import { answerMalformed, unreadable } from './malformed.ts'
import type { RequestContext } from './route.ts'
import * as settings from './settings.ts'

export interface HttpServer {
  readonly server: Server
  readonly connections: Connections
  /** With a slash at the end. */
  readonly url: string
  /** Names it answers to; undefined answers to any. */
  readonly hosts: readonly string[] | undefined
}

export interface HttpServerOptions {
  host: string
  /** 0 takes a free one. */
  port: number
  proxies: Proxies
  /** Where a proxy makes it public. */
  publicUrl?: URL | undefined
  /** Seconds for which a connection without a request is kept. */
  idle?: number
  /** Seconds in which the head, and the whole, of a request has to arrive, and in which its answer has to be read. */
  patience?: { head?: number; request?: number; answer?: number } | undefined
}

/** @throws UsageError when the port is taken or the host is not this machine's */
export async function openHttpServer(app: Hono<RequestContext>, options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, proxies, publicUrl, idle = settings.idleSeconds, patience = {} } = options
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false, errorHandler: unreadable })
  const server = createServer(
    {
      headersTimeout: (patience.head ?? settings.headSeconds) * 1000,
      requestTimeout: (patience.request ?? settings.requestSeconds) * 1000,
      connectionsCheckingInterval: 500,
      keepAliveTimeout: idle * 1000,
      requireHostHeader: false, // `unreadable` says it in words
    },
    (request, response) => {
      const exchange = { request, response, answer: () => void answer(request, response) }
      connections.begin(exchange, proxies.callerOf(request).address)
    },
  )
  const bounds = {
    most: settings.mostConnections,
    mostOfOne: settings.mostConnectionsOfOne,
    patience: patience.answer ?? settings.answerSeconds,
    slowest: settings.slowestReader,
    ahead: settings.mostPipelined,
  }
  const connections = new Connections(server, bounds, proxies.trusts)
  answerMalformed(server, connections)
  const taken = await listen(server, port, host)
  const named = publicUrl ? [canonicalHost(publicUrl.host)!] : []
  const own = [hostAndPort(host, taken), ...loopbackHosts(taken), hostAndPort('::1', taken)]
  const hosts = isLoopback(host) ? [...new Set([...own, ...named])] : undefined
  return { server, connections, url: `http://${hostAndPort(host, taken)}/`, hosts }
}
