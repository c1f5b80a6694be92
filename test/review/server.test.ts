// The review server is for one page on one machine: paths, hosts, origins and bodies that are not its own are refused.
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readReview } from '../../src/review/node/folder.ts'
import { type Journal, journalName, openJournal } from '../../src/review/node/journal.ts'
import { openReviewSession } from '../../src/review/node/session.ts'
import { type ReviewServer, serveReview } from '../../src/server/review.ts'
import { bytesOf, hashOf, makeReviewFolder } from './made-review.ts'

let folder: string
let journal: Journal
let server: ReviewServer
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-server-'))
  await makeReviewFolder(folder)
  journal = await openJournal(folder)
  server = await serveReview(openReviewSession(await readReview(folder), journal), { port: 0 })
})
afterEach(async () => {
  await server.close()
  await journal.close()
  await rm(folder, { recursive: true })
})

interface Asked {
  method?: string
  headers?: Record<string, string>
  body?: string
  /** Instead of 127.0.0.1. */
  address?: string
}

/** A request as no browser would send it: the path goes out as it stands. */
function ask(path: string, { method = 'GET', headers = {}, body, address = '127.0.0.1' }: Asked = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const { port } = new URL(server.url)
    const options = {
      host: address,
      port,
      path,
      method,
      headers: { host: `127.0.0.1:${port}`, ...headers },
      agent: false,
    }
    const sent = request(options, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece) => pieces.push(piece))
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces).toString() })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const file = '7-cock/000.png'
const accept = {
  type: 'verdict',
  image: `images/one/${file}`,
  sha256: hashOf('one', file),
  reviewer: 'AB',
  verdict: 'accepted',
}
const own = () => ({ origin: server.url.slice(0, -1), 'content-type': 'application/json' })
const post = (action: unknown, headers: Record<string, string> = own()) =>
  ask('/api/actions', { method: 'POST', headers, body: typeof action === 'string' ? action : JSON.stringify(action) })
const written = () => readFileSync(join(folder, journalName), 'utf8')

describe('reading', () => {
  it('gives the page, the review and images by their hash', async () => {
    expect((await ask('/')).body).toContain('<title>Safety review</title>')
    const review = JSON.parse((await ask('/api/review')).body)
    expect(review.images).toHaveLength(12)
    expect(review.images[3]).toMatchObject({ model: 'one', class: 403, synonyms: ['carrier', 'flattop'], n: 0 })
    expect(JSON.stringify(review)).not.toContain(tmpdir())
    const image = await ask(`/images/${hashOf('one', file)}.png`)
    expect(image).toMatchObject({ status: 200, body: bytesOf('one', file).toString() })
    expect(image.headers['content-type']).toBe('image/png')
  })

  it.each([
    '/../../../etc/passwd',
    '/images/../verdicts.jsonl',
    '/images/one/7-cock/000.png',
    '/images/..%2f..%2f..%2fetc%2fpasswd',
    '/images/%2e%2e/%2e%2e/etc/passwd.png',
    `/images/${'0'.repeat(64)}.png`,
    '/assets/../sw.js',
    '/assets/..%2fsw.js',
    '/index.html',
    '/openapi.json',
    '/v1/models',
    '/verdicts.jsonl',
    '//etc/passwd',
    'http://127.0.0.1/etc/passwd',
    '/\0',
  ])('has nothing at %j', async (path) => {
    const sent = ask(path)
    if (path.includes('\0')) return expect(sent).rejects.toThrow()
    expect(await sent).toMatchObject({ status: 404 })
  })

  it('takes nothing of a query for a path', async () => {
    expect((await ask('/?file=/etc/passwd')).body).toBe((await ask('/')).body)
  })

  it('does not show an image that changed on the disk', async () => {
    writeFileSync(join(folder, 'images', 'one', file), 'something else')
    expect((await ask(`/images/${hashOf('one', file)}.png`)).status).toBe(404)
  })

  it('lets the page run nothing but its own script, and no site embed it', async () => {
    for (const path of ['/', '/api/review', '/nowhere', `/images/${hashOf('one', file)}.png`]) {
      const { headers } = await ask(path)
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';/,
      )
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['cross-origin-resource-policy']).toBe('same-origin')
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
    expect((await ask('/')).body).not.toMatch(
      /<script(?! type="module" crossorigin src="\.\/assets\/)|\son\w+=|\sstyle=|https?:\/\//,
    )
  })
})

describe('who may come in', () => {
  it.each(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', '0.0.0.0:80', '127.0.0.1.evil.example'])(
    'no one who calls it %j',
    async (host) => {
      expect((await ask('/', { headers: { host } })).status).toBe(403)
      expect((await ask('/api/review', { headers: { host } })).status).toBe(403)
    },
  )

  it('localhost is its other name', async () => {
    const host = `localhost:${new URL(server.url).port}`
    expect((await ask('/', { headers: { host } })).status).toBe(200)
  })

  it('it cannot be reached from another machine', async () => {
    const outside = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
    const address = outside.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.2'
    await expect(ask('/', { address })).rejects.toThrow(/ECONNREFUSED/)
  })

  it.each([
    ['another site', { origin: 'https://evil.example' }],
    ['another port', { origin: 'http://127.0.0.1:1' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['no origin', {}],
  ])('a write from %s is refused', async (_, headers) => {
    expect(
      (await post(accept, { 'content-type': 'application/json', ...(headers as Record<string, string>) })).status,
    ).toBe(403)
    expect(written()).toBe('')
  })

  it('what a form can send is refused, and what the browser calls cross-site', async () => {
    expect((await post(accept, { ...own(), 'content-type': 'text/plain' })).status).toBe(415)
    expect((await post(accept, { ...own(), 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await ask('/', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
    expect((await ask('/api/actions', { method: 'DELETE', headers: own() })).status).toBe(405)
    expect(written()).toBe('')
  })
})

describe('writing', () => {
  it('puts a verdict into the journal before it answers', async () => {
    const { status, body } = await post(accept)
    expect(status).toBe(200)
    expect(JSON.parse(body).image).toMatchObject({
      path: accept.image,
      verdict: { verdict: 'accepted', reviewer: 'AB' },
    })
    expect(JSON.parse(written())).toMatchObject(accept)
  })

  it('undoes the last of a reviewer, and says when there is nothing', async () => {
    await post(accept)
    const note = { type: 'note', image: accept.image, sha256: accept.sha256, reviewer: 'AB', text: 'red' }
    expect(JSON.parse((await post(note)).body).image).toMatchObject({ note: { text: 'red' } })
    const undo = async (reviewer: string) => JSON.parse((await post({ type: 'undo', reviewer })).body)
    expect(await undo('CD')).toEqual({ image: null })
    expect(await undo('AB')).toMatchObject({ undone: 'note', image: { verdict: { verdict: 'accepted' } } })
    const last = await undo('AB')
    expect(last).toMatchObject({ undone: 'verdict', image: { path: accept.image } })
    expect(last.image.verdict).toBeUndefined()
    expect(await undo('AB')).toEqual({ image: null })
  })

  it.each([
    ['no JSON', '{', 400],
    ['an unknown verdict', { ...accept, verdict: 'maybe' }, 400],
    ['no initials', { ...accept, reviewer: '' }, 400],
    ['initials that are a formula', { ...accept, reviewer: '=1+1' }, 400],
    ['a key too many', { ...accept, id: 'mine' }, 400],
    ['a note too long', { ...accept, type: 'note', verdict: undefined, text: 'x'.repeat(1001) }, 400],
    ['an image there is not', { ...accept, image: '../../etc/passwd' }, 409],
    ['other bytes than shown', { ...accept, sha256: 'a'.repeat(64) }, 409],
  ])('refuses %s', async (_, action, status) => {
    expect((await post(action)).status).toBe(status)
    expect(written()).toBe('')
  })

  it('takes no verdict on an image that changed since it was shown', async () => {
    writeFileSync(join(folder, 'images', 'one', file), 'something else')
    const { status, body } = await post(accept)
    expect([status, written()]).toEqual([409, ''])
    expect(body).toContain('changed on the disk')
  })

  it('refuses a body that is too long, announced or not', async () => {
    const long = 'x'.repeat(20_000)
    expect((await post(long)).status).toBe(413)
    expect((await post(long, { ...own(), 'transfer-encoding': 'chunked' })).status).toBe(413)
    expect((await post(accept)).status).toBe(200)
  })

  it('says of a failure only that there was one, and tells the program what', async () => {
    const heard: unknown[] = []
    const session = openReviewSession(await readReview(folder), journal)
    const failing = { ...session, review: () => Promise.reject(new Error('a path of this machine')) }
    const other = await serveReview(failing, { port: 0, onFailure: (error) => heard.push(error) })
    const answer = await fetch(`${other.url}api/review`)
    expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringContaining('path')])
    expect(heard).toEqual([new Error('a path of this machine')])
    await other.close()
  })

  it('says that a port is taken', async () => {
    const port = Number(new URL(server.url).port)
    const second = serveReview(openReviewSession(await readReview(folder), journal), { port })
    await expect(second).rejects.toThrow(`Port ${port} is taken. Name another with \`port\``)
  })
})
