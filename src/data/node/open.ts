// `--data`: one word for the drawn sprites, a path for a folder of images.

import type { LabelledDataset } from '../labels.ts'
import { imageFolder } from './folder.ts'
import { sprites } from './sprites.ts'

/** The word that means the drawn data set; a folder of that name is `../sprites`. */
export const SPRITES = 'sprites'

/**
 * The data set that `spec` names: `sprites`, or a folder with one folder of images per class. `seed` chooses the sprites.
 * @throws UsageError as `imageFolder`
 * @example
 * const data = await openDataset('sprites', { seed: 0, imageSize: 32 })
 */
export async function openDataset(
  spec: string,
  { seed, imageSize }: { seed: number; imageSize: number },
): Promise<LabelledDataset> {
  return spec === SPRITES ? sprites({ seed, imageSize }) : imageFolder(spec, { imageSize })
}
