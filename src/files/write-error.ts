// What the operating system's error codes mean for a person who wanted a file written: which file, why not, how much room
// is missing, what to do. Codes: POSIX errno(3) as Node passes them on.
import { statfsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { DistilledError, FileError, UsageError } from '../core/errors.ts'
import { byteSize } from '../core/format.ts'

/** What is known of a file that could not be written. */
interface Attempt {
  path: string
  /** The folder it goes to. */
  folder: string
  /** Bytes of the file, or those that were there before the error, where that is known. */
  bytes: number | undefined
}

interface Explanation {
  why(attempt: Attempt): string
  remedy: string
  kind: typeof UsageError | typeof FileError
}

const usage = (why: Explanation['why'], remedy: string): Explanation => ({ why, remedy, kind: UsageError })
const failure = (why: Explanation['why'], remedy: string): Explanation => ({ why, remedy, kind: FileError })

const notAllowed = failure(
  ({ folder }) => `this user may not write to ${folder}`,
  'Change the permissions of that folder and of the file, or name another folder.',
)
const tooManyOpen = failure(
  () => 'too many files are open',
  'Raise the limit (ulimit -n), or end programs that hold many files.',
)
const elsewhere = 'Name another folder.'

const explanations: ReadonlyMap<string, Explanation> = new Map([
  ['ENOENT', usage(({ folder }) => `there is no folder ${folder}`, 'Create it first.')],
  ['ENOTDIR', usage(({ folder }) => `${folder} is or leads through a file`, 'Name a folder.')],
  ['EEXIST', usage(() => 'there is a file of that name already', 'Name another.')],
  ['EISDIR', usage(() => 'it is a folder', 'Name a file in it.')],
  ['ENOTEMPTY', usage(() => 'it is a folder that is not empty', 'Name another.')],
  [
    'ENAMETOOLONG',
    failure(
      ({ path }) => `its name is too long (${Buffer.byteLength(basename(path))} bytes in a path of ${path.length})`,
      'Most file systems take 255 bytes for a name and 4,096 for a path.',
    ),
  ],
  ['ELOOP', usage(({ folder }) => `links in ${folder} lead in a circle`, elsewhere)],
  ['EACCES', notAllowed],
  ['EPERM', notAllowed],
  ['EROFS', failure(({ folder }) => `the file system of ${folder} is read-only`, elsewhere)],
  [
    'ENOSPC',
    failure(
      ({ folder, bytes }) => `the disk of ${folder} is full: ${room(folder, bytes)}`,
      'Make room there, or name a folder on another disk, and run the command again.',
    ),
  ],
  [
    'EDQUOT',
    failure(
      ({ folder, bytes }) => `your quota on the disk of ${folder} is used up${takes(bytes)}`,
      'Delete files of yours there (the command quota shows the limit), or name a folder on another disk.',
    ),
  ],
  [
    'EFBIG',
    failure(
      ({ folder, bytes }) =>
        `it is larger than the file system of ${folder}, or the limit of this process (ulimit -f), allows${takes(bytes)}`,
      'Raise the limit, or name a folder on another disk.',
    ),
  ],
  ['EIO', failure(({ folder }) => `the disk of ${folder} reports an error of its own`, 'Check the disk.')],
  ['EMFILE', tooManyOpen],
  ['ENFILE', tooManyOpen],
  ['EBUSY', failure(() => 'another program keeps it busy', 'End that program, or name another file.')],
])

const takes = (bytes: number | undefined): string => (bytes ? `; the file takes ${byteSize(bytes)} or more` : '')

/** How much is needed and how much is there; a disk may also be out of entries for files. */
function room(folder: string, bytes: number | undefined): string {
  const free = freeOf(folder)
  if (!free) return bytes ? `the file takes ${byteSize(bytes)} or more` : 'there is no room for another file'
  if (free.files === 0) return `it has no entry left for another file (${byteSize(free.bytes)} are free)`
  if (!bytes) return `${byteSize(free.bytes)} are free`
  const missing = bytes - free.bytes
  return `the file takes ${byteSize(bytes)} or more, ${byteSize(free.bytes)} are free${missing > 0 ? `, ${byteSize(missing)} are missing` : ''}`
}

/** Free bytes and entries for this user; some file systems have no fixed number of entries. */
function freeOf(folder: string): { bytes: number; files: number | undefined } | undefined {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(folder)
    return { bytes: bavail * bsize, files: files > 0 ? ffree : undefined }
  } catch {
    return undefined
  }
}

/**
 * The error to throw when `path` could not be written.
 * @param bytes of the file, as far as they are known
 * @param folder when it is a folder that could not be made
 * @returns a UsageError when another name helps, a FileError when the disk or its permissions are the reason, and `cause`
 * itself when it is not an error of the operating system
 * @example
 * const error = writeError('samples/0.png', Object.assign(new Error('write'), { code: 'EROFS' }))
 * error.message // 'Cannot write samples/0.png: the file system of samples is read-only. Name another folder.'
 */
export function writeError(path: string, cause: unknown, bytes?: number, folder?: string): Error {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  if (cause instanceof DistilledError || code === undefined) return cause as Error
  const { kind, remedy } = explanations.get(code) ?? { kind: FileError }
  const why = writeReason(folder ?? path, cause, bytes, folder)
  return new kind(`Cannot write ${folder ?? path}: ${why}.`, { cause, ...(remedy && { remedy }) })
}

/** Why `path` could not be written, as a part of a sentence. */
export function writeReason(path: string, cause: unknown, bytes?: number, folder = dirname(path)): string {
  const { code, message } = cause as NodeJS.ErrnoException
  return explanations.get(code ?? '')?.why({ path, folder, bytes }) ?? message
}
