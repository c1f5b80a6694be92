// Reads whole files. Anything but a regular file is refused before it is read: a FIFO would block, a device has no end.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { FileError } from '../core/errors.ts'
import { count as inDigits } from '../core/format.ts'

/** Far above any text that is read here: a log of a long training, a manifest of many files. */
const mostTextBytes = 2 ** 27

/** The file exists but is refused; `reason` is a sentence without its subject, such as "is not a regular file". */
export class UnreadableError extends FileError {
  override name = 'UnreadableError'
  readonly reason: string

  constructor(path: string, reason: string) {
    super(`${path} ${reason}.`)
    this.reason = reason
  }
}

/**
 * The bytes of a regular file.
 * @param most bytes that are read
 * @throws UnreadableError when it is something else, or larger; the error of the operating system when it cannot be read (ENOENT)
 * @example
 * (await readWhole('sheet.png', 2 ** 20)).subarray(1, 4).toString() // 'PNG'
 */
export async function readWhole(path: string, most: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const found = await file.stat()
    if (!found.isFile()) throw new UnreadableError(path, 'is not a regular file')
    if (found.size > most) {
      throw new UnreadableError(path, `has ${inDigits(found.size)} bytes, at most ${inDigits(most)} are read`)
    }
    return await file.readFile()
  } finally {
    await file.close()
  }
}

/**
 * The text of a regular file, UTF-8.
 * @throws as `readWhole`
 */
export const readText = async (path: string, most = mostTextBytes): Promise<string> =>
  (await readWhole(path, most)).toString('utf8')
