// Many pictures as one file. PNGs are compressed already, so the archive stores them as they are.
import type { Picture } from '../backend/types.ts'
import { pictureName } from './download.ts'

/** A ZIP of all pictures, each under its own name. */
export async function zipPictures(pictures: readonly Picture[]): Promise<Blob> {
  const { zipSync } = await import('fflate')
  const files: Record<string, Uint8Array> = {}
  for (const picture of pictures) files[pictureName(picture)] = new Uint8Array(await picture.png.arrayBuffer())
  return new Blob([zipSync(files, { level: 0 }) as Uint8Array<ArrayBuffer>], { type: 'application/zip' })
}
