// Gigabytes go to disk chunk by chunk, and a file has its name only when all of it is there: temporary name, fsync,
// rename, fsync of the folder. `images/atomic.ts` does the same for bytes that lie in one piece.
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** One write call; larger ones gain nothing and would keep a thread of Node's pool busy for long. */
const largestWrite = 2 ** 24

/** The temporary name: always the same for a file, so that what a killed process left behind is overwritten. */
const temporaryOf = (path: string): string => join(dirname(path), `.${basename(path)}.tmp`)

/**
 * Writes chunks as the file `path`, replacing what is there; the chunks must not change meanwhile.
 * @throws whatever the file system says; an older file of that name then stays
 * @example
 * await writeChunks('network.safetensors', writeSafetensors(tensors, { format: 'pt' }))
 */
export async function writeChunks(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const temporary = temporaryOf(path)
  try {
    const file = await open(temporary, 'w')
    try {
      for (const chunk of chunks) await writeAll(file, chunk)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(largestWrite, bytes.byteLength - at))
    at += bytesWritten
  }
}

/** Makes a rename survive a power cut; Windows has no such thing as opening a folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  try {
    await handle?.sync()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM' && (error as NodeJS.ErrnoException).code !== 'EINVAL')
      throw error
  } finally {
    await handle?.close()
  }
}
