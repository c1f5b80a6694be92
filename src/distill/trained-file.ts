// Files of networks trained here: safetensors whose metadata hold what shapes do not tell: kind, architecture, class names, and
// the settings of the run that made them.

import { openFile } from '../checkpoint/node/file-source.ts'
import { toFloat32 } from '../core/dtype.ts'
import { CheckpointError } from '../core/errors.ts'
import type { NetworkSpec } from '../models/architecture.ts'
import { checkTensors } from '../models/check-tensors.ts'
import { classifierShapes } from '../models/classifier.ts'
import { expectedShapes } from '../models/shapes.ts'
import { type Kind, type TrainedFacts, trainedFacts } from '../models/trained-facts.ts'
import type { Parameters } from './parameters.ts'
import { type Tensors, writeWeights } from './weights-file.ts'

export { type Kind, kinds } from '../models/trained-facts.ts'

/** The settings of a student's run hold `timesteps` and `split`: sampling takes them as its presets. */
export interface TrainedNetwork extends TrainedFacts {
  tensors: Parameters
}

/** Names and shapes of a network's parameters. */
export const networkShapes = ({ kind, architecture }: Pick<TrainedNetwork, 'kind' | 'architecture'>) =>
  architecture.family === 'classifier'
    ? classifierShapes(architecture)
    : expectedShapes({ kind, architecture } as NetworkSpec)

/** Writes a network with its facts; float16 halves the file. */
export async function writeTrained(
  path: string,
  { kind, architecture, classes, imageSize, tensors, run }: TrainedNetwork,
  options: { dtype?: 'float32' | 'float16' } = {},
): Promise<void> {
  const json = { architecture, classes, imageSize, run }
  const metadata = Object.entries(json).map(([name, value]) => [`distilled.${name}`, JSON.stringify(value)])
  await writeWeights(
    path,
    tensors as Tensors,
    { format: 'pt', 'distilled.kind': kind, ...Object.fromEntries(metadata) },
    options,
  )
}

/**
 * Reads a network that was trained here into memory.
 * @param kind the kind of network that is expected
 * @throws CheckpointError when the file is no such network or lacks tensors
 * @example
 * const teacher = await readTrained('runs/teacher/model.safetensors', 'teacher')
 */
export async function readTrained(path: string, kind: Kind): Promise<TrainedNetwork> {
  const checkpoint = await openFile(path)
  try {
    const facts = trainedFacts(path, checkpoint.metadata)
    if (facts?.kind !== kind) {
      throw new CheckpointError(
        `${path} is ${facts ? `a ${facts.kind}` : 'no network trained by this project'}; expected a ${kind}.`,
      )
    }
    const { architecture } = facts
    checkTensors(
      path,
      checkpoint.tensors(),
      networkShapes({ kind, architecture }),
      'Train it again, or take another file.',
    )
    const tensors: Parameters = new Map()
    for (const [name, ref] of checkpoint.tensors())
      tensors.set(name, { shape: ref.shape, data: toFloat32(await ref.read(), ref.dtype) })
    return { ...facts, tensors }
  } finally {
    await checkpoint.close()
  }
}
