// Images in folders, one folder per class, numbered as torchvision's ImageFolder numbers them: classes by name, then
// files by folder and name, to any depth (torchvision/datasets/folder.py:make_dataset). Hidden folders are no classes.
import { readdir, stat } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { UsageError } from '../core/errors.ts'
import { readImage } from '../images/read.ts'
import { centerCrop } from './crop.ts'
import type { LabelledDataset } from './labels.ts'
import { toPlanes } from './planes.ts'

const endings = ['.png', '.jpg', '.jpeg', '.webp']

/**
 * The images below `path`, cut as LlamaGen cuts them (`crop.ts`), turned upright, transparency on black. Files are
 * listed once and read on demand.
 * @throws UsageError when there is no such folder, no class in it, or a class without images; `get` throws a
 *   CheckpointError with the path of an image that cannot be read
 * @example
 * const data = await imageFolder('imagenet/train', { imageSize: 256 })
 * const { image, label } = await data.get(0) // float32 [3, 256, 256] in [-1, 1], 0
 */
export async function imageFolder(path: string, { imageSize }: { imageSize: number }): Promise<LabelledDataset> {
  const classes = await classesOf(path)
  const files: { file: string; label: number }[] = []
  for (const [label, name] of classes.entries()) {
    for (const file of await imagesOf(join(path, name))) files.push({ file, label })
  }
  const at = (index: number) => {
    const found = files[index]
    if (found) return found
    throw new UsageError(`${path} has images 0 to ${files.length - 1}, got index ${index}.`)
  }
  return {
    name: path,
    classes,
    imageSize,
    size: files.length,
    labelOf: (index) => at(index).label,
    async get(index) {
      const { file, label } = at(index)
      const { data } = centerCrop(await readImage(file), imageSize)
      return { image: toPlanes(data), label }
    },
  }
}

async function classesOf(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    const known: Record<string, string> = { ENOENT: 'there is no such folder', ENOTDIR: 'it is a file, not a folder' }
    throw new UsageError(`Cannot read images from ${path}: ${known[cause.code ?? ''] ?? cause.message}.`, {
      remedy: 'Name a folder that holds one folder of images per class.',
      cause,
    })
  })
  const classes: string[] = []
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const target = entry.isSymbolicLink() ? await stat(join(path, entry.name)).catch(() => undefined) : entry
    if (target?.isDirectory()) classes.push(entry.name)
  }
  if (classes.length) return classes.sort()
  const loose = entries.filter(({ name }) => isImage(name)).length
  throw new UsageError(
    `${path} holds no classes: expected one folder of images per class, found none (images beside: ${loose}).`,
    {
      remedy: loose ? 'Put the images into a folder of their own; its name is the class.' : 'Is this the right folder?',
    },
  )
}

async function imagesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const found = entries.filter((entry) => !entry.isDirectory() && isImage(entry.name))
  if (found.length === 0) {
    throw new UsageError(`The class folder ${folder} holds no image (${endings.join(', ')}).`, {
      remedy: 'Fill it or remove it.',
    })
  }
  const key = ({ parentPath, name }: { parentPath: string; name: string }) => [parentPath, name] as const
  return found
    .map(key)
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map((parts) => parts.join(sep))
}

const isImage = (name: string): boolean => !name.startsWith('.') && endings.includes(extname(name).toLowerCase())

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
