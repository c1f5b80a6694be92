// `--crop` of the commands that read images to measure them: a folder of photographs as a training sees it.
import { Option } from 'commander'
import { UsageError } from '../core/errors.ts'
import type { EvaluationSet } from '../evaluate/sets/set.ts'
import { wholeNumber } from './parse.ts'

export const cropOption = (): Option =>
  new Option(
    '--crop <pixels>',
    'cut images of folders to squares as training does: turned upright, halved, bicubic, the middle (default: as they are)',
  ).argParser(wholeNumber(8, 1024))

/** @throws UsageError when there is nothing that the flag acts on */
export function refuseIdleCrop(crop: number | undefined, sets: readonly (EvaluationSet | undefined)[]): void {
  if (crop === undefined || sets.some((set) => set?.crop === crop)) return
  throw new UsageError('--crop cuts images of folders, and no folder of images is read.', { remedy: 'Leave it out.' })
}
