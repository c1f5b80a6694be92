// The thumbnail of a run: its first four pictures, two by two, or its only one.
import type { Picture } from '../backend/types.ts'

/** Pixels of a side. */
export const thumbnailSize = 64

/** A PNG of the first pictures; small ones are enlarged without smoothing. */
export async function thumbnail(pictures: readonly Picture[]): Promise<Blob> {
  const across = pictures.length >= 4 ? 2 : 1
  const cell = thumbnailSize / across
  const canvas = new OffscreenCanvas(thumbnailSize, thumbnailSize)
  const context = canvas.getContext('2d')!
  for (const [i, picture] of pictures.slice(0, across * across).entries()) {
    const bitmap = await createImageBitmap(picture.png)
    context.imageSmoothingEnabled = bitmap.width > cell
    context.drawImage(bitmap, (i % across) * cell, Math.floor(i / across) * cell, cell, cell)
    bitmap.close()
  }
  return canvas.convertToBlob()
}
