// A finished image: 8-bit RGB pixels, the settings that made it, and its way into a file.
// Every file says that its picture is AI-generated and how to make it again.
import { extname } from 'node:path'
import { nearest, UsageError } from '../../core/errors.ts'
import { writeAtomically } from '../../files/atomic.ts'
import { addPngText } from '../png-text.ts'
import type { RgbImage } from '../rgb.ts'
import { COMMENT, SETTINGS_KEY, type Settings, SOFTWARE, toXmp } from '../xmp.ts'
import { sharp } from './sharp.ts'

export type ImageFormat = 'png' | 'jpeg' | 'webp'

export interface EncodeOptions {
  /** 1 to 100, for JPEG and WebP; 95 when left out. */
  quality?: number | undefined
  /** false leaves out settings and the AI-generated mark. */
  metadata?: boolean | undefined
}

export interface SaveOptions extends EncodeOptions {
  /** Taken from the file's name when left out. */
  format?: ImageFormat | undefined
  signal?: AbortSignal | undefined
}

const formatOf: Readonly<Record<string, ImageFormat>> = { png: 'png', jpg: 'jpeg', jpeg: 'jpeg', webp: 'webp' }
const JPEG_XMP_LIMIT = 60_000

/**
 * An image as the samplers return it.
 * @example
 * const { images } = await model.sample({ classes: [1], seed: 0 })
 * await images[0].save('goldfish.png')
 */
export class GeneratedImage implements RgbImage {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
  readonly settings: Settings | undefined

  /** @throws UsageError unless `data` holds width * height * 3 bytes */
  constructor({ data, width, height, settings }: RgbImage & { settings?: Settings | undefined }) {
    if (data.length !== width * height * 3) {
      throw new UsageError(`${width} x ${height} RGB pixels take ${width * height * 3} bytes, got ${data.length}.`)
    }
    this.data = data
    this.width = width
    this.height = height
    this.settings = settings
  }

  /**
   * The bytes of an image file.
   * @throws UsageError for an unknown format, a quality it does not have, or settings too long for a JPEG (60,000 bytes)
   */
  async encode(format: ImageFormat, { quality, metadata = true }: EncodeOptions = {}): Promise<Uint8Array> {
    if (!Object.values(formatOf).includes(format)) throw unknownFormat(format)
    checkQuality(format, quality)
    const { width, height, settings } = this
    const image = sharp(this.data, { raw: { width, height, channels: 3 } })
    if (format === 'png') {
      const png = await image.png().toBuffer()
      if (!metadata) return png
      const texts = { Software: SOFTWARE, Comment: COMMENT }
      return addPngText(png, settings ? { ...texts, [SETTINGS_KEY]: JSON.stringify(settings) } : texts)
    }
    if (metadata) {
      const xmp = toXmp(settings)
      if (format === 'jpeg' && Buffer.byteLength(xmp) > JPEG_XMP_LIMIT) {
        throw new UsageError(`The settings are too long for a JPEG file (${Buffer.byteLength(xmp)} bytes).`, {
          remedy: 'Save as PNG or WebP, or without metadata.',
        })
      }
      image.withXmp(xmp)
    }
    const options = { quality: quality ?? 95 }
    return format === 'jpeg'
      ? image.jpeg({ ...options, chromaSubsampling: '4:4:4' }).toBuffer()
      : image.webp(options).toBuffer()
  }

  /**
   * Writes an image file, whole or not at all.
   * @throws UsageError for a name without a known ending, and what `encode` and `writeAtomically` throw
   * @example
   * await image.save('samples/000000.webp', { quality: 90 })
   */
  async save(path: string, { format, signal, ...options }: SaveOptions = {}): Promise<void> {
    const ending = extname(path).slice(1).toLowerCase()
    const bytes = await this.encode(format ?? formatOf[ending] ?? unknownEnding(path, ending), options)
    await writeAtomically(path, bytes, { signal })
  }
}

function checkQuality(format: ImageFormat, quality: number | undefined): void {
  if (quality === undefined) return
  if (format === 'png') throw new UsageError('PNG is lossless and has no quality.', { remedy: 'Leave quality out.' })
  if (!(Number.isInteger(quality) && quality >= 1 && quality <= 100)) {
    throw new UsageError(`quality must be a whole number from 1 to 100, got ${quality}.`)
  }
}

function unknownEnding(path: string, ending: string): never {
  const near = nearest(ending, Object.keys(formatOf))
  throw new UsageError(`${path}: no image format "${ending}"; known are ${Object.keys(formatOf).join(', ')}.`, {
    ...(near && { remedy: `Did you mean .${near}?` }),
  })
}

const unknownFormat = (format: string) =>
  new UsageError(`No image format "${format}"; known are ${[...new Set(Object.values(formatOf))].join(', ')}.`)
