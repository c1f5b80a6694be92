// Whom the headers of proxies are believed, and what they say.
import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { trustedProxies } from './proxies.ts'

const asked = (peer: string, headers: Record<string, string>) =>
  ({ headers: { host: 'own:7860', ...headers }, socket: { remoteAddress: peer } }) as unknown as IncomingMessage
const proxies = trustedProxies(['loopback', '10.0.0.0/8, 2001:db8::/32'])

describe('trust', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['10.255.0.1', true],
    ['2001:db8:1::1', true],
    ['11.0.0.1', false],
    ['2001:db9::1', false],
    ['', false],
    ['not an address', false],
  ])('%s: %j', (address, trusted) => {
    expect(proxies.trusts(address)).toBe(trusted)
  })

  it.each(['', 'proxy.local', '10.0.0.0/33', '10.0.0.0/8/8', '::1/129', '10.0.0.0/-1', '10.0.0.0/x', '0.0.0.0/'])(
    '%j is not an address',
    (entry) => {
      expect(() => trustedProxies([entry])).toThrow('is not an address. Give an address (10.0.0.7)')
    },
  )

  it('nobody is trusted unless said so', () => {
    const headers = { 'x-forwarded-for': '9.9.9.9', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' }
    const direct = { address: '127.0.0.1', host: 'own:7860', scheme: undefined }
    expect(trustedProxies([]).callerOf(asked('127.0.0.1', headers))).toEqual(direct)
    expect(proxies.callerOf(asked('9.9.9.8', headers))).toEqual({ ...direct, address: '9.9.9.8' })
  })
})

describe('what a trusted proxy says', () => {
  const own = { address: '127.0.0.1', host: 'own:7860', scheme: undefined }
  it.each([
    [{}, own],
    [{ 'x-forwarded-proto': 'https' }, { ...own, scheme: 'https' }],
    [{ 'x-forwarded-proto': 'HTTPS' }, { ...own, scheme: 'https' }],
    [{ 'x-forwarded-proto': 'gopher' }, own],
    [
      { 'x-forwarded-for': '9.9.9.9', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.test' },
      { address: '9.9.9.9', host: 'app.test', scheme: 'https' },
    ],
    // What a client wrote stands left of what its proxy added.
    [
      { 'x-forwarded-for': '6.6.6.6, 9.9.9.9', 'x-forwarded-host': 'evil.example, app.test' },
      { ...own, address: '9.9.9.9', host: 'app.test' },
    ],
    // Two proxies, of which the second adds to all lists, and then one that adds to the first alone.
    [
      { 'x-forwarded-for': '9.9.9.9, 10.0.0.2', 'x-forwarded-proto': 'https, http' },
      { ...own, address: '9.9.9.9', scheme: 'https' },
    ],
    [
      { 'x-forwarded-for': '9.9.9.9, 10.0.0.2', 'x-forwarded-proto': 'https' },
      { ...own, address: '9.9.9.9', scheme: 'https' },
    ],
    [{ 'x-forwarded-for': '9.9.9.9:4711' }, { ...own, address: '9.9.9.9' }],
    [{ 'x-forwarded-for': 'unknown' }, own],
    [{ 'x-forwarded-for': '6.6.6.6, garbage' }, own],
    [{ forwarded: 'for=9.9.9.9;proto=https;host=app.test' }, { address: '9.9.9.9', host: 'app.test', scheme: 'https' }],
    [
      { forwarded: 'for=6.6.6.6, For="[2001:db9::1]:4711";Proto="https"' },
      { ...own, address: '2001:db9::1', scheme: 'https' },
    ],
    [{ forwarded: 'for="a,b;c"' }, own],
    // A proxy that sets one kind lets the other through, so that is the client's own word.
    [
      { forwarded: 'for=6.6.6.6;host=evil.example', 'x-forwarded-for': '9.9.9.9' },
      { ...own, address: '9.9.9.9' },
    ],
  ])('%j', (headers, caller) => {
    expect(proxies.callerOf(asked('::ffff:127.0.0.1', headers as Record<string, string>))).toEqual(caller)
  })

  it('anything: an address, and time in proportion to its length', () => {
    const headers = fc.record({
      forwarded: fc.string({ unit: fc.constantFrom('"', '\\', ',', ';', '=', 'for', '[', ']', ':', '1', '.') }),
      'x-forwarded-for': fc.option(fc.string(), { nil: undefined }),
      'x-forwarded-host': fc.option(fc.string(), { nil: undefined }),
    })
    fc.assert(
      fc.property(headers, (said) => {
        const { address } = proxies.callerOf(asked('127.0.0.1', said as Record<string, string>))
        expect(address).toMatch(/^[\da-f.:]+$/i)
      }),
    )
    const started = performance.now()
    for (const text of ['"\\'.repeat(8000), 'for=,'.repeat(4000), '"'.repeat(16_001)])
      proxies.callerOf(asked('127.0.0.1', { forwarded: text }))
    expect(performance.now() - started).toBeLessThan(500)
  })
})
