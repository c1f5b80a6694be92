// What can go wrong with a file over HTTP, each with its own words; the cache, which Node lacks, is tested in a browser.
import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DownloadError } from '../core/errors.ts'
import { findFile, type WebFile } from './files.ts'

const content = new Uint8Array(300_000).map((_, i) => i % 251)
const sha256 = createHash('sha256').update(content).digest('hex')

const answers: Record<string, (response: ServerResponse, method: string) => void> = {
  '/file': (response) => response.setHeader('content-length', content.length).end(content),
  '/unsized': (response) =>
    void response.write(content.subarray(0, 100_000), () => response.end(content.subarray(100_000))),
  '/no-head': (response, method) => {
    if (method === 'HEAD') response.statusCode = 405
    response.end(method === 'HEAD' ? undefined : content)
  },
  '/page': (response) => response.setHeader('content-type', 'text/html; charset=utf-8').end('<h1>Home</h1>'),
  '/hidden-page': (response) => response.end('\n<!DOCTYPE html><title>Home</title>'),
  '/pointer': (response) => response.end('version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n'),
  '/empty': (response) => response.end(),
  '/broken': (response, method) => {
    response.setHeader('content-length', content.length)
    if (method === 'HEAD') response.end()
    else response.write(content.subarray(0, 1000), () => setTimeout(() => response.destroy(), 50))
  },
  '/fault': (response) => {
    response.statusCode = 503
    response.end()
  },
}

let base: string
const server = createServer(({ url, method }, response) => {
  const answer = answers[url!]
  if (answer) answer(response, method!)
  else {
    response.statusCode = 404
    response.end()
  }
})
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const file = (path: string, more: Partial<WebFile> = {}): WebFile => ({
  url: base + path,
  what: 'the student',
  ...more,
})
const read = async (wanted: WebFile) => (await findFile(wanted)).read()

describe('a file over HTTP', () => {
  it('says its size before it is loaded, and comes in pieces', async () => {
    const found = await findFile(file('/file'))
    expect([found.bytes, found.cached]).toEqual([content.length, false])
    const seen: [number, number | undefined][] = []
    expect(await found.read({ onProgress: (...amount) => seen.push(amount) })).toEqual(content)
    expect(seen[0]).toEqual([0, content.length])
    expect(seen.at(-1)).toEqual([content.length, content.length])
    expect(seen.length).toBeGreaterThan(2)
  })

  it.each(['/unsized', '/no-head'])('does without a size: %s', async (path) => {
    const found = await findFile(file(path))
    expect(found.bytes).toBeUndefined()
    expect(await found.read()).toEqual(content)
  })

  it('is checked against a known size and hash', async () => {
    expect(await read(file('/file', { bytes: content.length, sha256 }))).toEqual(content)
    await expect(read(file('/file', { bytes: 7 }))).rejects.toThrow(/has 300000 bytes, expected 7/)
    await expect(read(file('/file', { sha256: 'ab' }))).rejects.toThrow(`has the SHA-256 ${sha256}, expected ab`)
  })

  it.each([
    ['/nowhere', /\/nowhere \(the student\) is not there \(404\)\. Serve the models\./],
    ['/page', /is a web page: many servers answer with their start page .* Serve the models\./],
    ['/hidden-page', /is a web page/],
    ['/pointer', /is a Git LFS pointer .* `git lfs pull`/],
    ['/empty', /is empty/],
    ['/broken', /broke off after 1000 of 300000 bytes\. Try again/],
    ['/fault', /the server answered 503\. The server has a fault: try again later/],
  ])('%s', async (path, message) => {
    const wanted = file(path, { remedy: 'Serve the models.' })
    await expect(read(wanted)).rejects.toThrow(DownloadError)
    await expect(read(wanted)).rejects.toThrow(message)
  })

  it('says when nobody answers', async () => {
    await expect(read({ url: 'http://127.0.0.1:1/x', what: 'the student' })).rejects.toThrow(/cannot be reached/)
  })

  it('stops with the reason of its signal, before and while it comes', async () => {
    await expect(findFile(file('/file'), { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early')
    const controller = new AbortController()
    const found = await findFile(file('/broken'), { signal: controller.signal })
    const onProgress = (done: number) => done > 0 && controller.abort(new Error('enough'))
    await expect(found.read({ onProgress })).rejects.toThrow('enough')
  })
})
