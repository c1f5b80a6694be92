// Reads image files: the pixels, and the settings that images of this package carry (`distilled sample --like IMAGE.png`).
// The first bytes give the format and the header gives the size, both before anything is decoded.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { CheckpointError, DistilledError, UsageError } from '../../core/errors.ts'
import { findPngText, isPng } from '../png-text.ts'
import { clippedToRgb, cmykToRgb, type RgbImage } from '../rgb.ts'
import { SETTINGS_KEY, type Settings, settingsInXmp } from '../xmp.ts'
import { type FilePath, pathText } from './list.ts'
import { makeRoom } from './make-room.ts'
import { type Sharp, sharp } from './sharp.ts'

/** Endings of the image files that are read from folders. */
export const imageEndings: readonly string[] = ['.png', '.jpg', '.jpeg', '.webp']

/** Endings of image files that are not read. People are told when a folder holds some. */
export const isUnreadImage = (name: string): boolean =>
  /\.(bmp|gif|pgm|ppm|tiff?|avif|heic|heif|jfif|jp2|jxl)$/i.test(name)

/** The formats that are read, recognised by a file's first bytes. */
export type ImageKind = 'PNG' | 'JPEG' | 'WEBP'

/** A photograph of 26 million pixels as PNG has about 50 MB. */
const maxFileBytes = 2 ** 26
/** Cameras of 24 and 26 megapixels; as RGB bytes 79 MB, which with the first halving of a crop is below 200 MB. */
const maxPixels = 25 * 2 ** 20
/** Phones of 12 megapixels; decoders of WebP, progressive JPEG and interlaced PNG hold all of an image, in up to 12 bytes a pixel. */
const maxPixelsAtOnce = 12 * 2 ** 20

/** An image file whose header has been read; its pixels have not. */
export interface ImageFile {
  readonly kind: ImageKind
  readonly width: number
  readonly height: number
  /** The most memory that `decode` takes, in bytes: the file itself and its pixels. */
  readonly bytes: number
  /** The settings it was made with, undefined when it holds none; throws a CheckpointError when they are damaged. */
  settings(): Settings | undefined
  decode(options?: ReadImageOptions): Promise<RgbImage>
}

export interface ReadImageOptions {
  /** The shorter side is resized to it (Lanczos) and the centre square cut out. */
  readonly size?: number
  /** Ignores orientation, colour profile and transparency, as PIL's `convert('RGB')` does. */
  readonly plain?: boolean
}

/**
 * Opens an image file: reads its bytes, its header and its settings.
 * @throws UsageError when there is no such file or it is too large; CheckpointError when it is not a PNG, JPEG or WebP file, or
 * has too many pixels
 * @example
 * const { width, height, decode } = await openImage('photo.jpg')
 */
export async function openImage(path: FilePath): Promise<ImageFile> {
  const name = pathText(path)
  const bytes = await readBytes(path, name)
  return named(name, async () => {
    const kind = kindOf(bytes)
    if (!kind) throw new CheckpointError('The first bytes are those of no PNG, JPEG or WebP file.')
    const header = sharp(bytes, { limitInputPixels: false })
    const { width, height, space, isProgressive, xmpAsString } = await header.metadata()
    const whole = isProgressive || kind === 'WEBP' ? maxPixelsAtOnce : maxPixels
    const most = space === 'cmyk' ? whole / 2 : whole // a fourth channel, and a conversion
    if (width * height > most) {
      throw new CheckpointError(`The image has ${width} x ${height} pixels; at most ${most} are decoded.`, {
        remedy: 'Make it smaller first.',
      })
    }
    const size = bytes.length + 3 * width * height
    return {
      kind,
      width,
      height,
      bytes: size,
      settings: () => {
        const json = kind === 'PNG' ? findPngText(bytes, SETTINGS_KEY) : settingsInXmp(xmpAsString ?? '')
        return json === undefined ? undefined : settingsOf(json)
      },
      async decode(options = {}) {
        await makeRoom(size)
        return named(name, () => decoded(bytes, space, options))
      },
    }
  })
}

/**
 * The settings an image was made with, from a PNG, JPEG or WebP file; undefined when it holds none.
 * @throws as `openImage`; CheckpointError when the settings are damaged
 * @example
 * const settings = await readSettings('000000.png')
 */
export async function readSettings(path: FilePath): Promise<Settings | undefined> {
  const { settings } = await openImage(path)
  return named(pathText(path), async () => settings())
}

/**
 * Pixels of an image file, turned upright, in sRGB, transparency on black. With `plain`, the same bytes as PIL's
 * `convert('RGB')`: not turned, no colour profile applied, transparency left out, CMYK by its formula, 16-bit greys above 255 clipped.
 * @throws as `openImage`; CheckpointError when the pixels are damaged
 * @example
 * const { data, width, height } = await readImage('photo.jpg', { size: 256 })
 */
export const readImage = async (path: FilePath, options?: ReadImageOptions): Promise<RgbImage> =>
  (await openImage(path)).decode(options)

/**
 * Float32 planes [3, height, width] in [0, 1], what an encoder takes.
 * @example
 * toFloat(await readImage('photo.jpg', { size: 256 })).length // 196608
 */
export function toFloat({ data, width, height }: RgbImage): Float32Array {
  const area = width * height
  const out = new Float32Array(3 * area)
  for (let i = 0; i < 3 * area; i++) out[(i % 3) * area + Math.floor(i / 3)] = data[i]! / 255
  return out
}

async function decoded(bytes: Buffer, space: string, { size, plain = false }: ReadImageOptions): Promise<RgbImage> {
  const image = sharp(bytes, { limitInputPixels: maxPixels, ignoreIcc: plain })
  if (size !== undefined) image.resize(size, size, { fit: 'cover' })
  if (!plain) return rgb(image.autoOrient().flatten().toColourspace('srgb').raw())
  if (space === 'cmyk') {
    const { data, width, height } = await rgb(image.pipelineColourspace('cmyk').toColourspace('cmyk').raw())
    return { data: cmykToRgb(data), width, height }
  }
  if (isGrey16(bytes)) {
    const grey = image.removeAlpha().toColourspace('grey16').raw({ depth: 'ushort' })
    const { data, width, height } = await rgb(grey)
    return { data: clippedToRgb(new Uint16Array(data.buffer, data.byteOffset, width * height)), width, height }
  }
  return rgb(image.removeAlpha().toColourspace('srgb').raw())
}

async function rgb(image: Sharp): Promise<RgbImage> {
  const { data, info } = await image.toBuffer({ resolveWithObject: true })
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), width: info.width, height: info.height }
}

/** By its first bytes. */
export function kindOf(bytes: Uint8Array): ImageKind | undefined {
  if (isPng(bytes)) return 'PNG'
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'JPEG'
  const letters = (from: number) => String.fromCharCode(...bytes.subarray(from, from + 4))
  return letters(0) === 'RIFF' && letters(8) === 'WEBP' ? 'WEBP' : undefined
}

/** PNG's colour type 0 with 16 bits, by its header: PIL keeps these values where it halves the bits of every other image. */
const isGrey16 = (bytes: Buffer): boolean => isPng(bytes) && bytes[24] === 16 && bytes[25] === 0

async function readBytes(path: FilePath, name: string): Promise<Buffer> {
  const failed = (cause: NodeJS.ErrnoException): never => {
    throw new UsageError(`Cannot read ${name}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}.`, { cause })
  }
  const file = await open(
    typeof path === 'string' ? path : Buffer.from(path),
    constants.O_RDONLY | (constants.O_NONBLOCK ?? 0),
  ).catch(failed)
  try {
    const found = await file.stat()
    if (!found.isFile()) throw new UsageError(`Cannot read ${name}: it is not a regular file.`)
    if (found.size > maxFileBytes) {
      throw new UsageError(`${name} has ${found.size} bytes; an image file may have ${maxFileBytes}.`, {
        remedy: 'Make it smaller first, or save it as JPEG.',
      })
    }
    return await file.readFile().catch(failed)
  } finally {
    await file.close()
  }
}

async function named<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const reason = cause instanceof DistilledError ? cause.message : 'This is not an image that can be read.'
    const remedy =
      cause instanceof DistilledError && cause.remedy ? {} : { remedy: 'Expected a PNG, JPEG or WebP file.' }
    throw new CheckpointError(`${name}: ${reason}`, { cause, ...remedy })
  }
}

function settingsOf(json: string): Settings {
  const settings = parse(json)
  if (typeof settings === 'object' && settings !== null && !Array.isArray(settings)) return settings as Settings
  throw new CheckpointError('The settings in this image are damaged (expected a JSON object).')
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
