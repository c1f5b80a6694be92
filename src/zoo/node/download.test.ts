import { createHash, randomBytes } from 'node:crypto'
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type HubBehaviour, type HubServer, startHub } from '../../../test/hub-server.ts'
import { DownloadError } from '../../core/errors.ts'
import { findModel } from '../registry.ts'
import { hubSettings, locate, locateFile } from './cache.ts'
import { type DownloadOptions, type DownloadProgress, download, downloadFile } from './download.ts'
import { unreachedRemedy } from './hub.ts'

vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof import('node:fs/promises')>()
  return { ...actual, symlink: vi.fn(actual.symlink) }
})

const entry = findModel('var-dd-d16')
const source = { repo: 'microsoft/distilled_decoding', file: 'VAR-DD/var-d16.pth' }
const path = `${source.repo}/${source.file}`
const content = randomBytes(300_000)

let home: string
let hub: HubServer

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'distilled-cache-'))
})

afterEach(async () => {
  await hub?.close()
  await rm(home, { recursive: true, force: true })
})

/** Starts a hub that serves `content` and behaves as told; gives what downloading from it needs. */
async function serve(behaviour: Partial<HubBehaviour> = {}, env: Record<string, string> = {}) {
  hub = await startHub({ files: { [path]: content }, ...behaviour })
  return settings(env)
}

const settings = (env: Record<string, string> = {}): DownloadOptions => ({
  settings: hubSettings({ HF_ENDPOINT: hub?.endpoint ?? 'http://127.0.0.1:9', HF_HOME: home, ...env }),
  retryDelayMs: 1,
  retries: 2,
})

const isContent = async (file: string) => (await readFile(file)).equals(content)
const repoFolder = () => join(home, 'hub', 'models--microsoft--distilled_decoding')
const blobs = () => readdir(join(repoFolder(), 'blobs'))
const contentRequests = () => hub.seen.filter((request) => request.server === 'content')

describe('a download', () => {
  it('brings the bytes and leaves the cache as huggingface_hub does', async () => {
    const file = await download(entry, await serve())
    const folder = repoFolder()
    expect(file).toBe(join(folder, 'snapshots', hub.commit, 'VAR-DD', 'var-d16.pth'))
    expect(await isContent(file)).toBe(true)
    expect(await readlink(file)).toBe(`../../../blobs/${hub.etag(path)}`)
    expect(await readFile(join(folder, 'refs', 'main'), 'utf8')).toBe(hub.commit)
    expect(await blobs()).toEqual([hub.etag(path)])
    expect((await readdir(folder, { recursive: true })).sort()).toEqual(
      [
        'blobs',
        `blobs/${hub.etag(path)}`,
        'refs',
        'refs/main',
        'snapshots',
        `snapshots/${hub.commit}`,
        `snapshots/${hub.commit}/VAR-DD`,
        `snapshots/${hub.commit}/VAR-DD/var-d16.pth`,
      ].sort(),
    )
  })

  it('is not repeated when the file is there', async () => {
    const options = await serve()
    const first = await download(entry, options)
    const requests = hub.seen.length
    expect(await download(entry, options)).toBe(first)
    expect(hub.seen).toHaveLength(requests)
  })

  it('only links a blob that another revision already brought', async () => {
    const options = await serve()
    await mkdir(join(repoFolder(), 'blobs'), { recursive: true })
    await writeFile(join(repoFolder(), 'blobs', hub.etag(path)), content)
    expect(await isContent(await download(entry, options))).toBe(true)
    expect(contentRequests()).toHaveLength(0)
  })

  it('reports a progress that never falls and ends at the size', async () => {
    const progress: DownloadProgress[] = []
    const options = await serve({ cuts: [100_000], noRange: true })
    await download(entry, { ...options, onProgress: (p) => progress.push(p) })
    const received = progress.map((p) => p.received)
    expect(received).toEqual([...received].sort((a, b) => a - b))
    expect(progress.at(-1)).toEqual({ file: source.file, received: content.length, total: content.length })
  })

  it('takes a mirror when the first repository does not have the file', async () => {
    hub = await startHub({ files: { 'peizesun/llamagen_c2i/vq_ds16_c2i.pt': content } })
    const file = await download(findModel('llamagen-vq-ds16'), settings())
    expect(file).toContain('models--peizesun--llamagen_c2i')
    expect(await isContent(file)).toBe(true)
  })
})

describe('a broken connection', () => {
  it('is continued with a Range request, within one download', async () => {
    const file = await download(entry, await serve({ cuts: [120_000] }))
    expect(await isContent(file)).toBe(true)
    expect(contentRequests().map((request) => request.range)).toEqual([undefined, 'bytes=120000-'])
  })

  it('is continued by the next download when all attempts fail', async () => {
    const options = await serve({ cuts: [120_000, 0, 0] })
    await expect(download(entry, options)).rejects.toThrow(
      /the connection broke after 120000 of 300000 bytes.* Run the same command again/,
    )
    expect(await blobs()).toEqual([`${hub.etag(path)}.partial`])
    expect(locate(entry, options.settings)).toBeUndefined()
    expect(await isContent(await download(entry, options))).toBe(true)
    expect(contentRequests().at(-1)!.range).toBe('bytes=120000-')
    expect(await blobs()).toEqual([hub.etag(path)])
  })

  it('does not count against the attempts as long as something new comes', async () => {
    const file = await download(entry, await serve({ cuts: new Array(8).fill(30_000) }))
    expect(await isContent(file)).toBe(true)
    expect(contentRequests()).toHaveLength(9)
  })

  it('is noticed when the server falls silent', async () => {
    const options = { ...(await serve({ stallsAt: 50_000 })), stallMs: 200 }
    expect(await isContent(await download(entry, options))).toBe(true)
    expect(contentRequests().map((request) => request.range)).toEqual([undefined, 'bytes=50000-'])
  })

  it('starts over when the server ignores Range', async () => {
    const file = await download(entry, await serve({ cuts: [120_000], noRange: true }))
    expect(await isContent(file)).toBe(true)
  })

  it('of a process that died is taken over', async () => {
    const options = await serve()
    await mkdir(join(repoFolder(), 'blobs'), { recursive: true })
    const orphan = join(repoFolder(), 'blobs', `${hub.etag(path)}.partial`)
    await writeFile(orphan, content.subarray(0, 200_000))
    expect(await isContent(await download(entry, options))).toBe(true)
    expect(contentRequests().map((request) => request.range)).toEqual(['bytes=200000-'])
  })

  it('to the hub itself is an error that names the address', async () => {
    await expect(
      downloadFile(source, { ...settings({ HF_ENDPOINT: 'http://127.0.0.1:9' }), retries: 1 }),
    ).rejects.toThrow(/Cannot reach http:\/\/127\.0\.0\.1:9 \(.+\)\. .*HF_ENDPOINT/)
  })

  it('to the hub itself is given up soon, whatever the retries', async () => {
    const hosts: string[] = []
    const fetched = vi.spyOn(globalThis, 'fetch')
    const options = { retries: 50, retryDelayMs: 20, connectMs: 100, onConnect: (host: string) => hosts.push(host) }
    const started = performance.now()
    await expect(
      downloadFile(source, { ...settings({ HF_ENDPOINT: 'http://127.0.0.1:9' }), ...options }),
    ).rejects.toThrow('Cannot reach http://127.0.0.1:9')
    expect(performance.now() - started).toBeLessThan(2000)
    expect(fetched.mock.calls.length).toBeGreaterThan(1)
    expect(fetched.mock.calls.length).toBeLessThan(6)
    expect(hosts).toEqual(['127.0.0.1:9'])
    fetched.mockRestore()
  })

  it('to a hub that takes connections and never answers is given up as soon', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    try {
      await expect(
        downloadFile(source, { ...settings({ HF_ENDPOINT: address }), retries: 50, connectMs: 200 }),
      ).rejects.toThrow(`Nothing came from ${address} for 0.2 s. Check the connection`)
    } finally {
      silent.closeAllConnections()
      silent.close()
    }
  })

  it.each([
    [
      '20.20.0',
      { HTTPS_PROXY: 'http://proxy:3128' },
      /^HTTPS_PROXY is set, and Node 20\.20\.0 does not heed it: take Node 22/,
    ],
    [
      '20.20.0',
      { https_proxy: 'http://proxy:3128', NODE_USE_ENV_PROXY: '1' },
      /^https_proxy is set, and Node 20\.20\.0 does not/,
    ],
    ['22.21.0', { HTTPS_PROXY: 'http://proxy:3128' }, /only with NODE_USE_ENV_PROXY=1: set that as well/],
    [
      '24.0.0',
      { HTTPS_PROXY: 'http://proxy:3128', NODE_USE_ENV_PROXY: '1' },
      /through the proxy of HTTPS_PROXY: check it/,
    ],
    ['20.20.0', { HTTP_PROXY: 'http://proxy:3128' }, /^Check the connection, or set HF_ENDPOINT/],
  ])('to the hub, on Node %s with %j, says what a proxy has to do with it', (node, env, remedy) => {
    expect(unreachedRemedy(new URL('https://huggingface.co'), env, node)).toMatch(remedy)
  })

  it('a busy hub is asked again, for longer than one that is not there', async () => {
    const options = { ...(await serve({ statuses: [503, 429] })), connectMs: 500, retryDelayMs: 600 }
    expect(await isContent(await download(entry, options))).toBe(true)
  })
})

describe('a file that is not what was promised', () => {
  it.each([206, 203, 416])(
    'fails when the whole file comes with status %i and an ETag that is no sha256',
    async (status) => {
      const behaviour = {
        unaskedPart: [1000, status] as [number, number],
        etag: 'abcdef0123',
        size: content.length - 1000,
      }
      const options = { ...(await serve(behaviour)), retries: 1 }
      await expect(download(entry, options)).rejects.toThrow(
        `the server answers ${status} to a request for the whole file`,
      )
      expect(locate(entry, options.settings)).toBeUndefined()
    },
  )

  it('fails on a wrong hash and leaves nothing behind', async () => {
    const alter = (bytes: Buffer) => Buffer.from(bytes).fill(0, 1000, 1010)
    const options = await serve({ alter })
    await expect(download(entry, options)).rejects.toThrow(`arrived with another sha256 than ${hub.etag(path)}`)
    expect(await blobs()).toEqual([])
    expect(locate(entry, options.settings)).toBeUndefined()
  })

  it('is fetched anew when only the earlier part was wrong', async () => {
    const options = await serve()
    await mkdir(join(repoFolder(), 'blobs'), { recursive: true })
    await writeFile(join(repoFolder(), 'blobs', `${hub.etag(path)}.partial`), randomBytes(1000))
    expect(await isContent(await download(entry, options))).toBe(true)
    expect(contentRequests().map((request) => request.range)).toEqual(['bytes=1000-', undefined])
  })

  it.each([299_999, 300_001])('fails when the hub announced %i of 300000 bytes', async (size) => {
    await expect(download(entry, await serve({ size }))).rejects.toThrow(
      `the hub announced ${size} bytes, but 300000 come`,
    )
    expect(await blobs()).toEqual([])
  })

  it('is not begun when the disk is too small', async () => {
    await expect(download(entry, await serve({ size: 1e15 }))).rejects.toThrow(
      /needs 1000000\.0 GB more in .* HF_HUB_CACHE/,
    )
    expect(contentRequests()).toHaveLength(0)
  })

  it('does not lead out of the cache by its ETag', async () => {
    await expect(download(entry, await serve({ etag: '../../../escaped' }))).rejects.toThrow('not the protocol')
  })
})

describe('a redirect', () => {
  it.each([
    ['http://[::', 'to "http://[::", which is no web address'],
    ['https://', 'to "https://", which is no web address'],
    ['ftp://example.org/a', 'to "ftp://example.org/a", which is no address of the web'],
    ['file:///etc/passwd', 'to "file:///etc/passwd", which is no address of the web'],
    ['javascript:alert(1)', 'to "javascript:alert(1)", which is no address of the web'],
    ['data:,abc', 'to "data:,abc", which is no address of the web'],
    ['https://me:secret@example.org/a', 'to https://example.org, with a name and a password in the address'],
  ])('to %s ends at once, by name', async (location, message) => {
    const options = { ...(await serve({ location })), retries: 5, retryDelayMs: 10_000 }
    const host = new URL(hub.endpoint).host
    const what = 'microsoft/distilled_decoding/VAR-DD/var-d16.pth'
    await expect(download(entry, options)).rejects.toThrow(
      `${host} redirects ${what} ${message}. Check HF_ENDPOINT and the proxy in between.`,
    )
    expect(hub.seen.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
  })

  it('from an encrypted hub to an address that is not ends at once, by name', async () => {
    const answer = () => new Response(null, { status: 302, headers: { location: 'http://mirror.example/a' } })
    const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => answer())
    await expect(download(entry, settings({ HF_ENDPOINT: 'https://hub.example' }))).rejects.toThrow(
      /^hub\.example redirects .* to http:\/\/mirror\.example, which is not encrypted\./,
    )
    expect(fetched).toHaveBeenCalledTimes(1)
    fetched.mockRestore()
  })
})

describe.each(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS'])('a file system without links (%s)', (code) => {
  beforeEach(() => {
    vi.mocked(symlink).mockImplementation(async () => {
      throw Object.assign(new Error(`${code}: operation not supported, symlink`), { code, syscall: 'symlink' })
    })
  })
  afterEach(() => vi.mocked(symlink).mockReset())

  it('keeps one copy, which is not fetched again', async () => {
    const options = await serve()
    const file = await download(entry, options)
    expect((await lstat(file)).isFile()).toBe(true)
    expect(await isContent(file)).toBe(true)
    expect(await blobs()).toEqual([])
    expect(await download(entry, options)).toBe(file)
    expect(contentRequests()).toHaveLength(1)
  })

  it('copies a blob that others may link to', async () => {
    const options = await serve()
    await mkdir(join(repoFolder(), 'blobs'), { recursive: true })
    await writeFile(join(repoFolder(), 'blobs', hub.etag(path)), content)
    expect(await isContent(await download(entry, options))).toBe(true)
    expect(await blobs()).toEqual([hub.etag(path)])
  })
})

describe('a refusal', () => {
  it('without a token says to set one', async () => {
    await expect(download(entry, await serve({ token: 'secret' }))).rejects.toThrow(/answers 401 .* Set HF_TOKEN/)
    expect(hub.seen).toHaveLength(1)
  })

  it('of a token says to renew it', async () => {
    const options = await serve({ token: 'secret' }, { HF_TOKEN: 'expired' })
    await expect(download(entry, options)).rejects.toThrow(/answers 401 .* renew HF_TOKEN/)
  })

  it('of a gated repository says to accept its conditions', async () => {
    await expect(download(entry, await serve({ statuses: [403] }))).rejects.toThrow(/403 .* Accept the conditions/)
  })

  it('of an unknown file names the repository and the endpoint variable', async () => {
    await expect(download(entry, await serve({ files: {} }))).rejects.toThrow(
      /answers 404 for microsoft\/distilled_decoding\/VAR-DD\/var-d16\.pth: there is no such file\. Check HF_ENDPOINT/,
    )
  })
})

describe('the token', () => {
  it.each<[string, () => Promise<Record<string, string>>]>([
    ['from HF_TOKEN', async () => ({ HF_TOKEN: 'secret' })],
    [
      'from the token file',
      async () => {
        await writeFile(join(home, 'token'), 'secret\n')
        return {}
      },
    ],
  ])('%s opens the hub and is not sent where it redirects to', async (_, env) => {
    const options = await serve({ token: 'secret' }, await env())
    expect(await isContent(await download(entry, options))).toBe(true)
    const hubRequests = hub.seen.filter((request) => request.server === 'hub')
    expect(hubRequests.map((request) => request.authorization)).toEqual(['Bearer secret', 'Bearer secret'])
    expect(contentRequests().map((request) => request.authorization)).toEqual([undefined])
  })
})

describe('offline', () => {
  it('uses what is cached and contacts nobody', async () => {
    const online = await serve()
    const file = await download(entry, online)
    const requests = hub.seen.length
    expect(await download(entry, settings({ HF_HUB_OFFLINE: '1' }))).toBe(file)
    expect(hub.seen).toHaveLength(requests)
  })

  it('says so when the file is not cached', async () => {
    await serve()
    const offline = settings({ HF_HUB_OFFLINE: 'YES' })
    await expect(download(entry, offline)).rejects.toThrow(/is not in the cache .* Unset HF_HUB_OFFLINE/)
    expect(hub.seen).toHaveLength(0)
  })
})

describe('an aborted download', () => {
  it('throws the reason, leaves no file under the final name, and can be continued', async () => {
    const options = await serve({ stallsAt: 50_000 })
    const controller = new AbortController()
    const onProgress = ({ received }: DownloadProgress) => received > 0 && controller.abort(new Error('enough'))
    await expect(download(entry, { ...options, onProgress, signal: controller.signal })).rejects.toThrow('enough')
    expect(locate(entry, options.settings)).toBeUndefined()
    expect(await blobs()).toEqual([`${hub.etag(path)}.partial`])
    expect(await isContent(await download(entry, options))).toBe(true)
  })

  it('does not begin when the signal has already fired', async () => {
    const options = await serve()
    await expect(download(entry, { ...options, signal: AbortSignal.abort() })).rejects.toThrow(/abort/)
    expect(hub.seen).toHaveLength(0)
  })
})

it('several downloads of one file at once end with one good file', async () => {
  const options = await serve({ cuts: [1000, 50_000, 200_000] })
  const files = await Promise.all([1, 2, 3, 4].map(() => download(entry, options)))
  expect(new Set(files).size).toBe(1)
  expect(
    createHash('sha256')
      .update(await readFile(files[0]!))
      .digest('hex'),
  ).toBe(hub.etag(path))
  expect(await blobs()).toEqual([hub.etag(path)])
})

it('a cache that cannot be written to is an error that names the variable', async () => {
  const options = await serve()
  await writeFile(join(home, 'hub'), 'a file where a folder should be')
  await expect(download(entry, options)).rejects.toThrow(/Cannot keep VAR-DD\/var-d16\.pth .* HF_HUB_CACHE/)
  await expect(download(entry, options)).rejects.toBeInstanceOf(DownloadError)
})

describe('the cache', () => {
  const put = async (commit: string, bytes = 'x') => {
    const file = join(repoFolder(), 'snapshots', commit, source.file)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
    return file
  }

  it.each([
    [{ HF_HUB_CACHE: '/a', HF_HOME: '/b' }, '/a'],
    [{ HUGGINGFACE_HUB_CACHE: '/c', HF_HOME: '/b' }, '/c'],
    [{ HF_HOME: '/b' }, '/b/hub'],
    [{ XDG_CACHE_HOME: '/d' }, '/d/huggingface/hub'],
  ])('lies where %j says', (env, dir) => {
    expect(hubSettings(env).cacheDir).toBe(dir)
  })

  it('lies in the home folder when nothing is set', () => {
    expect(hubSettings({ HOME: '/x' }).cacheDir).toMatch(/[^~]+\.cache\/huggingface\/hub$/)
  })

  it('is searched at the head of main first, then in any other snapshot', async () => {
    const cached = settings().settings!
    expect(locateFile(source, cached)).toBeUndefined()
    const older = await put('a'.repeat(40))
    expect(locateFile(source, cached)).toBe(older)
    const newer = await put('b'.repeat(40))
    await mkdir(join(repoFolder(), 'refs'), { recursive: true })
    await writeFile(join(repoFolder(), 'refs', 'main'), 'b'.repeat(40))
    expect(locateFile(source, cached)).toBe(newer)
    await writeFile(join(repoFolder(), 'refs', 'main'), 'a'.repeat(40))
    expect(locateFile(source, cached)).toBe(older)
  })
})

it.each(['nonsense', 'ftp://hub', 'https://'])('an HF_ENDPOINT of %j is named, not used', (endpoint) => {
  expect(() => hubSettings({ HF_ENDPOINT: endpoint })).toThrow(/HF_ENDPOINT is ".*", which is no web address/)
})
