// `--init`: a training that starts from given weights, those of a finished run or of any checkpoint, instead of random ones.
// Every tensor must be present in its shape. The exceptions are tensors with one row per class, which are initialised anew when
// the number of classes differs. The optimiser's state is not read.

import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openFile } from '../checkpoint/node/file-source.ts'
import type { StateDict } from '../checkpoint/types.ts'
import { toFloat32 } from '../core/dtype.ts'
import { CheckpointError, UsageError } from '../core/errors.ts'
import type { Parameters } from './parameters.ts'
import { newestCheckpoint } from './train-state.ts'
import { networkShapes, type TrainedNetwork } from './trained-file.ts'

type Network = Pick<TrainedNetwork, 'kind' | 'architecture'>

/**
 * The file that `--init` names: a file itself, or a run folder's weights, or its newest checkpoint if there are none yet.
 * @throws UsageError when there is no such file
 */
export async function initFile(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile()) return path
  if (!found?.isDirectory())
    throw new UsageError(`\`init\` ${path}: ${found ? 'it is not a regular file' : 'there is no such file'}.`)
  const finished = join(path, 'model.safetensors')
  const file = existsSync(finished) ? finished : await newestCheckpoint(path)
  if (file !== undefined) return file
  throw new UsageError(`\`init\` ${path}: the folder holds neither model.safetensors nor checkpoints of a run.`)
}

/**
 * Overwrites the first values of a network with those of a file.
 * @returns what was taken, in words
 * @throws CheckpointError when the file cannot be read, is another kind of network or lacks a tensor; UsageError when a
 *   tensor has another shape
 */
export async function startFrom(file: string, network: Network, parameters: Parameters): Promise<string> {
  const checkpoint = await openFile(file)
  try {
    const kind = checkpoint.metadata.get('distilled.kind') ?? network.kind
    if (kind !== network.kind)
      throw new CheckpointError(`${file} is a ${kind}; a ${network.kind} cannot start from it.`)
    const given = fullest(checkpoint.stateDicts.map(({ tensors }) => tensors).map(averageOf), parameters)
    const perClass = classTensors(network)
    const anew: string[] = []
    for (const [name, { shape, data }] of parameters) {
      const ref = given.get(name)
      if (ref && `${ref.shape}` === `${shape}`) data.set(toFloat32(await ref.read(), ref.dtype))
      else if (ref && perClass.has(name)) anew.push(`${name} [${ref.shape.join(', ')}]`)
      else throw unfit(file, name, ref?.shape, shape)
    }
    const classes = anew.length ? `; of other classes and started anew: ${anew.join(', ')}` : ''
    return `Starts from ${file}: ${parameters.size - anew.length} of ${parameters.size} tensors taken${classes}.`
  } finally {
    await checkpoint.close()
  }
}

/** Of a run's checkpoint, which has four values for every parameter, the averages. */
function averageOf(tensors: StateDict): StateDict {
  const prefix = 'ema/'
  const averages = [...tensors].filter(([name]) => name.startsWith(prefix))
  return averages.length ? new Map(averages.map(([name, ref]) => [name.slice(prefix.length), ref])) : tensors
}

/** The dict that has most of what is wanted. */
function fullest(dicts: readonly StateDict[], wanted: Parameters): StateDict {
  const found = (tensors: StateDict) => [...wanted.keys()].filter((name) => tensors.has(name)).length
  return dicts.reduce((best, next) => (found(next) > found(best) ? next : best), new Map() as StateDict)
}

/** Tensors whose shape depends on the number of classes. */
function classTensors({ kind, architecture }: Network): Set<string> {
  if (!('numClasses' in architecture)) return new Set()
  const more = networkShapes({ kind, architecture: { ...architecture, numClasses: architecture.numClasses + 1 } })
  const shapes = [...networkShapes({ kind, architecture })]
  return new Set(shapes.filter(([name, shape]) => `${more.get(name)}` !== `${shape}`).map(([name]) => name))
}

function unfit(file: string, name: string, found: readonly number[] | undefined, wanted: readonly number[]): Error {
  const expected = `"${name}" [${wanted.join(', ')}]`
  if (found === undefined) {
    return new CheckpointError(`${file}: no tensor ${expected}, so training cannot start from it.`, {
      remedy: 'Is it a network of this kind and family?',
    })
  }
  return new UsageError(`${file}: tensor "${name}" is [${found.join(', ')}]; this run has ${expected}.`, {
    remedy: 'Give the sizes that the file was trained with, or train without `init`.',
  })
}
