// Folders as torchvision's ImageFolder sees them; the crop bit for bit as Pillow computes it; errors that name the path.
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { itWith, linux, posix } from '../../../test/requirements.ts'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { centerCrop } from '../crop.ts'
import { imageFolder } from './folder.ts'
import { openDataset } from './open.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'distilled-folder-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

/** An image of one grey level. */
async function grey(file: string, level: number, [width, height] = [10, 8]) {
  const path = join(root, file)
  await mkdir(dirname(path), { recursive: true })
  const background = { r: level, g: level, b: level }
  await sharp({ create: { width: width!, height: height!, channels: 3, background } }).toFile(path)
}

describe('imageFolder', () => {
  it('numbers classes by name and files by folder and name, to any depth', async () => {
    await grey('order/zebra/b.png', 40)
    await grey('order/zebra/a.webp', 30)
    await grey('order/ant/nested/deep.png', 20)
    await grey('order/ant/z.JPG', 10)
    await grey('order/.hidden/a.png', 99)
    await writeFile(join(root, 'order/ant/notes.txt'), 'no image')
    await writeFile(join(root, 'order/readme.md'), 'no class')
    const data = await imageFolder(join(root, 'order'), { imageSize: 4 })
    expect(data).toMatchObject({ classes: ['ant', 'zebra'], size: 4, imageSize: 4 })
    const examples = await Promise.all([0, 1, 2, 3].map((index) => data.get(index)))
    expect(examples.map(({ label }) => label)).toEqual([0, 0, 1, 1])
    expect([0, 1, 2, 3].map(data.labelOf)).toEqual([0, 0, 1, 1])
    const levels = examples.map(({ image }) => Math.round((image[0]! + 1) * 127.5))
    for (const [i, level] of [10, 20, 30, 40].entries()) expect(Math.abs(levels[i]! - level)).toBeLessThanOrEqual(1)
    expect(examples.every(({ image }) => image.length === 3 * 4 * 4)).toBe(true)
  })

  itWith(posix)('follows a link to a class folder', async () => {
    await grey('far/a.png', 50)
    await mkdir(join(root, 'linked'))
    await symlink(join(root, 'far'), join(root, 'linked/near'))
    expect(await imageFolder(join(root, 'linked'), { imageSize: 4 })).toMatchObject({ classes: ['near'], size: 1 })
  })

  itWith(linux)('reads names that are no text, and shows their bytes by number', async () => {
    await grey('bytes/one/a.png', 60)
    const name = (...bytes: number[]) => Buffer.concat([Buffer.from(join(root, 'bytes/')), Buffer.from(bytes)])
    await rename(
      join(root, 'bytes/one/a.png'),
      Buffer.concat([Buffer.from(join(root, 'bytes/one/')), Buffer.from([0xfe, 0x2e, 0x70, 0x6e, 0x67])]),
    )
    await rename(join(root, 'bytes/one'), name(0xff, 0x31))
    const data = await imageFolder(join(root, 'bytes'), { imageSize: 4 })
    expect(data).toMatchObject({ classes: ['\\xff1'], size: 1 })
    expect((await data.get(0)).image).toHaveLength(48)
  })

  it('is what a path opens, as the word sprites opens the drawn ones', async () => {
    await grey('opened/one/a.png', 50)
    const options = { seed: 0, imageSize: 32 }
    expect(await openDataset(join(root, 'opened'), options)).toMatchObject({ classes: ['one'], imageSize: 32 })
    expect(await openDataset('sprites', options)).toMatchObject({ name: 'sprites', imageSize: 32 })
  })

  it('says what is wrong with a folder', async () => {
    const open = (name: string) => imageFolder(join(root, name), { imageSize: 4 })
    await grey('loose/a.png', 1)
    await grey('full/one/a.png', 1)
    await mkdir(join(root, 'full/empty'))
    await expect(open('nowhere')).rejects.toThrow(/nowhere: there is no such folder\. Name a folder that holds/)
    await expect(open('loose/a.png')).rejects.toThrow(/a\.png: it is a file, not a folder/)
    await expect(open('loose')).rejects.toThrow(
      /loose holds no classes: .* found none \(images outside of such folders: 1\)\. Put the/,
    )
    await expect(open('full')).rejects.toThrow(/The class folder .*empty holds no image \(.png, .jpg, .jpeg, .webp\)/)
    await expect(open('full')).rejects.toBeInstanceOf(UsageError)
  })

  it('says how many images are of a kind that is not read', async () => {
    await grey('kinds/one/a.png', 1)
    await writeFile(join(root, 'kinds/one/b.gif'), 'GIF89a')
    await writeFile(join(root, 'kinds/one/.c.bmp'), 'hidden')
    const data = await imageFolder(join(root, 'kinds'), { imageSize: 4 })
    expect(data.notes).toEqual([
      `1 image is left out, of a kind that is not read, such as ${join(root, 'kinds', 'one/b.gif')}. Convert such images to PNG to have them used.`,
    ])
    await mkdir(join(root, 'others/one'), { recursive: true })
    await writeFile(join(root, 'others/one/b.gif'), 'GIF89a')
    await expect(imageFolder(join(root, 'others'), { imageSize: 4 })).rejects.toThrow(
      /holds no image.* It holds 1 of another kind, such as b\.gif: convert/,
    )
  })

  it('names a damaged image and an index it does not have', async () => {
    await grey('damaged/one/a.png', 1)
    await writeFile(join(root, 'damaged/one/b.jpg'), 'not a picture')
    const data = await imageFolder(join(root, 'damaged'), { imageSize: 4 })
    await data.get(0)
    await expect(data.get(1)).rejects.toThrow(join(root, 'damaged', 'one', 'b.jpg'))
    await expect(data.get(1)).rejects.toBeInstanceOf(CheckpointError)
    await expect(data.get(2)).rejects.toThrow('has images 0 to 1, got index 2.')
  })
})

// center_crop_arr of llamagen: dataset/augmentation.py, run with Pillow 12.3.0 on the image whose channel c at (x, y) is
// (37 x^2 + 101 y + 53 x y c + 29 c) mod 256. Rows: width, height, size, pixels.
// biome-ignore format: a table
const crops: readonly [number, number, number, readonly number[]][] = [
  [23,17,4,[122,111,114,118,121,122,130,137,130,128,125,137,135,131,137,131,135,160,117,147,133,141,132,117,135,151,118,131,133,118,121,152,109,125,105,115,123,121,134,119,135,134,138,111,124,129,135,139]],
  [6,5,4,[14,49,80,95,128,106,147,142,141,102,109,126,158,187,106,194,167,90,151,101,54,116,177,146,115,125,88,154,36,196,113,78,122,68,112,174,130,145,187,125,158,172,138,166,92,225,74,133]],
  [3,7,4,[158,189,96,184,197,128,194,161,93,183,102,8,178,215,4,211,137,179,177,72,209,98,62,67,45,79,100,62,37,173,128,17,180,201,31,117,118,167,203,162,151,179,136,168,163,56,206,165]],
  [9,9,2,[124,123,124,118,120,123,126,122,147,123,136,115]],
  [5,3,5,[1,28,63,34,60,104,116,153,195,129,170,209,72,109,146,39,83,84,73,128,70,163,158,117,180,149,127,122,109,96,110,170,116,143,219,41,225,157,11,238,114,10,181,109,38,189,188,116,207,157,176,174,109,70,130,91,54,84,110,139,233,189,112,242,105,255,134,77,121,51,80,96,13,110,213]],
]

describe('centerCrop', () => {
  it.each(crops)('%i x %i to %i is what Pillow computes', (width, height, size, pixels) => {
    const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
      const x = Math.floor(i / 3) % width
      const y = Math.floor(i / 3 / width)
      const c = i % 3
      return (37 * x * x + 101 * y + 53 * x * y * c + 29 * c) % 256
    })
    expect(centerCrop({ data, width, height }, size)).toEqual({
      data: Uint8Array.from(pixels),
      width: size,
      height: size,
    })
  })
})
