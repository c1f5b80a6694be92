// The folders in which the package keeps files that it can make or fetch again, and how much lies in them. Environment variables name
// them, so other files may lie there, too: ours are known by their names.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { scratchFolder } from '../bench/random-family.ts'
import { weightCacheFolder } from '../engine/node/weight-cache.ts'
import { abandoned } from '../files/atomic.ts'
import { hubSettings } from '../zoo/node/cache.ts'
import { models } from '../zoo/registry.ts'

export interface Kept {
  what: string
  folder: string
  files: number
  bytes: number
}

export interface Removable extends Kept {
  paths: string[]
}

const derived = {
  what: 'derived weights',
  folder: weightCacheFolder,
  /** With a UUID: what earlier versions left half written. */
  isOurs: (name: string) => /^[\da-f]{32}\.bin(\.[\da-f-]{36}\.tmp)?$/.test(name),
}

const drawn = new Set([...models.map(({ name }) => name), 'vgg16', 'lpips-vgg'].map((name) => `${name}.bin`))
const bench = { what: 'weights of distilled bench', folder: scratchFolder, isOurs: (name: string) => drawn.has(name) }

/** What `distilled clean` may remove: the files that we wrote, and what dead processes left of them. */
export const removable = (): Promise<Removable[]> =>
  Promise.all(
    [derived, bench].map(async ({ what, folder, isOurs }) => {
      const names = await readdir(folder()).catch(() => [])
      const stale = await abandoned(folder())
      const paths = [...names.filter(isOurs), ...stale].map((name) => join(folder(), name))
      return { what, folder: folder(), paths, ...(await sizeOf(paths)) }
    }),
  )

/** Everything below the Hugging Face cache, which other programs use as well. */
export async function hubCache(): Promise<Kept> {
  const folder = hubSettings().cacheDir
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return { what: 'Hugging Face cache', folder, ...(await sizeOf(paths)) }
}

async function sizeOf(paths: readonly string[]): Promise<{ files: number; bytes: number }> {
  let bytes = 0
  for (const path of paths) bytes += (await stat(path).catch(() => undefined))?.size ?? 0
  return { files: paths.length, bytes }
}
