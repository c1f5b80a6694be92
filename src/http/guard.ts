// Who may talk to a server of this project: the names it answers to, pages that came from it, and the headers that stop
// everything a page of ours never needs. The Host check stops names that were rebound to 127.0.0.1, the site and Origin checks
// stop other sites' scripts.
import type { IncomingHttpHeaders } from 'node:http'

/** The names of a server that listens on this machine alone. */
export const loopbackHosts = (port: number): string[] => [`127.0.0.1:${port}`, `localhost:${port}`]

/** Whether an address is this machine's own, which no other machine can reach. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)

/** Whether a browser says that another site made it ask. */
export function isForeign(headers: Pick<IncomingHttpHeaders, 'host' | 'origin' | 'sec-fetch-site'>): boolean {
  const { host, origin, 'sec-fetch-site': site } = headers
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  return origin !== undefined && origin !== `http://${host}`
}

type Policy = Readonly<Record<string, string>>

const written = (policy: Policy): string =>
  Object.entries(policy)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ')

const policy: Policy = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self'",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
  'require-trusted-types-for': "'script'",
}

/** Headers of every answer. */
export const safeHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': written(policy),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
}

/** What the web app needs beside: WebAssembly, workers, images it made itself. */
const { 'require-trusted-types-for': _, ...scripts }: Policy = {
  ...policy,
  'script-src': "'self' 'wasm-unsafe-eval'",
  'img-src': "'self' blob:",
  'worker-src': "'self'",
  'manifest-src': "'self'",
}

/**
 * Headers of the web app's files: isolated from other origins, so that WebAssembly has threads.
 * @param isDocument pages hand no text to a script's place but through their own policy; workers' loaders know no such policy
 */
export const pageHeaders = (isDocument: boolean): Readonly<Record<string, string>> => ({
  'Content-Security-Policy': written(
    isDocument ? { ...scripts, 'require-trusted-types-for': "'script'", 'trusted-types': 'default' } : scripts,
  ),
  'Cross-Origin-Embedder-Policy': 'require-corp',
})
