// Compares a server's names in Host headers and origins (Fetch standard, sections 3.1 "Origin header" and 3.2; RFC 6454).
// A browser leaves the scheme's default port out of both, so it sends `Host: 127.0.0.1` to a server on port 80.

/** The scheme by which a client reached the server; undefined where only a proxy knows it. */
export type Scheme = 'http' | 'https' | undefined

/** A DNS name has at most 253 characters; longer text is refused unparsed, because parsing it would take long. */
const longestHost = 260

/**
 * A Host header in the one form in which hosts are compared: lower case, no default port. Where the scheme is unknown, 80 and 443 are
 * both default ports.
 * @returns undefined when it is not a valid host
 * @example
 * canonicalHost('LocalHost:80') // 'localhost'
 */
export function canonicalHost(host: string): string | undefined {
  if (host.length > longestHost) return undefined
  if (!/^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(host)) return undefined
  const [plain, secure] = [`http://${host}/`, `https://${host}/`]
  if (!URL.canParse(plain)) return undefined
  return [new URL(plain), new URL(secure)].some(({ port }) => port === '')
    ? new URL(plain).hostname
    : new URL(plain).host
}

/** A name or address and a port as a Host header has them; IPv6 in brackets. */
export function hostAndPort(name: string, port: number): string {
  const host = `${name.includes(':') ? `[${name.replace(/%.*$/, '')}]` : name}:${port}`
  return canonicalHost(host) ?? host
}

/** The names of a server that only listens on this machine. */
export const loopbackHosts = (port: number): string[] =>
  ['127.0.0.1', 'localhost'].map((name) => hostAndPort(name, port))

/** Whether an address is this machine's own, which no other machine can reach. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)

/**
 * Whether an Origin header names the server that answers to `host`; its scheme counts where it is known.
 * @example
 * isOwnOrigin('https://app.test', 'app.test', undefined) // true
 */
export function isOwnOrigin(origin: string, host: string, scheme: Scheme): boolean {
  if (origin.length > longestHost || !/^https?:\/\//.test(origin) || !URL.canParse(origin)) return false
  const { host: named, protocol } = new URL(origin)
  return named === host && (scheme === undefined || protocol === `${scheme}:`)
}
