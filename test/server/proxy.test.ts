// The server behind a TLS proxy: its pages may ask, images are found at its public address, and what only a proxy may say is
// believed from a proxy alone.
import type { IncomingHttpHeaders } from 'node:http'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunningServer } from '../../src/server/serve.ts'
import { webApp } from '../../src/server/web-app.ts'
import { distilled, temporaryFolder } from '../cli/command-line.ts'
import { chromium, describeWith, openssl } from '../requirements.ts'
import { launch, openPage, shows } from '../web/app.ts'
import { ask, post, serve } from './served.ts'
import { askTls, selfSigned, type TlsProxy, tlsProxy } from './tls-proxy.ts'

let pair: ReturnType<typeof selfSigned>
const images = '/v1/images/generations'
const token = 'a secret of some length'

/** A server and the proxy in front of it; the proxy's address is known first, as an operator knows it. */
async function behindProxy(
  options: (origin: string) => Parameters<typeof serve>[0],
  headers: (incoming: IncomingHttpHeaders, origin: string, address: string, upstream: string) => IncomingHttpHeaders,
): Promise<{ server: RunningServer; proxy: TlsProxy }> {
  let server: RunningServer
  const proxy: TlsProxy = await tlsProxy(
    pair,
    () => server.url.replace('0.0.0.0', '127.0.0.1'),
    (incoming, address) => headers(incoming, proxy.origin, address, new URL(server.url).host),
  )
  server = await serve(options(proxy.origin))
  return { server, proxy }
}

const passed = (incoming: IncomingHttpHeaders) => incoming
const described = (incoming: IncomingHttpHeaders, _: string, address: string) => ({
  ...incoming,
  'x-forwarded-for': [incoming['x-forwarded-for'], address].flat().filter(Boolean).join(', '),
  'x-forwarded-proto': 'https',
})

describeWith(openssl)('a server behind a TLS proxy', () => {
  beforeAll(() => {
    pair = selfSigned(temporaryFolder())
  })

  describe.each([
    ['passes Host and is named with --public-url', (origin: string) => ({ publicUrl: origin }), passed],
    [
      'passes Host, is trusted and named',
      (origin: string) => ({ publicUrl: origin, trustProxy: ['loopback'] }),
      described,
    ],
    [
      'puts its own Host and tells the old one',
      (origin: string) => ({ publicUrl: `${origin}/`, trustProxy: ['127.0.0.1'] }),
      (incoming: IncomingHttpHeaders, _: string, address: string, upstream: string) => ({
        ...described(incoming, _, address),
        'x-forwarded-host': incoming.host,
        host: upstream,
      }),
    ],
    [
      'puts its own Host and says nothing',
      (origin: string) => ({ publicUrl: origin }),
      (incoming: IncomingHttpHeaders, _: string, __: string, upstream: string) => ({ ...incoming, host: upstream }),
    ],
    [
      'passes Host to a server for all machines',
      () => ({ host: '0.0.0.0', token, trustProxy: ['loopback'] }),
      described,
    ],
  ])('a proxy that %s', (_, options, headers) => {
    let server: RunningServer
    let proxy: TlsProxy
    beforeAll(async () => {
      ;({ server, proxy } = await behindProxy(options, headers as Parameters<typeof behindProxy>[1]))
    })
    afterAll(() => Promise.all([server.close(0), proxy.close()]))
    const authorization = { authorization: `Bearer ${token}` }

    it.each([
      ['Origin', (origin: string) => ({ origin })],
      ['Origin and Sec-Fetch-Site', (origin: string) => ({ origin, 'sec-fetch-site': 'same-origin' })],
      ['neither', () => ({})],
    ])('lets its own page in: %s', async (_, said) => {
      const own = { ...authorization, ...said(proxy.origin) } as Record<string, string>
      const request = { prompt: 'boat', seed: 1, response_format: 'url' }
      const { status, body } = await askTls(proxy.origin, images, own, request)
      expect([status, body.error]).toEqual([200, undefined])
      const { url } = body.data[0]
      expect(url).toMatch(new RegExp(`^${proxy.origin}/images/[0-9a-f]{32}$`))
      const image = await askTls(proxy.origin, new URL(url).pathname)
      expect([image.status, image.bytes.subarray(1, 4).toString()]).toEqual([200, 'PNG'])
    })

    it.each([
      [{ origin: 'https://evil.example' }],
      [{ origin: 'https://localhost:1' }],
      [{ origin: 'null' }],
      [{ 'sec-fetch-site': 'cross-site' }],
      [{ 'sec-fetch-site': 'same-site', origin: 'https://evil.localhost' }],
    ])('keeps other sites out: %j', async (said) => {
      const { status, body } = await askTls(
        proxy.origin,
        images,
        { ...authorization, ...said } as Record<string, string>,
        {
          prompt: 'boat',
        },
      )
      expect([status, body.error.code]).toEqual([403, 'wrong_origin'])
    })
  })

  describe('what only a proxy may say', () => {
    const foreign = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.test', 'x-forwarded-for': '9.9.9.9' }
    const answered = async (server: RunningServer, headers: Record<string, string>) => {
      const url = server.url.replace('0.0.0.0', '127.0.0.1')
      const request = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } }
      const answer = await ask(url, images, { ...request, body: '{"prompt": "boat", "response_format": "url"}' })
      return { status: answer.status, ...JSON.parse(answer.body.toString()) }
    }

    it('that drops the port of --public-url is told which host came and which was expected', async () => {
      const server = await serve({ publicUrl: 'https://app.test:7943/' })
      const { status, error } = await answered(server, { host: 'app.test' })
      expect([status, error.code]).toEqual([403, 'wrong_host'])
      expect(error.message).toMatch(
        /^This server does not answer to the host "app\.test", only to .*app\.test:7943; --public-url is set, so the proxy has to pass on the Host header as it came, with its port\.$/,
      )
      const own = { host: 'app.test:7943', origin: 'https://app.test:7943' }
      expect((await answered(server, own)).status).toBe(200)
      await server.close(0)
    })

    it('changes nothing without --trust-proxy', async () => {
      const server = await serve()
      const { data } = await answered(server, foreign)
      expect(data[0].url.startsWith(`${server.url}images/`)).toBe(true)
      await server.close(0)
    })

    it('gives a server of this machine no other name: a page that was rebound to it could say it, too', async () => {
      const server = await serve({ trustProxy: ['loopback'] })
      const { status, error } = await answered(server, foreign)
      expect([status, error.code]).toEqual([403, 'wrong_host'])
      expect(error.message).toContain('--public-url')
      expect((await answered(server, { host: 'app.test' })).error.code).toBe('wrong_host')
      await server.close(0)
    })

    it.each([
      [{}],
      [{ 'x-forwarded-host': 'app.test' }],
      [{ forwarded: 'host=app.test' }],
      [{ 'x-forwarded-host': 'app.test', origin: 'https://app.test' }],
      [{ 'x-forwarded-host': 'app.test, app.test', 'x-forwarded-for': '9.9.9.9, 127.0.0.1' }],
    ])('lets no page in whose name was rebound to this machine, whatever it sends: %j', async (said) => {
      const server = await serve({ publicUrl: 'https://app.test', trustProxy: ['loopback'] })
      const rebound = `evil.test:${new URL(server.url).port}`
      const { status, error } = await answered(server, {
        ...(said as Record<string, string>),
        host: rebound,
        'sec-fetch-site': 'same-origin',
      })
      expect([status, error.code]).toEqual([403, 'wrong_host'])
      expect(error.message).toContain(`the host "${rebound}", only to ${new URL(server.url).host}, `)
      expect(error.message).toContain(', app.test; --public-url')
      expect((await answered(server, { 'x-forwarded-host': 'app.test' })).status).toBe(200)
      expect((await answered(server, { host: 'app.test' })).status).toBe(200)
      await server.close(0)
    })

    it('is what the browser compares: one name by two schemes are two sites', async () => {
      const server = await serve({ host: '0.0.0.0', token, trustProxy: ['loopback'] })
      const own = { authorization: `Bearer ${token}`, host: 'app.test' }
      const said = (origin: string, proto: string) => answered(server, { ...own, origin, 'x-forwarded-proto': proto })
      expect((await said('https://app.test', 'https')).data[0].url).toMatch(/^https:\/\/app\.test\/images\//)
      expect((await said('http://app.test', 'https')).error.code).toBe('wrong_origin')
      expect((await said('http://app.test', 'http')).data[0].url).toMatch(/^http:\/\/app\.test\/images\//)
      await server.close(0)
    })

    it('is not needed for a page to ask, when the proxy passes Host', async () => {
      const server = await serve({ host: '0.0.0.0', token })
      const own = { authorization: `Bearer ${token}`, host: 'app.test', origin: 'https://app.test' }
      expect((await answered(server, own)).status).toBe(200)
      expect((await answered(server, { ...own, 'sec-fetch-site': 'same-origin' })).status).toBe(200)
      expect((await answered(server, { ...own, origin: 'https://other.test' })).status).toBe(403)
      await server.close(0)
    })

    it('a path of the public address stands in front of those of images', async () => {
      const server = await serve({ publicUrl: 'https://app.test/images-of-ours' })
      const { body } = await post(server.url, images, { prompt: 'boat', response_format: 'url' })
      expect(body.data[0].url).toMatch(/^https:\/\/app\.test\/images-of-ours\/images\/[0-9a-f]{32}$/)
      await server.close(0)
    })

    it.each([
      [['--public-url', 'app.test'], '--public-url "app.test" is not an address. Such as https://images.example.org/'],
      [['--public-url', 'ftp://app.test'], 'is not an address'],
      [['--public-url', 'https://a:b@app.test'], 'is not an address'],
      [['--public-url', 'https://app.test/?x'], 'is not an address'],
      [['--trust-proxy', 'proxy.local'], '--trust-proxy "proxy.local" is not an address. Give an address (10.0.0.7)'],
      [['--trust-proxy', '10.0.0.0/8,10.0.0.0/99'], '"10.0.0.0/99" is not an address'],
    ])('%j is bad usage', async (flags, message) => {
      const { code, stderr } = await distilled('serve', '--port', '0', ...flags)
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
    })
  })

  describeWith(chromium)('a browser', () => {
    let browser: Browser
    beforeAll(async () => {
      browser = await launch()
    })
    afterAll(() => browser.close())

    it('makes images with the web app through a TLS proxy, also by a link from another site', async () => {
      const { server, proxy } = await behindProxy(
        (origin) => ({ publicUrl: origin, trustProxy: ['loopback'], mounts: webApp() }),
        described,
      )
      await server.warm
      const { page, complaints } = await openPage(browser, `${proxy.origin}/`, {
        ignoreHTTPSErrors: true,
        serviceWorkers: 'block', // they heed no such option
      })
      const refused: string[] = []
      page.on('response', (response) => {
        if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`)
      })
      expect(await page.evaluate('isSecureContext && crossOriginIsolated')).toBe(true)
      const generated = await page.evaluate(
        `fetch('v1/images/generations', { method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: '{"prompt": "boat", "response_format": "url"}' }).then((answer) => answer.json())
        .then(({ data }) => fetch(data[0].url)).then((image) => image.headers.get('content-type'))`,
      )
      expect(generated).toBe('image/png')
      await shows(page, 'main', /./)
      await page.goto(`data:text/html,<a href="${proxy.origin}/">a link</a>`)
      await page.click('a')
      await page.waitForURL(`${proxy.origin}/**`)
      await shows(page, 'main', /./)
      expect([refused, complaints]).toEqual([[], []])
      await page.context().close()
      await Promise.all([server.close(0), proxy.close()])
    })
  })
})
