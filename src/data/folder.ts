// Images in folders, one folder per class, numbered as torchvision's ImageFolder numbers them: classes by name, then
// files by folder and name, to any depth (torchvision/datasets/folder.py:make_dataset). Hidden folders are no classes.
import { stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { UsageError } from '../core/errors.ts'
import { type FilePath, type ListedEntry, listFiles, listFolder } from '../images/list.ts'
import { imageEndings, readImage } from '../images/read.ts'
import { centerCrop } from './crop.ts'
import type { LabelledDataset } from './labels.ts'
import { toPlanes } from './planes.ts'

/**
 * The images below `path`, cut as LlamaGen cuts them (`crop.ts`), turned upright, transparency on black. Files are
 * listed once and read on demand, one at a time.
 * @throws UsageError when there is no such folder, no class in it, or a class without images; `get` throws a
 *   CheckpointError with the path of an image that cannot be read
 * @example
 * const data = await imageFolder('imagenet/train', { imageSize: 256 })
 * const { image, label } = await data.get(0) // float32 [3, 256, 256] in [-1, 1], 0
 */
export async function imageFolder(path: string, { imageSize }: { imageSize: number }): Promise<LabelledDataset> {
  const classes = await classesOf(path)
  const files: { file: FilePath; label: number }[] = []
  for (const [label, folder] of classes.entries()) {
    for (const file of await imagesOf(folder, path)) files.push({ file, label })
  }
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
    labelOf: (index) => at(index).label,
    async get(index) {
      const { file, label } = at(index)
      const { data } = await inTurn(async () => centerCrop(await readImage(file), imageSize))
      return { image: toPlanes(data), label }
    },
  }
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
    const leadsToFolder = entry.kind === 'link' && (await stat(entry.path).catch(() => undefined))?.isDirectory()
    if (entry.kind === 'folder' || leadsToFolder) classes.push(entry)
  }
  if (classes.length) return classes.sort((a, b) => compare(a.name, b.name))
  const loose = entries.filter(({ name }) => isImage(name)).length
  throw new UsageError(
    `${path} holds no classes: expected one folder of images per class, found none (images beside: ${loose}).`,
    {
      remedy: loose ? 'Put the images into a folder of their own; its name is the class.' : 'Is this the right folder?',
    },
  )
}

async function imagesOf({ path, name }: ListedEntry, root: string): Promise<FilePath[]> {
  const found = (await listFiles(path)).flatMap((entry) => {
    const [, folder, file] = /^(?:(.*)\/)?([^/]*)$/s.exec(entry.name)!
    return isImage(file!) ? [{ path: entry.path, folder: folder ?? '', file: file! }] : []
  })
  if (found.length === 0) {
    throw new UsageError(`The class folder ${join(root, name)} holds no image (${imageEndings.join(', ')}).`, {
      remedy: 'Fill it or remove it.',
    })
  }
  return found.sort((a, b) => compare(a.folder, b.folder) || compare(a.file, b.file)).map((entry) => entry.path)
}

const isImage = (name: string): boolean => !name.startsWith('.') && imageEndings.includes(extname(name).toLowerCase())

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
