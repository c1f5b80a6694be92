// A sheet to look at before training: one row per class, with its name at the left and examples at the right, pixels enlarged
// without smoothing, to show what a network sees.

import { printableLine } from '../../core/show.ts'
import { GeneratedImage } from '../../images/node/image.ts'
import { sharp } from '../../images/node/sharp.ts'
import type { RgbImage } from '../../images/rgb.ts'
import { firstOfEach, type LabelledDataset } from '../labels.ts'
import { toBytes } from '../planes.ts'

export interface PreviewOptions {
  /** Classes shown, from the first. */
  rows: number
  /** Examples of each. */
  columns: number
  /** Every pixel becomes a square of this side. */
  scale: number
  signal?: AbortSignal
}

const GAP = 4
const FONT = 15
const LONGEST_NAME = 28

/**
 * The sheet as an image without settings.
 * @throws what reading the images throws, the signal's reason when it is aborted
 * @example
 * const sheet = await previewSheet(sprites({ seed: 0 }), { rows: 12, columns: 10, scale: 3 })
 */
export async function previewSheet(data: LabelledDataset, options: PreviewOptions): Promise<GeneratedImage> {
  const { rows, columns, scale, signal } = options
  const names = data.classes.slice(0, rows).map(shortened)
  const step = data.imageSize * scale + GAP
  const left = Math.ceil(0.62 * FONT * Math.max(...names.map((name) => name.length))) + 4 * GAP
  const width = left + columns * step
  const height = names.length * step + GAP
  const sheet = { data: await captions(names, { left, step, width, height }), width, height }
  for (const [row, indices] of firstOfEach(data, columns).slice(0, rows).entries()) {
    for (const [column, index] of indices.entries()) {
      signal?.throwIfAborted()
      const { image } = await data.get(index)
      const tile = { data: toBytes(image), width: data.imageSize, height: data.imageSize }
      paste(sheet, tile, { x: left + column * step, y: GAP + row * step, scale })
    }
  }
  return new GeneratedImage(sheet)
}

/** A white sheet with the names down its left side. */
async function captions(
  names: readonly string[],
  { left, step, width, height }: { left: number; step: number; width: number; height: number },
): Promise<Uint8Array> {
  const text = names.map((name, row) => {
    const y = GAP + row * step + (step - GAP) / 2 + 0.35 * FONT
    return `<text x="${left - 2 * GAP}" y="${y}">${escaped(name)}</text>`
  })
  const style = `font-family="sans-serif" font-size="${FONT}" fill="#333333" text-anchor="end"`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><g ${style}>${text.join('')}</g></svg>`
  return sharp(Buffer.from(svg)).flatten({ background: '#ffffff' }).raw().toBuffer()
}

function paste(sheet: RgbImage, tile: RgbImage, { x, y, scale }: { x: number; y: number; scale: number }): void {
  for (let row = 0; row < tile.height * scale; row++) {
    for (let column = 0; column < tile.width * scale; column++) {
      const from = 3 * (Math.floor(row / scale) * tile.width + Math.floor(column / scale))
      sheet.data.set(tile.data.subarray(from, from + 3), 3 * ((y + row) * sheet.width + x + column))
    }
  }
}

/** Names of folders may hold anything; XML takes no control characters. */
const shortened = (folder: string): string => {
  const name = printableLine(folder)
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name
}

const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign]!)
