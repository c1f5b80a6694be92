// A finished image in the page: pixels, the settings that made them, and its ways onto a canvas and into a file.

import { encodePng } from '../images/encode-png.ts'
import type { RgbImage } from '../images/rgb.ts'
import { COMMENT, SETTINGS_KEY, type Settings, SOFTWARE } from '../images/xmp.ts'

/**
 * An image as the samplers return it.
 * @example
 * canvas.getContext('2d').putImageData(image.imageData(), 0, 0)
 */
export class WebImage implements RgbImage {
  /** Rows of R, G, B bytes. */
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
  /** Everything needed to make the image again. */
  readonly settings: Settings

  constructor({ data, width, height, settings }: RgbImage & { settings: Settings }) {
    this.data = data
    this.width = width
    this.height = height
    this.settings = settings
  }

  /** The pixels as a canvas takes them. */
  imageData(): ImageData {
    const { data, width, height } = this
    const rgba = new Uint8ClampedArray(4 * width * height).fill(255)
    for (let i = 0; i < width * height; i++) rgba.set(data.subarray(3 * i, 3 * i + 3), 4 * i)
    return new ImageData(rgba, width, height)
  }

  /** A PNG file with the settings and the AI-generated mark inside, as `distilled sample` writes it. */
  async blob(): Promise<Blob> {
    const texts = { Software: SOFTWARE, Comment: COMMENT, [SETTINGS_KEY]: JSON.stringify(this.settings) }
    return new Blob([await encodePng(this, texts)], { type: 'image/png' })
  }
}
