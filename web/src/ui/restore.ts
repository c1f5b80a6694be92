// Reads the settings of an image file that was dropped, pasted or chosen (PNG texts, or XMP in JPEG and WebP). Nothing is
// uploaded.
import { settingsInXmp } from '../../../src/images/xmp.ts'
import { pngSettings } from '../backend/png-settings.ts'
import { BackendError } from '../backend/types.ts'

/** Larger than any image made here; larger files, such as films, are not read into memory. */
const mostBytes = 64e6

/**
 * The settings inside an image file.
 * @throws BackendError when it is not an image, or carries no settings of this package
 */
export async function readImageSettings(file: Blob & { name?: string }): Promise<Record<string, unknown>> {
  const name = file.name ?? 'This file'
  if (file.size > mostBytes) throw new BackendError(`${name} is too large to be one of these pictures.`)
  const settings = settingsOf(new Uint8Array(await file.arrayBuffer()), name)
  if (settings && Object.keys(settings).length) return settings
  throw new BackendError(`${name} carries no settings.`, {
    remedy: 'Pictures saved here or by `distilled sample` do, as long as no other program has rewritten them.',
  })
}

function settingsOf(bytes: Uint8Array, name: string): Record<string, unknown> | undefined {
  try {
    if (bytes[0] === 0x89) return pngSettings(bytes).settings
    const text = settingsInXmp(new TextDecoder().decode(bytes))
    return text === undefined ? undefined : JSON.parse(text)
  } catch (cause) {
    throw new BackendError(`${name} is damaged.`, { remedy: 'Take the original file.', cause })
  }
}
