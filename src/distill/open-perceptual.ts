// What a training of a tokenizer or a student takes for "looks alike", from the files that a person names: a classifier that was
// trained here, or LPIPS.
import { UsageError } from '../core/errors.ts'
import { spritesClassifier } from '../evaluate/node/sprites-reader.ts'
import { fileSha256 } from '../jobs/node/manifest.ts'
import type { ClassifierArchitecture } from '../models/classifier.ts'
import { lpips } from '../models/lpips.ts'
import { openLpips } from './open-lpips.ts'
import { classifierPerceptual, type Perceptual } from './perceptual.ts'
import { readTrained } from './trained-file.ts'

export interface PerceptualFiles {
  /** A file that `distilled train classifier` wrote, or `sprites`: the classifier that comes with the package. */
  classifier?: string | undefined
  /** torchvision's VGG-16, together with `lpips`. */
  vgg?: string | undefined
  /** The weights of LPIPS' channels. */
  lpips?: string | undefined
}

export interface NamedPerceptual {
  perceptual: Perceptual
  /** With the hash of its files: a run goes on only under the same features. */
  perceptualName: string
}

export interface OpenedPerceptual extends NamedPerceptual {
  close(): Promise<void>
}

/**
 * The distance that the files hold, its weights frozen.
 * @throws UsageError unless either a classifier or both files of LPIPS are named; CheckpointError when a file holds something else
 */
export async function openPerceptual({ classifier, vgg, lpips: lin }: PerceptualFiles): Promise<OpenedPerceptual> {
  if (classifier !== undefined && vgg === undefined && lin === undefined) {
    const file = classifier === 'sprites' ? spritesClassifier : classifier
    const { tensors, architecture } = await readTrained(file, 'classifier')
    return {
      perceptual: classifierPerceptual(tensors, architecture as ClassifierArchitecture),
      perceptualName: `classifier ${await fileSha256(file)}`,
      close: async () => {},
    }
  }
  if (classifier !== undefined || vgg === undefined || lin === undefined) {
    throw new UsageError('What looks alike has to be named once.', {
      remedy:
        "Give `classifier: 'FILE'` (`classifier: 'sprites'` is the one of the package), or both files of LPIPS: `vgg` and `lpips`.",
      shellRemedy:
        'Either --classifier FILE, or LPIPS with --vgg FILE --lpips FILE. --classifier sprites takes the one that comes with the package.',
    })
  }
  const opened = await openLpips(vgg, lin)
  const hashes = await Promise.all([vgg, lin].map((file) => fileSha256(file)))
  return {
    perceptual: (a, b) => lpips(opened.vgg, opened.lin, a, b),
    perceptualName: `LPIPS ${hashes.join(' ')}`,
    close: opened.close,
  }
}
