// Many images on one sheet, laid out as torchvision's make_grid does: row after row on black, `padding` pixels around
// and between.
import { UsageError } from '../../core/errors.ts'
import type { RgbImage } from '../rgb.ts'
import type { Settings } from '../xmp.ts'
import { GeneratedImage } from './image.ts'

export interface GridOptions {
  columns: number
  /** Pixels around and between images. */
  padding?: number
  settings?: Settings | undefined
}

/**
 * One image of all `images`, `columns` (or fewer, when there are fewer images) in a row; a single image stays as it is.
 * @throws UsageError when there is no image, sizes differ, columns is not a whole number >= 1, or padding is not one >= 0
 * @see torchvision/utils.py:make_grid
 * @example
 * await grid(images, { columns: 8 }).save('grid.png')
 */
export function grid(images: readonly RgbImage[], { columns, padding = 2, settings }: GridOptions): GeneratedImage {
  const [first] = images
  if (!first) throw new UsageError('A grid needs at least one image.')
  if (!(Number.isInteger(columns) && columns > 0 && Number.isInteger(padding) && padding >= 0)) {
    throw new UsageError(`A grid needs whole numbers: columns >= 1 and padding >= 0, got ${columns} and ${padding}.`)
  }
  const odd = images.findIndex(({ width, height }) => width !== first.width || height !== first.height)
  if (odd > 0) {
    const { width, height } = images[odd]!
    throw new UsageError(
      `Images of a grid share one size: image 0 is ${first.width} x ${first.height}, image ${odd} is ${width} x ${height}.`,
    )
  }
  if (images.length === 1) return new GeneratedImage({ ...plain(first), settings })

  const perRow = Math.min(columns, images.length)
  const stepX = first.width + padding
  const stepY = first.height + padding
  const width = perRow * stepX + padding
  const height = Math.ceil(images.length / perRow) * stepY + padding
  const data = new Uint8Array(3 * width * height)
  for (const [k, image] of images.entries()) {
    const left = (k % perRow) * stepX + padding
    const top = Math.floor(k / perRow) * stepY + padding
    for (let y = 0; y < image.height; y++) {
      data.set(image.data.subarray(3 * y * image.width, 3 * (y + 1) * image.width), 3 * ((top + y) * width + left))
    }
  }
  return new GeneratedImage({ data, width, height, settings })
}

const plain = ({ data, width, height }: RgbImage): RgbImage => ({ data, width, height })
