// Images in folders, one folder per class, numbered as torchvision's ImageFolder numbers them: classes by name, then
// files by folder and name, to any depth (torchvision/datasets/folder.py:make_dataset). Hidden folders are skipped.
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import { type FilePath, isFolder, type ListedEntry, listFiles, listFolder, pathText } from '../../images/node/list.ts'
import { imageEndings, isUnreadImage, readImage } from '../../images/node/read.ts'
import { centerCrop } from '../crop.ts'
import type { LabelledDataset } from '../labels.ts'
import { toPlanes } from '../planes.ts'

/**
 * The images below `path`, cut as LlamaGen cuts them (`crop.ts`), turned upright, transparency on black. Files are
 * listed once and read on demand, one at a time; `origin` has a hash of their names and sizes.
 * @throws UsageError when there is no such folder, no class in it, a class without images, or an image that is not a
 *   regular file; `get` throws a CheckpointError with the path of an image that cannot be read
 * @example
 * const data = await imageFolder('imagenet/train', { imageSize: 256 })
 * const { image, label } = await data.get(0) // float32 [3, 256, 256] in [-1, 1], 0
 */
export async function imageFolder(path: string, { imageSize }: { imageSize: number }): Promise<LabelledDataset> {
  const classes = await classesOf(path)
  const files: { file: FilePath; name: string; label: number }[] = []
  const unread: string[] = []
  for (const [label, folder] of classes.entries()) {
    const { images, others } = await imagesOf(folder, path)
    unread.push(...others.map((name) => `${folder.name}/${name}`))
    for (const { file, name } of images) files.push({ file, name: `${folder.name}/${name}`, label })
  }
  const origin = { folder: path, images: files.length, sha256: await listingHash(files) }
  const at = (index: number) => {
    const found = files[index]
    if (found) return found
    throw new UsageError(`${path} has images 0 to ${files.length - 1}, got index ${index}.`)
  }
  let turn: Promise<unknown> = Promise.resolve()
  /** Decoded photographs are large: the next one is decoded when the one before has been cut. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }
  return {
    name: path,
    classes: classes.map(({ name }) => name),
    imageSize,
    size: files.length,
    origin,
    notes: unread.length ? [unreadText(path, unread)] : [],
    labelOf: (index) => at(index).label,
    async get(index) {
      const { file, label } = at(index)
      const { data } = await inTurn(async () => centerCrop(await readImage(file), imageSize))
      return { image: toPlanes(data), label }
    },
  }
}

/** Files that are asked for their size at once. */
const AT_ONCE = 256

/** SHA-256 of all names and sizes: it changes when files are added, removed or replaced by others of another size. */
async function listingHash(files: readonly { file: FilePath; name: string }[]): Promise<string> {
  const hash = createHash('sha256')
  for (let first = 0; first < files.length; first += AT_ONCE) {
    const some = files.slice(first, first + AT_ONCE)
    const sizes = await Promise.all(some.map(({ file }) => sizeOf(file)))
    for (const [i, { name }] of some.entries()) hash.update(`${name}\0${sizes[i]}\n`)
  }
  return hash.digest('hex')
}

async function sizeOf(file: FilePath): Promise<number> {
  const found = await stat(typeof file === 'string' ? file : Buffer.from(file)).catch(
    (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'ENOENT' ? 'it is a link to nowhere' : cause.message
      throw new UsageError(`Cannot read the image ${pathText(file)}: ${reason}.`, {
        remedy: 'Mend or remove it.',
        cause,
      })
    },
  )
  if (found.isFile()) return found.size
  throw new UsageError(`${pathText(file)} is not a regular file.`, { remedy: 'Remove it, or give it another ending.' })
}

async function classesOf(path: string): Promise<ListedEntry[]> {
  const entries = await listFolder(path).catch(({ cause }: { cause: NodeJS.ErrnoException }) => {
    const known: Record<string, string> = { ENOENT: 'there is no such folder', ENOTDIR: 'it is a file, not a folder' }
    throw new UsageError(`Cannot read images from ${path}: ${known[cause.code ?? ''] ?? cause.message}.`, {
      remedy: 'Name a folder that holds one folder of images per class.',
      cause,
    })
  })
  const classes: ListedEntry[] = []
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    if (entry.kind === 'folder' || (entry.kind === 'link' && (await isFolder(entry.path)))) classes.push(entry)
  }
  if (classes.length) return classes.sort((a, b) => compare(a.name, b.name))
  const loose = entries.filter(({ name }) => isImage(name)).length
  throw new UsageError(
    `${path} holds no classes: expected one folder of images per class, found none (images outside of such folders: ${loose}).`,
    {
      remedy: loose ? 'Put the images into a folder of their own; its name is the class.' : 'Is this the right folder?',
    },
  )
}

const unreadText = (root: string, names: readonly string[]): string =>
  `${names.length} ${names.length === 1 ? 'image is' : 'images are'} left out, of a kind that is not read, such as ${join(root, names[0]!)}. ` +
  'Convert such images to PNG to have them used.'

/** The images of a class in their order, and the names of images in formats that are not read. */
async function imagesOf(
  { path, name }: ListedEntry,
  root: string,
): Promise<{ images: { file: FilePath; name: string }[]; others: string[] }> {
  const all = await listFiles(path)
  const others = all.flatMap((entry) => (isUnreadImage(entry.name) && !/(^|\/)\./.test(entry.name) ? [entry.name] : []))
  const found = all.flatMap((entry) => {
    const [, folder, file] = /^(?:(.*)\/)?([^/]*)$/s.exec(entry.name)!
    return isImage(file!) ? [{ ...entry, folder: folder ?? '', last: file! }] : []
  })
  if (found.length === 0) {
    throw new UsageError(`The class folder ${join(root, name)} holds no image (${imageEndings.join(', ')}).`, {
      remedy: others.length
        ? `It holds ${others.length} of another kind, such as ${others[0]}: convert them to PNG.`
        : 'Fill it or remove it.',
    })
  }
  const images = found
    .sort((a, b) => compare(a.folder, b.folder) || compare(a.last, b.last))
    .map((entry) => ({ file: entry.path, name: entry.name }))
  return { images, others }
}

const isImage = (name: string): boolean => !name.startsWith('.') && imageEndings.includes(extname(name).toLowerCase())

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
