// A file is there whole or not at all: bytes go to a temporary name in the same folder, to the disk, and then get their
// name. Whatever stops this on the way, the temporary file goes and an older file of that name stays.
import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { UsageError } from '../core/errors.ts'

/**
 * Writes `bytes` as the file `path`, replacing what is there.
 * @throws UsageError when the folder does not exist, the signal's reason when it is aborted, otherwise what the file system says
 * @example
 * await writeAtomically('samples/000000.png', await image.encode('png'))
 */
export const writeAtomically = (
  path: string,
  bytes: Uint8Array,
  options?: { signal?: AbortSignal | undefined },
): Promise<void> => writeStream(path, [bytes], options)

/** Pieces are gathered up to this before they are written: headers and labels come in a few bytes each. */
const gathered = 2 ** 20

/**
 * Writes pieces as the file `path`, replacing what is there; each is written before the next is asked for.
 * @throws UsageError when the folder does not exist, the signal's reason when it is aborted, otherwise what the pieces or the file system say
 * @example
 * await writeStream('hello.txt', [new TextEncoder().encode('hello')])
 */
export async function writeStream(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  signal?.throwIfAborted()
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`)
  const file = await open(temporary, 'wx').catch((cause) => {
    if (cause.code !== 'ENOENT') throw cause
    throw new UsageError(`Cannot write ${path}: there is no folder ${dirname(path)}.`, {
      remedy: 'Create it first.',
      cause,
    })
  })
  try {
    try {
      let [waiting, size]: [Uint8Array[], number] = [[], 0]
      const flush = async () => {
        await file.writeFile(waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting))
        waiting = []
        size = 0
      }
      for await (const piece of pieces) {
        signal?.throwIfAborted()
        waiting.push(piece)
        size += piece.length
        if (size >= gathered) await flush()
      }
      await flush()
      await file.sync()
    } finally {
      await file.close()
    }
    signal?.throwIfAborted()
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    signal?.throwIfAborted()
    throw error
  }
}
