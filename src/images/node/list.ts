// The files below a folder. A name is bytes to the file system and text to people: where the bytes are not valid UTF-8, the path
// stays bytes, and messages show every byte outside ASCII as a number.
import { readdir, stat } from 'node:fs/promises'
import { UsageError } from '../../core/errors.ts'

/** What the file system takes: text, or bytes where a name is not valid UTF-8. */
export type FilePath = string | Uint8Array

export interface ListedEntry {
  readonly path: FilePath
  /** The path for messages: relative to the listed folder, with `/` between the names. */
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link'
}

/**
 * The files and links directly in a folder, and its folders; pipes, sockets and devices are left out.
 * @throws UsageError when the folder cannot be read
 * @example
 * const [{ name, kind }] = await listFolder('images')
 */
export async function listFolder(folder: FilePath): Promise<ListedEntry[]> {
  const entries = await readdir(typeof folder === 'string' ? folder : Buffer.from(folder), {
    withFileTypes: true,
    encoding: 'buffer',
  }).catch((cause) => {
    throw new UsageError(`Cannot read the folder ${pathText(folder)}: ${cause.code ?? cause.message}.`, { cause })
  })
  return entries.flatMap((entry): ListedEntry[] => {
    const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : undefined
    const bytes = entry.name as unknown as Buffer // encoding 'buffer' gives this; the types do not say so
    return kind ? [{ path: joined(folder, bytes), name: pathText(bytes), kind }] : []
  })
}

/**
 * All files and links below a folder, to any depth; links to folders are listed and not followed.
 * @throws UsageError when a folder cannot be read
 * @example
 * const images = (await listFiles('images')).filter(({ name }) => name.endsWith('.png'))
 */
export async function listFiles(folder: FilePath): Promise<ListedEntry[]> {
  const found: ListedEntry[] = []
  const waiting: { path: FilePath; prefix: string }[] = [{ path: folder, prefix: '' }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const entry of await listFolder(next.path)) {
      const name = `${next.prefix}${entry.name}`
      if (entry.kind === 'folder') waiting.push({ path: entry.path, prefix: `${name}/` })
      else found.push({ ...entry, name })
    }
  }
  return found
}

/** Whether a path leads to a folder, also through links. */
export async function isFolder(path: FilePath): Promise<boolean> {
  const found = await stat(typeof path === 'string' ? path : Buffer.from(path)).catch(() => undefined)
  return found?.isDirectory() ?? false
}

/**
 * A path as text for messages.
 * @example
 * pathText(Buffer.from([0x61, 0xff])) // 'a\\xff'
 */
export function pathText(path: FilePath): string {
  if (typeof path === 'string') return path
  const bytes = Buffer.from(path)
  return textOf(bytes) ?? bytes.toString('latin1').replace(/[^ -~]/g, hex)
}

const hex = (byte: string): string => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`

function textOf(bytes: Buffer): string | undefined {
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? text : undefined
}

function joined(folder: FilePath, name: Buffer): FilePath {
  const start = Buffer.from(folder)
  const between = /[/\\]$/.test(start.toString('latin1')) ? [] : [Buffer.from('/')]
  const bytes = Buffer.concat([start, ...between, name])
  return textOf(bytes) ?? bytes
}
