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
export async function writeAtomically(path: string, bytes: Uint8Array, { signal }: { signal?: AbortSignal } = {}) {
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
      await file.writeFile(bytes, { signal })
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
