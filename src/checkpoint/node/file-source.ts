// The local file as a byte source: positional reads, because fs.readFileSync fails beyond 2 GiB and nothing should be read early.
// The only file of this room that uses Node; browsers use sources.ts.
import { open, realpath } from 'node:fs/promises'
import { basename } from 'node:path'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { openCheckpoint } from '../checkpoint.ts'
import { checkRange } from '../sources.ts'
import type { ByteSource, Checkpoint } from '../types.ts'

const largestRead = 2 ** 30

/**
 * Opens a local file for random access; its `path` is the real path, symbolic links resolved.
 * @throws UsageError when there is no such file or it is a folder, CheckpointError when it cannot be read
 * @example
 * const source = await fileSource('var-d16.pth')
 * await source.close()
 */
export async function fileSource(file: string): Promise<ByteSource> {
  const name = basename(file)
  const { handle, path, size } = await openRegularFile(file)
  return {
    name,
    path,
    size,
    async read(offset, length) {
      checkRange({ name, size }, offset, length)
      const bytes = new Uint8Array(length)
      for (let filled = 0; filled < length; ) {
        const wanted = Math.min(length - filled, largestRead)
        const { bytesRead } = await handle.read(bytes, filled, wanted, offset + filled)
        if (bytesRead === 0) checkRange({ name, size: offset + filled }, offset, length)
        filled += bytesRead
      }
      return bytes
    },
    close: () => handle.close(),
  }
}

/**
 * Opens a checkpoint file of any supported format; close it when done.
 * @throws UsageError when there is no such file, CheckpointError when it is damaged, hostile or of no known format
 * @example
 * const checkpoint = await openFile('var-d16.pth')
 * const { tensors } = selectStateDict(checkpoint, ['trainer.ema_parameters'])
 * await checkpoint.close()
 */
export async function openFile(file: string): Promise<Checkpoint> {
  const source = await fileSource(file)
  try {
    return await openCheckpoint(source)
  } catch (error) {
    await source.close()
    throw error
  }
}

async function openRegularFile(file: string) {
  let handle: Awaited<ReturnType<typeof open>> | undefined
  try {
    const path = await realpath(file)
    handle = await open(path, 'r')
    const stat = await handle.stat()
    if (stat.isFile()) return { handle, path, size: stat.size }
  } catch (cause) {
    await handle?.close()
    const { code = '', message } = cause as NodeJS.ErrnoException
    const mistaken = mistakes.get(code)
    if (mistaken !== undefined) throw new UsageError(`${file}: ${mistaken}.`, { cause, remedy })
    throw new CheckpointError(`${file}: ${code === 'EACCES' ? 'it may not be read' : message}.`, { cause, remedy })
  }
  await handle.close()
  throw new UsageError(`${file}: expected a file, found something else.`, { remedy })
}

const remedy = 'Check the path.'
/** What is wrong with the path and not with the file. */
const mistakes = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'there is no such file'],
  ['EISDIR', 'it is a folder'],
])
