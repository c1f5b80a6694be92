// The files of a web app, listed once when the server starts: an address is looked up in the list and never used on the disk.
import { readdir } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'

export interface StaticFile {
  readonly path: string
  readonly type: string
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

/** The files below a folder (no links) by their address; index.html is its folder's, too. */
export async function listStatic(folder: string): Promise<ReadonlyMap<string, StaticFile>> {
  const files = new Map<string, StaticFile>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const address = `/${relative(folder, path).split(sep).map(encodeURIComponent).join('/')}`
    const file = { path, type: types[extname(path)] ?? 'application/octet-stream' }
    files.set(address, file)
    if (entry.name === 'index.html') files.set(address.slice(0, -entry.name.length), file)
  }
  return files
}
