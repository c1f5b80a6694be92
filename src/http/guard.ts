// Detects requests of other sites' pages, and sets headers that forbid everything the app's own pages do not need.
import type { IncomingHttpHeaders } from 'node:http'
import { isOwnOrigin, type Scheme } from './hosts.ts'

/**
 * Whether a browser reports that another site caused the request: in Sec-Fetch-Site if present (Fetch Metadata), else in Origin.
 * @param host the server's own, in canonical form
 * @example
 * isForeign({ origin: 'https://evil.example' }, '127.0.0.1:7860') // true
 */
export function isForeign(
  { origin, 'sec-fetch-site': site }: Pick<IncomingHttpHeaders, 'origin' | 'sec-fetch-site'>,
  host: string,
  scheme?: Scheme,
): boolean {
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  return origin !== undefined && !isOwnOrigin(origin, host, scheme)
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

/** What the web app also needs: WebAssembly, workers, images it made itself. */
const { 'require-trusted-types-for': _, ...scripts }: Policy = {
  ...policy,
  'script-src': "'self' 'wasm-unsafe-eval'",
  'img-src': "'self' blob:",
  'worker-src': "'self'",
  'manifest-src': "'self'",
}

/**
 * Headers of the web app's files: isolated from other origins, so that WebAssembly has threads.
 * @param isDocument true for pages, which require Trusted Types; workers' loaders do not support them
 */
export const pageHeaders = (isDocument: boolean): Readonly<Record<string, string>> => ({
  'Content-Security-Policy': written(
    isDocument ? { ...scripts, 'require-trusted-types-for': "'script'", 'trusted-types': 'default' } : scripts,
  ),
  'Cross-Origin-Embedder-Policy': 'require-corp',
})
