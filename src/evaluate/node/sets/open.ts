// From what a person names to a set: a name of the registry, a folder, or a file.

import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { nearest, UsageError } from '../../../core/errors.ts'
import { locateReference, references } from '../../../zoo/node/references.ts'
import type { EvaluationSet } from '../../sets/set.ts'
import { featureFolderSet } from '../feature-files.ts'
import { arraySet } from './arrays.ts'
import { folderSet } from './folder.ts'
import { spritesSet } from './sprites.ts'

/** The word for the drawn sprites; a folder of that name is `./sprites`. */
const SPRITES = 'sprites'

export interface OpenSetOptions {
  /** How many sprites `sprites` means. */
  readonly sprites: number
  /** Images of a folder are cut to squares of so many pixels, as training cuts them. */
  readonly crop?: number | undefined
}

/**
 * Opens the samples or the reference that `what` names; close it when done.
 * @throws UsageError when there is nothing of that name, CheckpointError when a file is not what it should be
 * @example
 * const reference = await openSet('sprites', { sprites: 10_000 })
 * reference.count // 10000
 */
export async function openSet(what: string, options: OpenSetOptions): Promise<EvaluationSet> {
  if (what === SPRITES) return spritesSet(options.sprites)
  const path = locateReference(what) ?? what
  const found = await stat(path).catch(() => undefined)
  if (!found) {
    const names = [SPRITES, ...references.map(({ name }) => name)]
    const near = nearest(what, names)
    throw new UsageError(`There is no file, folder or reference "${what}".`, {
      remedy: near ? `Did you mean "${near}"?` : `References by name: ${names.join(', ')}.`,
    })
  }
  if (found.isDirectory()) return (await featureFolderSet(path)) ?? folderSet(path, { crop: options.crop })
  if (['.npz', '.pth', '.pt', '.safetensors'].includes(extname(path).toLowerCase())) return arraySet(path)
  throw new UsageError(`${what} is neither a folder of images nor an .npz or .pth file.`, {
    remedy: 'Put images into a folder, or arrays into an .npz.',
  })
}
