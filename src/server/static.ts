// The files of a web app in a list: an address is looked up in the list and is never used as a path. The list is made again when a
// folder has been replaced, as a build does. Files whose name holds a hash of their content never change and are kept; all
// others are asked for anew, and answered with 304 while they are the same.
import { existsSync } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { pageHeaders } from '../http/guard.ts'
import { ApiError } from './errors.ts'
import { filePiece, filesReadTogether } from './settings.ts'

/** A folder under an address. */
export interface Mount {
  /** With a slash at both ends: '/' or '/models/'. */
  readonly at: string
  readonly folder: string
  /** Which files, by their path in the folder with forward slashes; all when left out. */
  readonly pick?: ((name: string) => boolean) | undefined
  /** Whether a file's name changes with its content. */
  readonly hashed?: ((name: string) => boolean) | undefined
  /** The file at the address of its folder: index.html by default. */
  readonly index?: string
  /** Its pages run nothing but their script: no WebAssembly, no worker, no image made in the page. */
  readonly strict?: true
}

export interface StaticFile {
  readonly path: string
  readonly type: string
  readonly hashed: boolean
  readonly headers: Readonly<Record<string, string>>
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
}

export interface StaticFiles {
  get(address: string): StaticFile | undefined
  /** Looks whether the folders are still those that were listed. */
  refresh(): Promise<void>
}

/** The files of mounts by their addresses. */
export async function openStatic(mounts: readonly Mount[]): Promise<StaticFiles> {
  const state = async () => {
    const folders = await Promise.all(mounts.map(({ folder }) => stat(folder).catch(() => undefined)))
    return folders.map((folder) => `${folder?.ino} ${folder?.mtimeMs}`).join()
  }
  let listed = await state()
  let files = await list(mounts)
  return {
    get: (address) => files.get(address),
    async refresh() {
      const now = mounts.length ? await state() : listed
      if (now === listed) return
      files = await list(mounts.filter(({ folder }) => existsSync(folder)))
      listed = now
    },
  }
}

/** The files below the mounts (no links) by their address; the index is its folder's, too. */
async function list(mounts: readonly Mount[]): Promise<ReadonlyMap<string, StaticFile>> {
  const files = new Map<string, StaticFile>()
  for (const { at, folder, pick, hashed, index = 'index.html', strict } of mounts) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const name = relative(folder, path).split(sep).join('/')
      if (pick?.(name) === false) continue
      const address = at + name.split('/').map(encodeURIComponent).join('/')
      const type = types[extname(path)] ?? 'application/octet-stream'
      const headers = strict ? {} : pageHeaders(type.startsWith('text/html'))
      const file = { path, type, headers, hashed: hashed?.(name) ?? false }
      files.set(address, file)
      if (entry.name === index) files.set(address.slice(0, -entry.name.length), file)
    }
  }
  return files
}

/**
 * The answer that is a file, or that the asker has it already.
 * @param asked the method, and its If-None-Match
 * @throws ApiError 404 when it has gone since it was listed
 */
export async function serveFile(
  { path, type, hashed, headers: own }: StaticFile,
  { method, known }: { method: string; known?: string | undefined },
): Promise<Response> {
  const handle = await open(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause
    throw new ApiError(404, 'There is no such file any more.', { code: 'not_found', cause })
  })
  let given = false
  try {
    const { size, mtimeMs } = await handle.stat()
    const tag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`
    const headers = {
      ...own,
      'Content-Type': type,
      ETag: tag,
      'Cache-Control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    }
    if (known?.split(',').some((one) => one.trim().replace(/^W\//, '') === tag))
      return new Response(null, { status: 304, headers })
    const whole = { headers: { ...headers, 'Content-Length': String(size) } }
    if (method === 'HEAD' || size === 0) return new Response(null, whole)
    given = true // the stream closes the file
    return new Response(piecesOf(handle, size), whole)
  } finally {
    if (!given) await handle.close()
  }
}

/** A file, read as its client takes it, in turn with all other files. */
function piecesOf(handle: FileHandle, size: number): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream(
    {
      async pull(controller) {
        const { bytesRead, buffer } = await inTurn(() => {
          const length = Math.min(filePiece, size - at)
          return handle.read(new Uint8Array(length), 0, length, at)
        })
        at += bytesRead
        if (bytesRead) controller.enqueue(buffer.subarray(0, bytesRead))
        if (bytesRead && at < size) return
        await handle.close()
        if (at < size) controller.error(new Error('The file has become shorter while it was sent.'))
        else controller.close()
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  )
}

let reading = 0
const waiting: (() => void)[] = []

/** Runs at most so many readings at a time, in the order in which they came. */
async function inTurn<T>(read: () => Promise<T>): Promise<T> {
  if (reading >= filesReadTogether) await new Promise<void>((resolve) => waiting.push(resolve))
  else reading++
  try {
    return await read()
  } finally {
    const next = waiting.shift()
    if (next) setImmediate(next)
    else reading--
  }
}
