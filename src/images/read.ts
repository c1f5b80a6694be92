// Image files in: the pixels, and the settings that an image of ours carries (`distilled sample --like IMAGE.png`).
import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { CheckpointError, DistilledError, UsageError } from '../core/errors.ts'
import { isPng, readPngText } from './png-text.ts'
import type { RgbImage } from './rgb.ts'
import { SETTINGS_KEY, type Settings, settingsInXmp } from './xmp.ts'

/**
 * The settings an image was made with, from a PNG, JPEG or WebP file; undefined when it holds none.
 * @throws UsageError when there is no such file, CheckpointError when it is no image or its settings are damaged
 * @example
 * const settings = await readSettings('000000.png')
 */
export async function readSettings(path: string): Promise<Settings | undefined> {
  const json = await read(path, async (bytes) =>
    isPng(bytes)
      ? readPngText(bytes).get(SETTINGS_KEY)
      : settingsInXmp((await sharp(bytes).metadata()).xmpAsString ?? ''),
  )
  if (json === undefined) return undefined
  const settings = parse(json)
  if (typeof settings === 'object' && settings !== null && !Array.isArray(settings)) return settings as Settings
  throw new CheckpointError(`${path}: the settings in this image are damaged (expected a JSON object).`)
}

/**
 * Pixels of an image file, turned upright, in sRGB, transparency on black. With `size`: the shorter side resized to it
 * (Lanczos) and the centre square cut out. `plain` gives the bytes that are stored, as PIL's `convert('RGB')` does: not turned,
 * no colour profile applied, transparency left out.
 * @throws UsageError when there is no such file, CheckpointError when it is no image
 * @example
 * const { data, width, height } = await readImage('photo.jpg', { size: 256 })
 */
export async function readImage(
  path: string,
  { size, plain }: { size?: number; plain?: boolean } = {},
): Promise<RgbImage> {
  return read(path, async (bytes) => {
    const image = plain
      ? sharp(bytes, { ignoreIcc: true }).removeAlpha().toColourspace('srgb')
      : sharp(bytes).autoOrient().flatten().toColourspace('srgb')
    if (size !== undefined) image.resize(size, size, { fit: 'cover' })
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
    return { data: new Uint8Array(data), width: info.width, height: info.height }
  })
}

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

async function read<T>(path: string, use: (bytes: Uint8Array) => Promise<T>): Promise<T> {
  const bytes = await readFile(path).catch((cause) => {
    throw new UsageError(`Cannot read ${path}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}.`, { cause })
  })
  try {
    return await use(bytes)
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    const reason = cause instanceof DistilledError ? cause.message : 'This is not an image that can be read.'
    throw new CheckpointError(`${path}: ${reason}`, { remedy: 'Expected a PNG, JPEG or WebP file.', cause })
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
