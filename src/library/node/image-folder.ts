// A folder of images is a run's: who counts or looks at its images takes all of them for one. Before a run writes there, images of
// another run are refused or, when asked, removed. Another run's are those that this run would not leave as they are: numbers
// that it does not make, and images whose settings differ from its own or are not there. A folder of something else (photographs,
// training data, a run of another command) is refused as well; when asked, the images are written beside it.
import type { Dirent } from 'node:fs'
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { UsageError } from '../../core/errors.ts'
import { imageEndings, readSettings } from '../../images/node/read.ts'
import { SETTINGS_KEY, type Settings } from '../../images/xmp.ts'

/** Names that `distilled sample` and its export give: images by number, the grid, the arrays of a run. */
const ours = /^(\d{6,}|grid)\.(png|jpeg|webp)$|^samples_\d+x\d+x\d+x3\.npz$/

const inShards = 'a run in shards'

/** Runs of other commands, by a file that each of them has from its beginning. */
const runs: readonly (readonly [what: string, file: RegExp])[] = [
  [inShards, /^(manifest|shard-\d+-of-\d+)\.json$/],
  ['a training', /^log\.jsonl$/],
  ['a reproduction', /^recipe\.json$/],
  ['a review', /^verdicts\.jsonl$/],
  ['an exported model', /^known_answer\.safetensors$/],
]

export interface FolderOptions {
  /** Settings that this run's file of that name will have, as far as they tell runs apart; undefined for what it does not make. */
  expected(name: string): Settings | undefined
  /** Removes the images of another run that say by their settings that this package wrote them; everything else stays. */
  force?: boolean | undefined
}

/**
 * Makes sure that a folder holds no image of another run, and nothing that this run's images would be mixed with.
 * @throws UsageError that names a file of it; nothing is removed then
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
    const other = await otherContent(folder)
    if (other === undefined) return
    throw new UsageError(`${folder} holds ${other}, and the images of this run would be mixed with it.`, {
      remedy: 'Name another folder, or give `force: true` to write them beside it.',
    })
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

/** Whether a folder, which need not exist, holds no image of another run, and nothing that images would be mixed with. */
export async function isClear(folder: string, expected: FolderOptions['expected']): Promise<boolean> {
  for await (const _ of otherImages(folder, expected)) return false
  return (await otherContent(folder)) === undefined
}

/**
 * What a folder, which need not exist, holds that is neither images of `distilled sample` nor a file that nobody reads as a part
 * of it: a run of another command, images under other names, or folders of such images, as training data are.
 * @returns in words, with the name of a file
 */
export async function otherContent(folder: string): Promise<string | undefined> {
  const entries = await entriesOf(folder)
  for (const [what, file] of runs) {
    const found = entries.find(({ name }) => file.test(name))
    if (found) return `${what} (${found.name})`
  }
  const image = entries.find(isOtherImage)
  if (image) return `other images, such as ${image.name}`
  for (const inner of entries.filter((entry) => entry.isDirectory())) {
    const entries = await entriesOf(join(folder, inner.name))
    const found = entries.find(isOtherImage)
    if (found) return `folders of images, such as ${inner.name}/${found.name}`
    if (inner.name === reviewImages && entries.some((entry) => entry.isDirectory())) return `a review (${inner.name})`
  }
  return undefined
}

/**
 * Makes sure that a folder holds nothing that the files of a run in shards would be mixed with: who reads the folder later takes the
 * run for all that is in it. Files of such runs are left to the run itself, which knows its own.
 * @throws UsageError that names a file
 */
export async function refuseOtherContent(folder: string): Promise<void> {
  const image = (await entriesOf(folder)).find(({ name }) => ours.test(name) && !name.endsWith('.npz'))
  const other = image ? `images of another run, such as ${image.name}` : await otherContent(folder)
  if (other === undefined || other.startsWith(inShards)) return
  throw new UsageError(`${folder} holds ${other}, and the files of this run would be mixed with it.`, {
    remedy: 'Name another folder.',
  })
}

/** The folder in which a review has its images, by model and class, before there is a verdict. */
const reviewImages = 'images'

const isOtherImage = (entry: Dirent): boolean =>
  entry.isFile() && imageEndings.some((ending) => entry.name.toLowerCase().endsWith(ending)) && !ours.test(entry.name)

const entriesOf = async (folder: string): Promise<Dirent[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [] // writing there says so
    throw error
  })
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function* otherImages(folder: string, expected: FolderOptions['expected']) {
  const names = (await entriesOf(folder)).map(({ name }) => name)
  for (const name of names.filter((n) => ours.test(n))) {
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
