// Byte sources without Node: a buffer, a Blob or File of the browser, a file behind an HTTP server that knows ranges.
// The local file of Node is in node-source.ts. Readers see only the ByteSource interface.
import { DownloadError } from '../core/errors.ts'
import { fileErrors } from './file-error.ts'
import type { ByteSource } from './types.ts'

/** Throws the CheckpointError of a read past the end; every source calls it first. */
export function checkRange(source: { name: string; size: number }, offset: number, length: number): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0) {
    if (offset + length <= source.size) return
  }
  throw fileErrors(source.name)(
    `byte ${offset}`,
    `${length} bytes`,
    `only ${Math.max(0, source.size - offset)} of a file of ${source.size} bytes`,
    'The file is cut off or its directory lies: fetch it again.',
  )
}

/**
 * Bytes in memory; reads are copies.
 * @throws CheckpointError from `read` when the range leaves the buffer
 * @example
 * const source = bufferSource('tiny.safetensors', bytes)
 */
export function bufferSource(name: string, bytes: Uint8Array): ByteSource {
  const size = bytes.byteLength
  return {
    name,
    size,
    async read(offset, length) {
      checkRange({ name, size }, offset, length)
      return new Uint8Array(bytes.subarray(offset, offset + length))
    },
    async close() {},
  }
}

/**
 * A Blob, or a File the user picked in a browser.
 * @example
 * const checkpoint = await openCheckpoint(blobSource(fileInput.files[0]))
 */
export function blobSource(blob: Blob, name = 'name' in blob ? String(blob.name) : 'blob'): ByteSource {
  return {
    name,
    size: blob.size,
    async read(offset, length) {
      checkRange({ name, size: blob.size }, offset, length)
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
    },
    async close() {},
  }
}

/**
 * A file behind HTTP, read by `Range` requests; the server has to support them and the file must not change meanwhile.
 * @throws DownloadError when the server fails, ignores ranges, or serves another version than at first
 * @example
 * const source = await httpSource('https://example.org/var-d16.pth')
 */
export async function httpSource(
  url: string,
  options: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<ByteSource> {
  const name = new URL(url).pathname.split('/').at(-1) || url
  const first = await requestRange(url, 0, 1, options)
  const { size, etag } = first
  return {
    name,
    size,
    remote: true,
    async read(offset, length) {
      checkRange({ name, size }, offset, length)
      if (length === 0) return new Uint8Array(0)
      const answer = await requestRange(url, offset, length, options)
      if (answer.size !== size || answer.etag !== etag) {
        throw new DownloadError(`${url} changed while it was read.`, { remedy: 'Open it again.' })
      }
      return answer.bytes
    },
    async close() {},
  }
}

async function requestRange(
  url: string,
  offset: number,
  length: number,
  { headers, signal }: { headers?: Record<string, string>; signal?: AbortSignal },
): Promise<{ bytes: Uint8Array<ArrayBuffer>; size: number; etag: string | null }> {
  const range = `bytes=${offset}-${offset + length - 1}`
  let response: Response
  try {
    response = await fetch(url, { headers: { ...headers, range }, ...(signal && { signal }) })
  } catch (cause) {
    if (signal?.aborted) throw cause
    throw new DownloadError(`${url} cannot be reached.`, { cause, remedy: 'Check the address and the connection.' })
  }
  const contentRange = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('content-range') ?? '')
  if (response.status !== 206 || !contentRange || Number(contentRange[1]) !== offset) {
    await response.body?.cancel()
    throw new DownloadError(`${url} answered ${response.status} to a request for ${range}, expected 206.`, {
      remedy: 'Use a server that supports range requests, or download the file first.',
    })
  }
  const bytes = await exactly(response, length, url)
  return { bytes, size: Number(contentRange[3]), etag: response.headers.get('etag') }
}

async function exactly(response: Response, length: number, url: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  let filled = 0
  for await (const chunk of streamOf(response.body!)) {
    if (filled + chunk.byteLength > length) break
    bytes.set(chunk, filled)
    filled += chunk.byteLength
  }
  if (filled === length) return bytes
  throw new DownloadError(`${url} sent ${filled} of ${length} bytes of a range.`, { remedy: 'Try again.' })
}

/** The chunks of a web stream; not every browser can iterate one itself. Leaving the loop early cancels the stream. */
export async function* streamOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    await reader.cancel().catch(() => {})
  }
}
