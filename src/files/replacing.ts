// A file is replaced only where this package wrote it for the same purpose, as its first or last bytes say, or where the person
// asked for it. The code that writes a kind of file names its mark: a key of its JSON, a name in its directory, a line of text.
import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { UsageError } from '../core/errors.ts'

/** A file or folder that is about to be written. */
export interface WrittenPath {
  /** What the person calls it: `--save`. */
  readonly name: string
  readonly path: string
  /** Text at the start or the end of the files that this package writes for this purpose; nothing is ours when left out. */
  readonly mark?: RegExp | undefined
}

/** Where a mark is looked for, from the start and from the end. */
const reach = 2 ** 16

/**
 * Refuses to replace files that this package did not write for the same purpose.
 * @param options given where the person can ask for it: `force` replaces whatever is there
 * @throws UsageError that names the first such file; nothing has been written then
 * @example
 * await refuseReplacing([{ name: '--save', path: 'result.json', mark: /"kind": "distilled-evaluation"/ }], { force: false })
 */
export async function refuseReplacing(
  paths: readonly WrittenPath[],
  options?: { force?: boolean | undefined },
): Promise<void> {
  if (options?.force) return
  for (const { name, path, mark } of paths) {
    if (!(await exists(path)) || (mark && (await hasMark(path, mark)))) continue
    throw new UsageError(
      `${name} would replace ${path}, and that does not say that distilled wrote it for this purpose. Nothing was written.`,
      {
        remedy: options
          ? 'Name another path, move it away, or give `force: true` to replace it.'
          : 'Name another path, or move it away.',
      },
    )
  }
}

/** Whether a file holds a mark in its first or last bytes; one that cannot be read holds none. */
export async function hasMark(path: string, mark: RegExp): Promise<boolean> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(() => undefined)
  if (!file) return false
  try {
    const found = await file.stat()
    if (!found.isFile()) return false
    const text = async (from: number): Promise<string> => {
      const bytes = Buffer.alloc(Math.min(found.size - from, reach))
      await file.read(bytes, 0, bytes.length, from)
      return bytes.toString('latin1')
    }
    return mark.test(await text(0)) || mark.test(await text(Math.max(0, found.size - reach)))
  } finally {
    await file.close()
  }
}

/** Devices, pipes and sockets are refused later, by the writer. */
async function exists(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found !== undefined && (found.isFile() || found.isDirectory() || found.isSymbolicLink())
}
