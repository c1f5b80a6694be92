// A picture's pixels, read through a canvas: RGBA bytes, row by row. Colours must stay exact, because equal
// pixels are counted.
import type { Picture } from '../../backend/types.ts'

export interface Pixels {
  readonly data: Uint8ClampedArray
  readonly width: number
  readonly height: number
}

const exact: ImageBitmapOptions = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' }

export const bitmapOf = (png: Blob): Promise<ImageBitmap> => createImageBitmap(png, exact)

/** The pixels of a PNG. */
export async function pixelsOf({ png }: Pick<Picture, 'png'>): Promise<Pixels> {
  const bitmap = await bitmapOf(png)
  try {
    const { width, height } = bitmap
    const canvas = Object.assign(document.createElement('canvas'), { width, height })
    const context = canvas.getContext('2d', { willReadFrequently: true })!
    context.drawImage(bitmap, 0, 0)
    return { data: context.getImageData(0, 0, width, height).data, width, height }
  } finally {
    bitmap.close()
  }
}
