// The client's address and the requested host behind a proxy. A proxy sends them in X-Forwarded-For, -Proto and -Host, or Forwarded
// (RFC 7239); both are believed only when the connection comes from an address that the operator trusts, as anyone can write a
// header. Lists are read from the right, where the nearest proxy has added its entry, up to the first address that is not trusted.
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { UsageError } from '../core/errors.ts'
import { quote } from '../core/show.ts'
import type { Scheme } from './hosts.ts'

/** The client of a request. */
export interface Caller {
  /** The IP address of the client; its proxy's when the proxy does not say. */
  readonly address: string
  /** The host that the client asked for; empty when it named none. */
  readonly host: string
  readonly scheme: Scheme
}

export interface Proxies {
  trusts(address: string): boolean
  callerOf(request: Pick<IncomingMessage, 'headers' | 'socket'>): Caller
}

/** The values that a chain of proxies sent, each list with the nearest proxy's entry last. */
interface Forwarded {
  readonly addresses: readonly string[]
  readonly schemes: readonly string[]
  readonly hosts: readonly string[]
}

/**
 * The proxies that are trusted.
 * @param list addresses (10.0.0.7, ::1), networks (10.0.0.0/8), or `loopback`
 * @throws UsageError for an entry that is none of these
 * @example
 * trustedProxies(['loopback', '10.0.0.0/8']).trusts('10.1.2.3') // true
 */
export function trustedProxies(list: readonly string[]): Proxies {
  const known = new BlockList()
  for (const entry of list.flatMap((item) => item.split(',')).map((item) => item.trim())) add(known, entry)
  const trusts = (address: string) => isIP(address) !== 0 && known.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  return {
    trusts,
    callerOf({ headers, socket }) {
      const direct: Caller = {
        address: plainAddress(socket.remoteAddress ?? ''),
        host: headers.host ?? '',
        scheme: undefined,
      }
      if (!trusts(direct.address)) return direct
      const { addresses, schemes, hosts } = forwarded(headers)
      let { address } = direct
      let hops = 0
      while (trusts(address) && hops < addresses.length) {
        const next = addressIn(addresses.at(-1 - hops)!)
        if (next === undefined) break
        address = next
        hops++
      }
      const ofClient = (entries: readonly string[]) => entries[Math.max(0, entries.length - Math.max(1, hops))]
      const scheme = ofClient(schemes)?.toLowerCase()
      return {
        address,
        host: ofClient(hosts) ?? direct.host,
        scheme: scheme === 'http' || scheme === 'https' ? scheme : undefined,
      }
    },
  }
}

function add(known: BlockList, entry: string): void {
  if (entry === 'loopback') {
    known.addSubnet('127.0.0.0', 8, 'ipv4')
    known.addAddress('::1', 'ipv6')
    return
  }
  const [address = '', bits, ...rest] = entry.split('/')
  const version = isIP(address)
  const most = version === 6 ? 128 : 32
  if (version === 0 || rest.length || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most)))
    throw new UsageError(`\`trustProxy\` ${quote(entry)} is not an address.`, {
      remedy: 'Give an address (10.0.0.7), a network (10.0.0.0/8), or loopback.',
    })
  known.addSubnet(address, bits === undefined ? most : Number(bits), version === 6 ? 'ipv6' : 'ipv4')
}

/** An address without its zone; IPv4 in dotted form also when the socket is IPv6. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')

/** The X-Forwarded headers if any is present, else Forwarded: a proxy that sets one kind passes the client's other kind on. */
function forwarded(headers: IncomingMessage['headers']): Forwarded {
  const list = (name: string) => split([headers[name] ?? []].flat().join(), ',')
  const plain = {
    addresses: list('x-forwarded-for'),
    schemes: list('x-forwarded-proto'),
    hosts: list('x-forwarded-host'),
  }
  if (plain.addresses.length || plain.schemes.length || plain.hosts.length) return plain
  const elements = list('forwarded').map((element) => new Map(split(element, ';').map(pair)))
  const values = (name: string) => elements.flatMap((element) => element.get(name) ?? [])
  return { addresses: values('for'), schemes: values('proto'), hosts: values('host') }
}

/** The non-empty parts between separators; separators inside quotes do not count. */
function split(text: string, separator: string): string[] {
  const parts = ['']
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (character === separator && !quoted) {
      parts.push('')
      continue
    }
    if (character === '"') quoted = !quoted
    parts[parts.length - 1] += character
  }
  return parts.map((part) => part.trim()).filter(Boolean)
}

function pair(text: string): [name: string, value: string] {
  const at = text.indexOf('=')
  return [
    text.slice(0, at).trim().toLowerCase(),
    text
      .slice(at + 1)
      .trim()
      .replaceAll('"', ''),
  ]
}

/** The address in `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`; undefined for `unknown` and the like. */
function addressIn(text: string): string | undefined {
  const bare = /^\[([^\]]*)\]/.exec(text)?.[1] ?? (/^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text)
  const address = plainAddress(bare)
  return isIP(address) ? address : undefined
}
