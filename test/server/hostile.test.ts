// Who may not come in, and what may not be said: foreign hosts, sites and origins, requests without the token, denied classes,
// bodies that are no JSON, too long, or never end. Nothing of it stops the server from serving others.
import { mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunningServer } from '../../src/server/serve.ts'
import { temporaryFolder } from '../cli/command-line.ts'
import { itWith, linux } from '../requirements.ts'
import { ask, post, serve } from './served.ts'

const folder = temporaryFolder()
const token = 'a secret of some length'
const site = 'https://friend.example'
let plain: RunningServer
let guarded: RunningServer
const failures: unknown[] = []

beforeAll(async () => {
  const app = join(folder, 'app')
  await mkdir(join(app, 'assets'), { recursive: true })
  await writeFile(join(app, 'index.html'), '<!doctype html>the app')
  await writeFile(join(app, 'assets', 'main.js'), 'export {}')
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await symlink(join(folder, 'secret.txt'), join(app, 'link.txt'))
  await mkdir(join(folder, 'weights'))
  await writeFile(join(folder, 'weights', 'a.safetensors'), 'weights')
  await writeFile(join(folder, 'weights', 'notes.txt'), 'not for the page')
  const mounts = [
    { at: '/', folder: app, hashed: (name: string) => name.startsWith('assets/') },
    { at: '/models/', folder: join(folder, 'weights'), pick: (name: string) => name.endsWith('.safetensors') },
  ]
  plain = await serve({ patience: { head: 1, request: 2 }, mounts, onFailure: (error) => failures.push(error) })
  const policy = { deny: ['cat'], flag: [7] }
  guarded = await serve({ host: '0.0.0.0', token, cors: [site], policy })
  await Promise.all([plain.warm, guarded.warm])
})
afterAll(() => Promise.all([plain.close(0), guarded.close(0)]))

const json = { 'content-type': 'application/json' }
const images = '/v1/images/generations'
const asked = async (server: RunningServer, path: string, headers: Record<string, string>, method = 'GET') =>
  ask(server.url.replace('0.0.0.0', '127.0.0.1'), path, { method, headers })

describe('who may come in', () => {
  it.each(['evil.example', '127.0.0.1', '127.0.0.1:1', '0.0.0.0:80', 'localhost.evil.example'])(
    'no one who calls it %j',
    async (host) => expect((await asked(plain, '/healthz', { host })).status).toBe(403),
  )

  it('localhost is its other name', async () => {
    const host = `localhost:${new URL(plain.url).port}`
    expect((await asked(plain, '/healthz', { host })).status).toBe(200)
  })

  it.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ origin: 'http://127.0.0.1:1' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
  ])('no foreign page: %j', async (headers) => {
    const { status, body, headers: answer } = await asked(plain, '/api/models', headers)
    expect([status, JSON.parse(body.toString()).error.code]).toEqual([403, 'wrong_origin'])
    expect(answer['access-control-allow-origin']).toBeUndefined()
  })

  it('other machines only with a token, which has to be given', async () => {
    await expect(serve({ host: '0.0.0.0' })).rejects.toThrow('the server wants a token. Give `token`')
    await expect(serve({ token: 'short' })).rejects.toThrow('fewer than 8 characters')
    await expect(serve({ cors: ['https://a.example/path'] })).rejects.toThrow('is no origin')
  })

  it.each(['/api/models', '/v1/models', '/metrics', '/api/classes', '/nowhere'])('%s wants the token', async (path) => {
    for (const authorization of ['', 'Bearer wrong', `Basic ${token}`, token]) {
      const { status, headers } = await asked(guarded, path, authorization ? { authorization } : {})
      expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer'])
    }
    const known = path === '/nowhere' ? 404 : 200
    expect((await asked(guarded, path, { authorization: `Bearer ${token}` })).status).toBe(known)
  })

  it.each(['/healthz', '/readyz', '/openapi.json', '/'])('%s does not', async (path) => {
    expect((await asked(guarded, path, {})).status).toBe(200)
  })

  it('a link on another site leads to a page of it, and to nothing else', async () => {
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    expect((await asked(plain, '/', link)).status).toBe(200)
    expect((await asked(plain, '/', { ...link, 'sec-fetch-dest': 'iframe' })).status).toBe(403)
    expect((await asked(plain, '/', { ...link, 'sec-fetch-mode': 'no-cors' })).status).toBe(403)
    expect((await asked(plain, '/api/models', link)).status).toBe(403)
    expect((await asked(plain, '/', link, 'POST')).status).toBe(403)
  })

  it('pages of an invited site may ask, with the token', async () => {
    const preflight = {
      origin: site,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    }
    const { status, headers } = await asked(guarded, images, preflight, 'OPTIONS')
    expect([status, headers['access-control-allow-origin'], headers['access-control-allow-headers']]).toEqual([
      204,
      site,
      'authorization',
    ])
    const own = { origin: site, 'sec-fetch-site': 'cross-site' }
    expect((await asked(guarded, '/api/models', own)).status).toBe(401)
    expect((await asked(guarded, '/api/models', { ...own, authorization: `Bearer ${token}` })).status).toBe(200)
    expect(
      (await asked(guarded, '/api/models', { origin: 'https://evil.example', authorization: `Bearer ${token}` }))
        .status,
    ).toBe(403)
  })
})

describe('the policy', () => {
  const generate = (body: object) =>
    post(guarded.url.replace('0.0.0.0', '127.0.0.1'), images, body, { authorization: `Bearer ${token}` })

  it('denies a class by name, id and label, and marks another', async () => {
    for (const request of [{ prompt: 'cat' }, { prompt: '5' }, { class_labels: [0, 5] }]) {
      const { status, body } = await generate(request)
      expect([status, body.error.code, body.error.type]).toEqual([403, 'class_denied', 'permission_error'])
    }
    const { body } = await generate({ prompt: '7' })
    expect(body.data[0]).toMatchObject({ class: 7, flagged: true })
  })

  it('is told with the classes', async () => {
    const { body } = await asked(guarded, '/api/classes', { authorization: `Bearer ${token}` })
    const verdicts = JSON.parse(body.toString()).map(({ policy }: { policy: string }) => policy)
    expect([verdicts[5], verdicts[7], verdicts[0]]).toEqual(['deny', 'flag', 'allow'])
  })
})

describe('what is said', () => {
  const send = (body: string, headers: Record<string, string> = json) =>
    ask(plain.url, images, { method: 'POST', headers, body })

  it.each([
    ['no JSON', '{', 400, 'invalid_json'],
    ['nothing', '', 400, 'invalid_json'],
    ['bytes that are no text', '\0\ufffd', 400, 'invalid_json'],
    ['a list', '[]', 400, 'invalid_value'],
    ['brackets without end', '['.repeat(60_000), 400, 'invalid_json'],
    ['no class', '{}', 400, 'missing'],
    ['two classes', '{"prompt": "cat", "class_labels": [1]}', 400, 'invalid_value'],
    ['more classes than images', '{"class_labels": [1, 2], "n": 3}', 400, 'invalid_value'],
    ['a class there is not', '{"prompt": "12"}', 400, 'invalid_value'],
    ['a path for a model', '{"prompt": "cat", "model": "../../etc/passwd"}', 404, 'model_not_found'],
    ['another size', '{"prompt": "cat", "size": "64x64"}', 400, 'invalid_value'],
    ['steps there are not', '{"prompt": "cat", "steps": 77}', 400, 'invalid_value'],
    ['timesteps beyond the last', '{"prompt": "cat", "timesteps": [0, 99]}', 400, 'invalid_value'],
    ['a parameter there is not', '{"prompt": "cat", "file": "/etc/passwd"}', 400, 'unknown_parameter'],
  ])('%s', async (_, text, status, code) => {
    const answer = await send(text)
    const { error } = JSON.parse(answer.body.toString())
    expect([answer.status, error.code]).toEqual([status, code])
    expect(error).toEqual({ message: expect.any(String), type: expect.any(String), param: error.param, code })
  })

  it('a form is refused, and a body that is too long, announced or not', async () => {
    expect((await send('{"prompt": "cat"}', { 'content-type': 'text/plain' })).status).toBe(415)
    const long = JSON.stringify({ prompt: 'x'.repeat(100_000) })
    expect((await send(long)).status).toBe(413)
    expect((await send(long, { ...json, 'transfer-encoding': 'chunked' })).status).toBe(413)
    expect((await send('{"prompt": "cat"}')).status).toBe(200)
  })

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/link.txt',
    '/models/',
    '/models/notes.txt',
    '/models/../secret.txt',
    '/models/..%2fsecret.txt',
    '//etc/passwd',
    '/images/../../secret.txt',
    '/images/..%2f..%2fsecret.txt',
    '/assets/',
    '/openapi.json/x',
  ])('has nothing at %j', async (path) => {
    expect((await ask(plain.url, path)).status).toBe(404)
  })

  it('serves a web app that it was given, in a fence of its own', async () => {
    const page = await ask(plain.url, '/')
    expect(page.body.toString()).toContain('the app')
    expect(page.headers).toMatchObject({
      'cache-control': 'no-cache',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
    })
    const policy = String(page.headers['content-security-policy'])
    expect(policy).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';/)
    expect(policy).toMatch(/frame-ancestors 'none'.*require-trusted-types-for 'script'; trusted-types default$/)
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/)
    const script = await ask(plain.url, '/assets/main.js')
    expect(script.headers['content-type']).toContain('text/javascript')
    expect(script.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect((await ask(plain.url, '/models/a.safetensors')).headers['content-length']).toBe('7')
  })

  it('keeps the stricter fence for everything that is no file of the app', async () => {
    const { headers } = await ask(plain.url, '/healthz')
    expect(headers['content-security-policy']).toMatch(/script-src 'self'; .*require-trusted-types-for 'script'$/)
  })

  it('sends a file once, and says so the second time', async () => {
    const { headers } = await ask(plain.url, '/')
    const again = await ask(plain.url, '/', { headers: { 'if-none-match': `"x", W/${headers.etag}` } })
    expect([again.status, again.body.length]).toEqual([304, 0])
    expect((await ask(plain.url, '/', { headers: { 'if-none-match': '"x"' } })).status).toBe(200)
    const head = await ask(plain.url, '/', { method: 'HEAD' })
    expect([head.status, head.body.length, head.headers['content-length']]).toEqual([200, 0, '22'])
  })

  itWith(linux)('keeps no file open for who asks for its head alone', async () => {
    const open = async () => (await readdir('/proc/self/fd')).length
    const before = await open()
    for (let i = 0; i < 40; i++) await ask(plain.url, '/models/a.safetensors', { method: 'HEAD' })
    await expect.poll(open).toBeLessThan(before + 20)
  })

  it('sees when the app is built anew', async () => {
    const app = join(folder, 'app')
    await rename(app, `${app}.old`)
    expect((await ask(plain.url, '/assets/main.js')).status).toBe(404)
    await mkdir(join(app, 'assets'), { recursive: true })
    await writeFile(join(app, 'index.html'), 'the new app')
    await writeFile(join(app, 'assets', 'new.js'), 'export {}')
    expect((await ask(plain.url, '/')).body.toString()).toBe('the new app')
    expect((await ask(plain.url, '/assets/main.js')).status).toBe(404)
    expect((await ask(plain.url, '/assets/new.js')).status).toBe(200)
  })
})

describe('what is no request', () => {
  /** All that the server says to some bytes before it hangs up. */
  const said = (bytes: string | Uint8Array, leave = false, url = plain.url) =>
    new Promise<string>((resolve) => {
      let text = ''
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
        socket.write(bytes)
        if (leave) setTimeout(() => socket.destroy(), 50)
      })
      socket.on('data', (piece) => {
        text += piece
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve(text))
    })
  const host = () => `Host: ${new URL(plain.url).host}\r\n`
  const postHead = () => `POST ${images} HTTP/1.1\r\n${host()}Content-Type: application/json\r\n`

  it.each([
    ['bytes', 400, () => Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])],
    ['HTTP/2', 400, () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['no host', 400, () => 'GET / HTTP/1.1\r\n\r\n'],
    ['no host that can be', 400, () => 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
    ['a user in the host', 400, () => `GET / HTTP/1.1\r\nHost: user@${new URL(plain.url).host}\r\n\r\n`],
    ['an address that cannot be', 400, () => `GET http://[ HTTP/1.1\r\n${host()}\r\n`],
    ['a zero byte in a header', 400, () => `GET / HTTP/1.1\r\n${host()}X: a\0b\r\n\r\n`],
    ['a head of 100 kB', 431, () => `GET / HTTP/1.1\r\n${host()}X: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['an address of 100 kB', 431, () => `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n${host()}\r\n`],
    ['a length below zero', 400, () => `${postHead()}Content-Length: -1\r\n\r\n{}`],
    ['two lengths', 400, () => `${postHead()}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    ['a length and chunks', 400, () => `${postHead()}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['chunks that are none', 400, () => `${postHead()}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
    ['an expectation', 417, () => `${postHead()}Expect: a miracle\r\nContent-Length: 2\r\n\r\n{}`],
  ])('%s: %d, in one sentence', async (_, status, bytes) => {
    const text = await said(bytes())
    const [head = '', body = ''] = text.split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(head).toMatch(/^Content-Type: application\/json/im)
    const { error } = JSON.parse(body)
    expect(error).toEqual({ message: expect.any(String), type: 'invalid_request_error', param: null, code: error.code })
    expect(error.message).toMatch(/^[A-Z][^.]*(\.\d[^.]*)?\.$/)
  })

  it('is no failure of the server when its client leaves in the middle', async () => {
    /** Requests for images that ended so. */
    const ended = async (status: number) => {
      const text = (await ask(plain.url, '/metrics')).body.toString()
      const row = text
        .split('\n')
        .find((line) => line.includes(`{route="${images}",method="POST",status="${status}"} `))
      return Number(row?.split(' ')[1] ?? 0)
    }
    failures.length = 0
    const before = await ended(499)
    const five = Array.from({ length: 5 }, () => said(`${postHead()}Content-Length: 100\r\n\r\n{`, true))
    const chunked = Array.from({ length: 5 }, () => said(`${postHead()}Transfer-Encoding: chunked\r\n\r\n5\r\n{`, true))
    await Promise.all([...five, ...chunked, said(`GET /assets/`, true)])
    await expect.poll(() => ended(499)).toBe(before + 10)
    expect(await ended(500)).toBe(0)
    expect(failures).toEqual([])
  })

  it.each([
    'Host',
    'Origin',
    'Authorization',
    'Content-Type',
    'Content-Encoding',
    'If-None-Match',
    'Cookie',
    'Forwarded',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'Sec-Fetch-Site',
    'Accept-Encoding',
    'a query',
  ])('costs little to read, whatever it says: %s', async (header) => {
    const proxied = await serve({ trustProxy: ['loopback'], mounts: [{ at: '/', folder: join(folder, 'app') }] })
    const { host } = new URL(proxied.url)
    const long = [`a${' '.repeat(15_000)}a`, '%'.repeat(15_000), ','.repeat(15_000), '::1,'.repeat(3_750)]
    const texts = [...long, '"'.repeat(15_000), `https://xn--${'a1'.repeat(7_500)}`, `xn--${'a1'.repeat(7_500)}`]
    const requests = texts.flatMap((text) =>
      ['GET / HTTP/1.1', 'GET /api/classes HTTP/1.1', `POST ${images} HTTP/1.1`].map((line) => {
        const query = header === 'a query' && !text.includes(' ') ? `?${text}` : ''
        const headers = [...(header === 'Host' ? [] : [`Host: ${host}`]), ...(query ? [] : [`${header}: ${text}`])]
        return `${line.replace(' HTTP', `${query} HTTP`)}\r\n${headers.join('\r\n')}\r\nConnection: close\r\n\r\n`
      }),
    )
    await proxied.warm
    /** Milliseconds of this process. */
    const cost = async (request: string) => {
      const before = process.cpuUsage()
      await said(request, false, proxied.url)
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1000
    }
    for (const request of requests) {
      const twice = [await cost(request), await cost(request)] // one of them may meet a garbage collection
      expect(Math.min(...twice), request.slice(0, 200)).toBeLessThan(40)
    }
    await proxied.close(0)
  })

  it('more than a few requests at once on a connection: they are answered one after another, or not at all', async () => {
    const one = `GET /healthz HTTP/1.1\r\n${host()}`
    const few = await said(`${`${one}\r\n`.repeat(5)}${one}Connection: close\r\n\r\n`)
    expect(few.match(/HTTP\/1.1 200 OK/g)).toHaveLength(6)
    const many = await said(`${one}\r\n`.repeat(1000))
    expect(many.match(/HTTP\/1.1/g)?.length ?? 0).toBeLessThan(17)
  })
})

describe('who never ends', () => {
  /** What the server says until it hangs up, and after how many milliseconds. */
  const dribble = (first: string, then: string) =>
    new Promise<{ text: string; took: number }>((resolve) => {
      const { port } = new URL(plain.url)
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(first))
      const started = performance.now()
      const drip = setInterval(() => socket.write(then), 100)
      let text = ''
      socket.on('data', (piece) => {
        text += piece
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        clearInterval(drip)
        resolve({ text, took: performance.now() - started })
      })
    })

  it('is hung up on, in the head and in the body, while others are served', async () => {
    const head = `POST ${images} HTTP/1.1\r\nHost: ${new URL(plain.url).host}\r\nContent-Type: application/json\r\n`
    const slow = Promise.all([
      ...Array.from({ length: 20 }, () => dribble(head, 'X-Drip: 1\r\n')),
      ...Array.from({ length: 20 }, () => dribble(`${head}Content-Length: 60000\r\n\r\n`, ' ')),
    ])
    const other = await post(plain.url, images, { prompt: 'cat' })
    expect(other.status).toBe(200)
    for (const { text, took } of await slow) {
      expect(text).toMatch(/^(HTTP\/1\.1 (408|400)|$)/)
      expect(took).toBeLessThan(30_000)
    }
    expect(plain.services.batcher.unanswered).toBe(0)
  })
})
