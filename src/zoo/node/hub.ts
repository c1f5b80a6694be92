// How the Hugging Face hub serves a file: HEAD /{repo}/resolve/{revision}/{file} tells commit, ETag and size in
// headers (X-Repo-Commit, X-Linked-Etag, X-Linked-Size) and redirects to where the bytes are. Redirects are followed by
// hand, so that the token stays with the host it belongs to. Protocol: huggingface_hub/file_download.py.

import { DownloadError } from '../../core/errors.ts'
import { quote } from '../../core/show.ts'

/** The hub's address, the token, and the folder of its files. */
export interface HubSettings {
  readonly endpoint: string
  readonly token?: string
  readonly offline: boolean
  readonly cacheDir: string
}

/** What the hub tells about a file before it is fetched. */
export interface FileMetadata {
  readonly commit: string
  /** Names the blob; for large files (LFS, Xet) it is the sha256 of the content. */
  readonly etag: string
  readonly size: number
}

/** The hub refuses the file or does not have it; asking again does not help. */
export class Unavailable extends DownloadError {}

/** The connection broke, stalled, or the server is overloaded: worth another try. */
export class BrokenConnection extends DownloadError {
  readonly retryAfterMs: number

  constructor(message: string, options: { remedy?: string; cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options)
    this.retryAfterMs = options.retryAfterMs ?? 0
  }
}

/** The server answered that it is overloaded: it is there. */
export class BusyServer extends BrokenConnection {}

const mostRedirects = 10

/** Commit, ETag and size of a file at the head of a repository's main branch. */
export async function fileMetadata(
  settings: HubSettings,
  repo: string,
  file: string,
  signal: AbortSignal,
): Promise<FileMetadata> {
  const isAnswer = (response: Response) => response.headers.has('x-linked-etag')
  const response = await request(settings, repo, file, 'main', { method: 'HEAD', signal, isAnswer })
  const { headers } = response
  const commit = headers.get('x-repo-commit') ?? ''
  const etag = (headers.get('x-linked-etag') ?? headers.get('etag') ?? '').replace(/^W\//, '').replaceAll('"', '')
  const size = Number(headers.get('x-linked-size') ?? headers.get('content-length') ?? Number.NaN)
  if (!/^[0-9a-f]{40}$/.test(commit) || !/^[\w-]{8,128}$/.test(etag) || !Number.isSafeInteger(size)) {
    throw new DownloadError(
      `${settings.endpoint} answered for ${repo}/${file} without a commit, an ETag and a size: this is not the protocol of the Hugging Face hub.`,
      { remedy: 'Check HF_ENDPOINT.' },
    )
  }
  return { commit, etag, size }
}

/** The bytes of a file from `offset` on; the answer's status tells whether the server honoured the offset. */
export function fileContent(
  settings: HubSettings,
  repo: string,
  file: string,
  commit: string,
  options: { offset: number; signal: AbortSignal },
): Promise<Response> {
  const { offset, signal } = options
  return request(settings, repo, file, commit, {
    method: 'GET',
    signal,
    range: offset ? `bytes=${offset}-` : undefined,
  })
}

interface Request {
  method: 'HEAD' | 'GET'
  signal: AbortSignal
  range?: string
  /** A redirect that already holds what was asked for. */
  isAnswer?: (response: Response) => boolean
}

async function request(
  settings: HubSettings,
  repo: string,
  file: string,
  revision: string,
  { method, signal, range, isAnswer }: Request,
): Promise<Response> {
  const path = [...repo.split('/'), 'resolve', revision, ...file.split('/')].map(encodeURIComponent).join('/')
  const start = new URL(`${settings.endpoint.replace(/\/+$/, '')}/${path}`)
  let url = start
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const headers = new Headers({ 'accept-encoding': 'identity', 'user-agent': 'distilled-decoding' })
    if (range) headers.set('range', range)
    if (settings.token && url.origin === start.origin) headers.set('authorization', `Bearer ${settings.token}`)
    const response = await fetchOnce(url, { method, headers, signal, redirect: 'manual' })
    if (isAnswer?.(response)) return response
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null
    if (location === null) {
      if (response.ok || response.status === 416) return response
      await response.body?.cancel()
      throw refusal(response, settings, repo, file, url)
    }
    await response.body?.cancel()
    url = redirected(location, url, start, `${repo}/${file}`)
  }
  throw new DownloadError(`${start.host} redirects ${repo}/${file} more than ${mostRedirects} times.`, {
    remedy: 'Check HF_ENDPOINT.',
  })
}

/** @throws DownloadError for an invalid address, or one with another protocol than the hub's */
function redirected(location: string, from: URL, start: URL, what: string): URL {
  const refused = (to: string, why: string) =>
    new DownloadError(`${from.host} redirects ${what} to ${to}, ${why}.`, {
      remedy: 'Check HF_ENDPOINT and the proxy in between.',
    })
  if (!URL.canParse(location, from)) throw refused(quote(location), 'which is no web address')
  const url = new URL(location, from)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw refused(quote(location), 'which is no address of the web')
  if (start.protocol === 'https:' && url.protocol !== 'https:') throw refused(url.origin, 'which is not encrypted')
  if (url.username || url.password) throw refused(url.origin, 'with a name and a password in the address')
  return url
}

async function fetchOnce(url: URL, init: RequestInit & { signal: AbortSignal }): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    if (init.signal.aborted) throw init.signal.reason
    throw new BrokenConnection(`Cannot reach ${url.origin} (${reasonOf(error)}).`, {
      remedy: unreachedRemedy(url),
      cause: error,
    })
  }
}

/**
 * What to do about a hub that does not answer: a proxy that is set and that Node passes over is told of first.
 * @example
 * unreachedRemedy(new URL('https://huggingface.co'), { HTTPS_PROXY: 'http://proxy:3128' }, '24.5.0')
 * // 'HTTPS_PROXY is set, and Node heeds it only with NODE_USE_ENV_PROXY=1: set that as well.'
 */
export function unreachedRemedy(
  { protocol }: URL,
  env: Readonly<Record<string, string | undefined>> = process.env,
  node = process.versions.node,
): string {
  const usual = 'Check the connection, or set HF_ENDPOINT to a hub you can reach.'
  const names = protocol === 'https:' ? ['HTTPS_PROXY', 'https_proxy'] : ['HTTP_PROXY', 'http_proxy']
  const set = names.find((name) => env[name])
  if (set === undefined) return usual
  const [major = 0, minor = 0] = node.split('.').map(Number)
  if (major < 22 || major === 23 || (major === 22 && minor < 21))
    return `${set} is set, and Node ${node} does not heed it: take Node 22.21, 24 or later with NODE_USE_ENV_PROXY=1, or copy the Hugging Face cache from a machine that reaches the hub.`
  if (env.NODE_USE_ENV_PROXY !== '1')
    return `${set} is set, and Node heeds it only with NODE_USE_ENV_PROXY=1: set that as well.`
  return `The way was through the proxy of ${set}: check it. ${usual}`
}

/** The innermost cause says more than "fetch failed". */
export function reasonOf(error: unknown): string {
  let inner = error
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause
  if (!(inner instanceof Error)) return String(inner)
  return inner.message || (inner as NodeJS.ErrnoException).code || inner.name
}

function refusal(response: Response, settings: HubSettings, repo: string, file: string, url: URL): DownloadError {
  const { status } = response
  const what = `${url.host} answers ${status} for ${repo}/${file}`
  if (status === 429 || status >= 500) {
    const seconds = Number(response.headers.get('retry-after') ?? 0)
    return new BusyServer(`${what}.`, {
      remedy: 'The server is busy or down; try again later.',
      retryAfterMs: Number.isFinite(seconds) ? Math.min(seconds, 60) * 1000 : 0,
    })
  }
  const remedy = remedies.get(status)
  return new Unavailable(`${what}: ${remedy?.meaning ?? response.statusText}.`, {
    remedy: remedy?.[settings.token ? 'withToken' : 'withoutToken'] ?? 'Check HF_ENDPOINT.',
  })
}

const tokenPage = 'https://huggingface.co/settings/tokens'
const remedies = new Map([
  [
    401,
    {
      meaning: 'the repository needs a login, or does not exist',
      withoutToken: `Set HF_TOKEN to an access token (${tokenPage}).`,
      withToken: `The access token was not accepted: renew HF_TOKEN (${tokenPage}), or unset it for public files.`,
    },
  ],
  [
    403,
    {
      meaning: 'access is not granted',
      withoutToken: "Accept the conditions on the repository's page, then set HF_TOKEN to an access token.",
      withToken: "Accept the conditions on the repository's page with the account the token belongs to.",
    },
  ],
  [
    404,
    {
      meaning: 'there is no such file',
      withoutToken: 'Check HF_ENDPOINT: the hub it names may lack this file.',
      withToken: 'Check HF_ENDPOINT: the hub it names may lack this file.',
    },
  ],
])
