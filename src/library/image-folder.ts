// A folder of images is a run's: who counts or looks at its images takes all of them for one. Before a run writes there, images of
// another run are refused or, when asked, removed. Another run's are those that this run would not leave as they are: numbers
// that it does not make, and images whose settings differ from its own or are not there.
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { UsageError } from '../core/errors.ts'
import { readSettings } from '../images/read.ts'
import { SETTINGS_KEY, type Settings } from '../images/xmp.ts'

/** Names that `distilled sample` and its export give: images by number, the grid, the arrays of a run. */
const ours = /^(\d{6,}|grid)\.(png|jpeg|webp)$|^samples_\d+x\d+x\d+x3\.npz$/

export interface FolderOptions {
  /** Settings that this run's file of that name will have, as far as they tell runs apart; undefined for what it does not make. */
  expected(name: string): Settings | undefined
  /** Removes the images of another run that say by their settings that this package wrote them. */
  force?: boolean | undefined
}

/**
 * Makes sure that a folder holds no image of another run.
 * @throws UsageError that names one; nothing is removed then
 * @example
 * await clearFolder('another run', { expected: () => undefined, force: true })
 */
export async function clearFolder(folder: string, { expected, force = false }: FolderOptions): Promise<void> {
  const others = otherImages(folder, expected)
  if (!force) {
    for await (const { name } of others) {
      throw new UsageError(`${folder} holds images of another run, such as ${name}, and they would be mixed.`, {
        remedy: 'Name another folder, or give `force: true` to remove them.',
      })
    }
    return
  }
  const names: string[] = []
  for await (const { name, isOurs } of others) {
    if (!isOurs) {
      throw new UsageError(`${join(folder, name)} does not say that distilled wrote it, and is not removed.`, {
        remedy: 'Move it away, or name another folder.',
      })
    }
    names.push(name)
  }
  for (const name of names) await rm(join(folder, name))
}

/** Whether a folder, which need not exist, holds no image of another run. */
export async function isClear(folder: string, expected: FolderOptions['expected']): Promise<boolean> {
  for await (const _ of otherImages(folder, expected)) return false
  return true
}

async function* otherImages(folder: string, expected: FolderOptions['expected']) {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [] // writing there says so
    throw error
  })
  for (const name of names.filter((n) => ours.test(n)).sort()) {
    const found = await settingsOf(join(folder, name))
    const wanted = found && expected(name)
    if (!wanted || !isSame(found, wanted)) yield { name, isOurs: found !== undefined }
  }
}

/** Files of checkpoints have no name that tells them from each other. */
const isSame = (found: Settings, wanted: Settings): boolean =>
  wanted.model !== 'custom' &&
  Object.entries(plain(wanted)).every(([key, value]) => isDeepStrictEqual(found[key], value))

const plain = (settings: Settings): Settings => JSON.parse(JSON.stringify(settings))

async function settingsOf(path: string): Promise<Settings | undefined> {
  if (!path.endsWith('.npz')) return readSettings(path).catch(() => undefined)
  try {
    return JSON.parse(await zipComment(path))[SETTINGS_KEY]
  } catch {
    return undefined
  }
}

/** The comment behind a zip archive's end record (APPNOTE 4.3.16). */
async function zipComment(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const tail = Buffer.alloc(Math.min(size, 22 + 0xffff))
    await file.read(tail, 0, tail.length, size - tail.length)
    return tail.toString('utf8', tail.lastIndexOf('PK\x05\x06', undefined, 'latin1') + 22)
  } finally {
    await file.close()
  }
}
