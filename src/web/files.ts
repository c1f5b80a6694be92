// Files over HTTP: streamed with progress, and kept whole in the Cache API where there is one. A kept file is used when it has
// the known SHA-256, or while the server still names the same version (HEAD). When the server cannot be reached, the kept file
// is used unchecked, so that a page works offline.

import { checkContent, digest, explained, missing, type WebFile, webPage } from './files-check.ts'

export type { WebFile } from './files-check.ts'

export interface FindOptions {
  signal?: AbortSignal | undefined
  /** Keep it in the browser's cache, and take it from there; true by default. */
  cache?: boolean | undefined
}

export interface ReadOptions {
  /** Bytes so far; `total` is unknown while a server does not say it. */
  onProgress?(done: number, total: number | undefined): void
  onNote?(text: string): void
}

/** A file that exists, before any of it is loaded. */
export interface FoundFile {
  /** Unknown when the server does not say. */
  readonly bytes: number | undefined
  /** It is on this machine already. */
  readonly cached: boolean
  /** @throws DownloadError when it is not the expected file; the signal's reason when aborted */
  read(options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>>
}

const CACHE = 'distilled-decoding'
/** Headers of a kept file: how the server named this version, and the hash that was checked. */
const VERSION = 'x-distilled-version'
const SHA256 = 'x-distilled-sha256'

/**
 * Looks a file up in the cache and on the server.
 * @throws DownloadError that says what was expected where, and what to do; the signal's reason when aborted
 */
export async function findFile(file: WebFile, { signal, cache = true }: FindOptions = {}): Promise<FoundFile> {
  signal?.throwIfAborted()
  const store = cache ? await openStore() : undefined
  const kept = await lookUp(store, file, signal)
  if (kept?.current) {
    const bytes = Number(kept.response.headers.get('content-length'))
    const read = async ({ onProgress }: ReadOptions = {}) => {
      const content = new Uint8Array(await kept.response.arrayBuffer())
      signal?.throwIfAborted()
      onProgress?.(bytes, bytes)
      return content
    }
    return { bytes, cached: true, read }
  }
  const head = kept?.head ?? (file.bytes === undefined ? await ask(file, signal) : undefined)
  if (head && isGone(head)) throw missing(file, head.status)
  const bytes = file.bytes ?? (head?.ok ? lengthOf(head) : undefined)
  return { bytes, cached: false, read: (options = {}) => fetchFile(file, store, signal, options) }
}

/** Deletes every kept file of this origin; false when there was none. */
export async function clearCache(): Promise<boolean> {
  return globalThis.caches ? caches.delete(CACHE).catch(() => false) : false
}

/** Undefined where there is no Cache API: on insecure origins, or when the browser forbids it. */
async function openStore(): Promise<Cache | undefined> {
  return globalThis.caches?.open(CACHE).catch(() => undefined)
}

interface Kept {
  response: Response
  current: boolean
  /** The server's answer to the question for the file's version (HEAD). */
  head?: Response
}

async function lookUp(store: Cache | undefined, file: WebFile, signal?: AbortSignal): Promise<Kept | undefined> {
  const response = await store?.match(file.url)
  if (!response) return undefined
  if (file.sha256 !== undefined) return { response, current: response.headers.get(SHA256) === file.sha256 }
  const head = await ask(file, signal).catch(() => undefined)
  signal?.throwIfAborted()
  if (!head) return { response, current: true } // offline
  const version = head.ok ? versionOf(head) : undefined
  const current = !isGone(head) && (version === undefined || version === response.headers.get(VERSION))
  return { response, current, head }
}

const ask = (file: WebFile, signal?: AbortSignal) => request(file, { method: 'HEAD', ...(signal && { signal }) })

async function request(file: WebFile, init: RequestInit): Promise<Response> {
  return fetch(file.url, init).catch((cause) => {
    init.signal?.throwIfAborted()
    throw explained(file, 'cannot be reached', 'Check the address and the connection.', cause)
  })
}

const isGone = ({ status }: Response) => status === 404 || status === 410

/** The server's name for a version of a file; undefined when it gives none. */
function versionOf({ headers }: Response): string | undefined {
  const etag = headers.get('etag')
  if (etag) return etag.replace(/^W\//, '')
  const parts = [headers.get('last-modified'), headers.get('content-length')]
  return parts.some(Boolean) ? parts.join(' ') : undefined
}

/** Length of the body in bytes; unknown for a compressed answer. */
function lengthOf({ headers }: Response): number | undefined {
  const encoding = headers.get('content-encoding')
  const length = headers.get('content-length')
  return length === null || (encoding && encoding !== 'identity') ? undefined : Number(length)
}

async function fetchFile(
  file: WebFile,
  store: Cache | undefined,
  signal: AbortSignal | undefined,
  options: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await request(file, signal ? { signal } : {})
  const bytes = await bodyOf(file, response, signal, options.onProgress)
  const sha256 = file.sha256 === undefined ? undefined : await digest(bytes)
  checkContent(file, bytes, sha256)
  const version = versionOf(response)
  const headers = {
    'content-length': String(bytes.length),
    ...(version && { [VERSION]: version }),
    ...(sha256 && { [SHA256]: sha256 }),
  }
  await store?.put(file.url, new Response(bytes, { headers })).catch((error) => {
    options.onNote?.(`${file.what} could not be kept for the next time: ${(error as Error).message}`)
  })
  signal?.throwIfAborted()
  return bytes
}

async function bodyOf(
  file: WebFile,
  response: Response,
  signal: AbortSignal | undefined,
  onProgress: ReadOptions['onProgress'],
): Promise<Uint8Array<ArrayBuffer>> {
  const { body, headers } = response
  const isPage = /^text\/html\b/i.test(headers.get('content-type') ?? '')
  if (!response.ok || !body || isPage) {
    await body?.cancel()
    throw response.ok && isPage ? webPage(file) : missing(file, response.status)
  }
  const length = lengthOf(response)
  const total = file.bytes ?? length
  const chunks: Uint8Array[] = []
  let done = 0
  try {
    const reader = body.getReader()
    onProgress?.(0, total)
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      chunks.push(next.value)
      done += next.value.length
      onProgress?.(done, total)
    }
  } catch (cause) {
    signal?.throwIfAborted()
    throw explained(file, `broke off after ${done}${total ? ` of ${total}` : ''} bytes`, 'Try again.', cause)
  }
  signal?.throwIfAborted()
  if (length !== undefined && done !== length)
    throw explained(file, `ended after ${done} of ${length} bytes`, 'Try again.')
  return joined(chunks, done)
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
