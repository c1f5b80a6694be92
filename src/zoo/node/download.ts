// Downloads a model into the Hugging Face cache: asks the hub for commit, ETag and size, continues an earlier attempt
// with a Range request, survives broken connections, and gives the file its final name only after its size and (for
// large files, whose ETag is the sha256) its hash are right. No host is contacted but the hub and where it redirects to.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DownloadError } from '../../core/errors.ts'
import { writeReason } from '../../files/write-error.ts'
import type { HubFile, ModelEntry } from '../model-entry.ts'
import { claimPartial, hubSettings, linkSnapshot, locate, locateFile, releasePartial, repoDir } from './cache.ts'
import {
  BrokenConnection,
  BusyServer,
  type FileMetadata,
  fileContent,
  fileMetadata,
  type HubSettings,
  reasonOf,
  Unavailable,
  unreachedRemedy,
} from './hub.ts'

/** Bytes on disk so far and in all; `received` never falls, even when a download has to start over. */
export interface DownloadProgress {
  readonly file: string
  readonly received: number
  readonly total: number
}

export interface DownloadOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: DownloadProgress) => void
  readonly settings?: HubSettings
  /** Consecutive attempts without new bytes before giving up. */
  readonly retries?: number
  /** Pause before the first new attempt, in milliseconds; doubles with each. */
  readonly retryDelayMs?: number
  /** A connection without new bytes for this time counts as broken, in milliseconds. */
  readonly stallMs?: number
  /** How long a hub that has not answered yet is tried, in milliseconds (default: 10,000). */
  readonly connectMs?: number
  /** Before the first request to the hub. */
  readonly onConnect?: (host: string) => void
}

/**
 * Fetches a model's file unless it is there already, and returns its path. An interrupted download is continued by the
 * next one.
 *
 * @throws DownloadError when the hub refuses, cannot be reached, or sends something else than it announced; the signal's
 * reason when aborted.
 * @example
 * const path = await download(findModel('sprites-var-dd'), { onProgress: ({ received, total }) => console.log(received / total) })
 */
export async function download(entry: ModelEntry, options: DownloadOptions = {}): Promise<string> {
  if (!('package' in entry.source)) return downloadFile(entry.source, options)
  const path = locate(entry, options.settings)
  if (path === undefined) {
    throw new DownloadError(`${entry.name} should have come with this package as ${entry.source.package}.`, {
      remedy: 'Install the package again.',
    })
  }
  return path
}

/** Fetches one file of the hub unless it is in the cache already; see `download`. */
export async function downloadFile(source: HubFile, options: DownloadOptions = {}): Promise<string> {
  const settings = options.settings ?? hubSettings()
  const cached = locateFile(source, settings)
  if (cached !== undefined) return cached
  if (settings.offline) {
    throw new DownloadError(
      `${source.file} is not in the cache (${settings.cacheDir}), and HF_HUB_OFFLINE forbids to fetch it.`,
      {
        remedy: 'Unset HF_HUB_OFFLINE, or copy the cache from a machine that has the file.',
      },
    )
  }
  let refusal: Unavailable | undefined
  for (const repo of [source.repo, ...(source.mirrors ?? [])]) {
    try {
      return await transfer({ repo, file: source.file, settings, options })
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      refusal ??= error
    }
  }
  throw refusal
}

interface Job {
  readonly repo: string
  readonly file: string
  readonly settings: HubSettings
  readonly options: DownloadOptions
}

/** The file differs from what the hub announced; it is not kept for the next attempt. */
class Corrupt extends DownloadError {}

async function transfer(job: Job): Promise<string> {
  const dir = repoDir(job.settings, job.repo)
  const metadata = await firstAnswer(job)
  const blob = join(dir, 'blobs', metadata.etag)
  try {
    const there = await stat(blob).catch(() => undefined)
    const isNew = there?.size !== metadata.size
    if (isNew) {
      const partial = await claimPartial(dir, metadata.etag)
      await fill(job, partial, metadata).catch(async (error) => {
        if (error instanceof Corrupt) await rm(partial, { force: true })
        else await releasePartial(partial, dir, metadata.etag)
        throw error
      })
      await rename(partial, blob)
    }
    return await linkSnapshot(dir, job.file, metadata, isNew)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw new DownloadError(`Cannot keep ${job.file} in ${dir}: ${writeReason(blob, error, metadata.size)}.`, {
      remedy: 'Set HF_HUB_CACHE to a folder with enough room that you may write to.',
      cause: error,
    })
  }
}

/** What the hub says of the file. A hub that cannot be reached at all is given up soon; one that answers is asked again. */
async function firstAnswer({ settings, repo, file, options }: Job): Promise<FileMetadata> {
  const { connectMs = 10_000, stallMs = 60_000 } = options
  const hub = new URL(settings.endpoint)
  const started = performance.now()
  const ask = (signal: AbortSignal) => fileMetadata(settings, repo, file, signal)
  options.onConnect?.(hub.host)
  return retrying(
    options,
    () => watched({ ...options, stallMs: Math.min(stallMs, connectMs) }, ask, hub),
    async () => false,
    (error, pause) => !(error instanceof BusyServer) && performance.now() + pause > started + connectMs,
  )
}

/** Brings the partial file to its full size and checks it; a continued file with a wrong hash is fetched once more. */
async function fill(job: Job, partial: string, metadata: FileMetadata): Promise<void> {
  let highest = 0
  const report = (received: number) => {
    highest = Math.max(highest, received)
    job.options.onProgress?.({ file: job.file, received: highest, total: metadata.size })
  }
  const handle = await open(partial, 'a')
  try {
    const earlier = (await handle.stat()).size
    await checkSpace(job, partial, metadata.size - earlier)
    for (let attempts = earlier > 0 ? 2 : 1; attempts > 0; attempts--) {
      await receive(job, handle, metadata, report)
      await handle.sync()
      if (await hasHash(partial, metadata.etag, job.options.signal)) return
      await handle.truncate(0)
    }
  } finally {
    await handle.close()
  }
  throw new Corrupt(`${job.file} arrived with another sha256 than ${metadata.etag}, which the hub announced.`, {
    remedy: 'Try again; if it stays so, something between here and the hub alters the file.',
  })
}

async function receive(
  job: Job,
  handle: FileHandle,
  metadata: FileMetadata,
  report: (n: number) => void,
): Promise<void> {
  let before = (await handle.stat()).size
  const attempt = () =>
    watched(job.options, (signal, alive) => receiveOnce(job, handle, metadata, report, signal, alive))
  await retrying(job.options, attempt, async () => {
    const now = (await handle.stat()).size
    const progressed = now > before
    before = now
    return progressed
  })
}

async function receiveOnce(
  job: Job,
  handle: FileHandle,
  { commit, size }: FileMetadata,
  report: (received: number) => void,
  signal: AbortSignal,
  alive: () => void,
): Promise<void> {
  let received = (await handle.stat()).size
  report(received)
  if (received === size) return
  const response = await fileContent(job.settings, job.repo, job.file, commit, { offset: received, signal })
  if (received === 0 || !continues(response, received)) {
    await handle.truncate(0)
    if (response.status !== 200) {
      await response.body?.cancel()
      const wanted = received === 0 ? 'the whole file' : `the bytes from ${received} on`
      throw new BrokenConnection(`${job.file}: the server answers ${response.status} to a request for ${wanted}.`)
    }
    received = 0
  }
  const announced = received + Number(response.headers.get('content-length') ?? size - received)
  if (announced !== size) throw wrongSize(job, size, announced)
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      alive()
      received += chunk.byteLength
      if (received > size) throw wrongSize(job, size, received)
      await handle.writeFile(chunk)
      report(received)
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof DownloadError || (error as NodeJS.ErrnoException).syscall === 'write') throw error
    throw interrupted(job, received, size, error)
  }
  if (received < size) throw interrupted(job, received, size)
}

const continues = (response: Response, offset: number): boolean =>
  response.status === 206 && (response.headers.get('content-range') ?? '').startsWith(`bytes ${offset}-`)

const wrongSize = (job: Job, expected: number, announced: number): Corrupt =>
  new Corrupt(`${job.file}: the hub announced ${expected} bytes, but ${announced} come.`, {
    remedy: 'Try again; if it stays so, something between here and the hub alters the file.',
  })

const interrupted = (job: Job, received: number, size: number, cause?: unknown): BrokenConnection =>
  new BrokenConnection(
    `${job.file}: the connection broke after ${received} of ${size} bytes${cause ? ` (${reasonOf(cause)})` : ''}.`,
    { remedy: 'Run the same command again; it continues where it stopped.', cause },
  )

/** Repeats after interruptions, with growing pauses; an attempt that brought something new resets the count. */
async function retrying<T>(
  { signal, retries = 5, retryDelayMs = 1000 }: DownloadOptions,
  attempt: () => Promise<T>,
  progressed: () => Promise<boolean> = async () => false,
  isTooLate: (error: BrokenConnection, pause: number) => boolean = () => false,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      signal?.throwIfAborted()
      return await attempt()
    } catch (error) {
      if (!(error instanceof BrokenConnection)) throw error
      if (await progressed()) failures = 1
      if (failures > retries) throw error
      const pause = Math.max(error.retryAfterMs, retryDelayMs * 2 ** (failures - 1))
      if (isTooLate(error, pause)) throw error
      await sleep(pause, undefined, { signal }).catch(() => signal?.throwIfAborted())
    }
  }
}

/** Runs with a signal that also fires when `alive` has not been called for a while. */
async function watched<T>(
  { signal, stallMs = 60_000 }: DownloadOptions,
  run: (signal: AbortSignal, alive: () => void) => Promise<T>,
  from?: URL,
): Promise<T> {
  const stall = new AbortController()
  const silence = () =>
    new BrokenConnection(`Nothing came${from ? ` from ${from.origin}` : ''} for ${stallMs / 1000} s.`, {
      ...(from && { remedy: unreachedRemedy(from) }),
    })
  const timer = setTimeout(() => stall.abort(silence()), stallMs)
  try {
    return await run(AbortSignal.any(signal ? [signal, stall.signal] : [stall.signal]), () => timer.refresh())
  } finally {
    clearTimeout(timer)
  }
}

async function hasHash(path: string, etag: string, signal: AbortSignal | undefined): Promise<boolean> {
  if (!/^[0-9a-f]{64}$/.test(etag)) return true
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) {
    signal?.throwIfAborted()
    hash.update(chunk)
  }
  return hash.digest('hex') === etag
}

async function checkSpace(job: Job, partial: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(partial)
  if (bavail * bsize >= needed) return
  const gigabytes = (n: number) => `${(n / 1e9).toFixed(1)} GB`
  throw new DownloadError(
    `${job.file} needs ${gigabytes(needed)} more in ${job.settings.cacheDir}, where ${gigabytes(bavail * bsize)} are free.`,
    { remedy: 'Make room, or set HF_HUB_CACHE to a folder on another disk.' },
  )
}
