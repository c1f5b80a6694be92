// Reads a PNG file's size, and the settings that make it again (src/images/node/image.ts writes them).
import { isPng, readPngText } from '../../../src/images/png-text.ts'
import { SETTINGS_KEY } from '../../../src/images/xmp.ts'

export interface PngFacts {
  width: number
  height: number
  settings: Record<string, unknown>
}

/**
 * Size and settings of a PNG; the settings are undefined when this package did not write any.
 * @throws Error when the bytes are not a PNG file, or are damaged
 */
export function pngSettings(bytes: Uint8Array): PngFacts {
  const text = isPng(bytes) ? readPngText(bytes).get(SETTINGS_KEY) : undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { width: view.getUint32(16), height: view.getUint32(20), settings: text === undefined ? {} : JSON.parse(text) }
}
