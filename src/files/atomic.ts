// A file is written whole or not at all: bytes go to a temporary file in the same folder, are flushed to the disk, and then the
// file is renamed. If this fails, the temporary file is removed and an older file of that name stays. A temporary name contains
// its owner, so that the next process removes exactly those that a killed process left.
import { existsSync } from 'node:fs'
import { copyFile, type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UsageError } from '../core/errors.ts'
import { isAbandoned, ownTag, tagPattern } from './owner.ts'
import { writeError } from './write-error.ts'

/**
 * Writes `bytes` as the file `path`, replacing what is there.
 * @throws UsageError or FileError that says why it cannot be written (`writeError`), the signal's reason when it is aborted
 * @example
 * await writeAtomically('samples/000000.png', await image.encode('png'))
 */
export const writeAtomically = (path: string, bytes: Uint8Array, options?: WriteOptions): Promise<void> =>
  writeStream(path, [bytes], options)

export interface WriteOptions {
  signal?: AbortSignal | undefined
  /** Waits until the file's new name is on the disk, too, so that a power cut does not bring back the old file. */
  durable?: boolean | undefined
}

/** Pieces are gathered up to this before they are written: headers and labels come in a few bytes each. */
const gathered = 2 ** 20

/**
 * Writes pieces as the file `path`, replacing what is there; piece n is written before piece n + 2 is requested.
 * @throws as `writeAtomically`, and what the pieces throw
 * @example
 * await writeStream('hello.txt', [new TextEncoder().encode('hello')])
 */
export async function writeStream(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { signal, durable = false }: WriteOptions = {},
): Promise<void> {
  signal?.throwIfAborted()
  await requireFile(path)
  await sweepOnce(dirname(path))
  const temporary = temporaryOf(path)
  let written = 0
  const explained = <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause) => {
      throw writeError(path, cause, written)
    })
  const file = await explained(open(temporary, 'wx'))
  try {
    try {
      const put = (bytes: Uint8Array) => {
        written += bytes.length
        return explained(file.writeFile(bytes))
      }
      let waiting: Uint8Array[] = []
      let size = 0
      const flush = async () => {
        const bytes = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting)
        waiting = []
        size = 0
        await put(bytes)
      }
      for await (const piece of pieces) {
        signal?.throwIfAborted()
        if (size + piece.length > gathered && size > 0) await flush()
        waiting.push(piece)
        size += piece.length
      }
      if (size > 0) await flush()
      await explained(file.sync())
    } finally {
      await file.close()
    }
    signal?.throwIfAborted()
    await explained(rename(temporary, path))
  } catch (error) {
    await rm(temporary, { force: true })
    signal?.throwIfAborted()
    throw error
  }
  if (durable) await syncFolder(dirname(path))
}

/** Checked before gigabytes are written: the name is valid, and it is not that of a folder, device or pipe. */
async function requireFile(path: string): Promise<void> {
  const there = await stat(path).catch((cause) => {
    if (cause.code === 'ENOENT') return undefined
    throw writeError(path, cause)
  })
  if (!there || there.isFile()) return
  if (there.isDirectory()) throw writeError(path, Object.assign(new Error(), { code: 'EISDIR' }))
  throw new UsageError(`Cannot write ${path}: it is a device, a pipe or a socket.`, { remedy: 'Name a file.' })
}

/**
 * Copies a file whole or not at all, replacing what is there.
 * @throws as `writeAtomically`
 */
export async function copyAtomically(from: string, to: string): Promise<void> {
  const { size } = await stat(from)
  await sweepOnce(dirname(to))
  const temporary = temporaryOf(to)
  try {
    await copyFile(from, temporary)
    await rename(temporary, to)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw writeError(to, cause, size)
  }
}

/**
 * Makes a folder and its missing parents; it is not an error when the folder exists.
 * @returns the outermost folder that was made, if any was
 * @throws UsageError or FileError that says why it cannot be made
 */
export async function makeFolder(folder: string): Promise<string | undefined> {
  return mkdir(folder, { recursive: true }).catch(async (cause) => {
    throw writeError(folder, await reasonOf(folder, cause), undefined, folder)
  })
}

/** Node reports ENOENT when a parent folder cannot be made, for any reason; making that folder alone gives the reason. */
async function reasonOf(folder: string, cause: NodeJS.ErrnoException): Promise<NodeJS.ErrnoException> {
  if (cause.code === 'EEXIST') return Object.assign(cause, { code: 'ENOTDIR' }) // a file has the name
  if (cause.code !== 'ENOENT') return cause
  let outermost = resolve(folder)
  while (!existsSync(dirname(outermost))) outermost = dirname(outermost)
  return mkdir(outermost).then(
    () => cause,
    (real) => real,
  )
}

/** A name takes 255 bytes on most file systems; the temporary one must fit where the final one does. */
const longestStem = 120

/** The temporary name of a file while it is written: it ends with the owner and `.tmp`. */
export const temporaryOf = (path: string): string =>
  join(
    dirname(path),
    `.${basename(path)
      .replace(/[^\w.-]/g, '_')
      .slice(0, longestStem)}.${ownTag()}.tmp`,
  )

const temporaryName = new RegExp(`^\\..+\\.(${tagPattern})\\.tmp$`)

const swept = new Set<string>()

/** Each process cleans a folder that it writes to once. */
async function sweepOnce(folder: string): Promise<void> {
  const place = resolve(folder)
  if (swept.has(place)) return
  swept.add(place)
  await sweep(place)
}

/** Names of the temporary files and folders that dead processes left in a folder. */
export async function abandoned(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const name of await readdir(folder).catch(() => [])) {
    const tag = temporaryName.exec(name)?.[1]
    if (tag === undefined) continue
    const there = await stat(join(folder, name)).catch(() => undefined)
    if (there && isAbandoned(tag, there.mtimeMs)) found.push(name)
  }
  return found
}

/**
 * Removes the temporary files and folders that dead processes left in a folder, and nothing else.
 * @returns their names
 */
export async function sweep(folder: string): Promise<string[]> {
  const names = await abandoned(folder)
  for (const name of names) await rm(join(folder, name), { force: true, recursive: true }).catch(() => {}) // a leftover does no harm
  return names
}

/** Makes a rename survive a power cut; some file systems, and Windows, cannot flush a folder. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(folder, 'r')
    await handle.sync()
  } catch {
    // the file itself is on the disk
  } finally {
    await handle?.close()
  }
}
