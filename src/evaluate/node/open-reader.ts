// Opens a feature reader by name: `sprites`, an ONNX file, or a file of weights. Inception's weights are not part of the package
// and are never downloaded; if they are missing, the error says where they are published.

import { existsSync, statSync } from 'node:fs'
import { openFile } from '../../checkpoint/node/file-source.ts'
import { UsageError } from '../../core/errors.ts'
import type { Engine } from '../../engine/types.ts'
import type { FeatureReader } from '../reader.ts'
import type { ProtocolName } from '../result.ts'
import { fidWeights, inceptionReader } from './inception-reader.ts'
import { onnxReader } from './onnx-reader.ts'
import { classifierReader, isClassifier, spritesReader } from './sprites-reader.ts'

export interface ReaderContext {
  readonly engine: Engine
  /** Determines the preprocessing for Inception; other networks have only one. */
  readonly protocol: ProtocolName
}

/**
 * Opens a feature reader.
 * @param what `sprites`; an ONNX file (onnx-reader.ts); weights of Inception-v3 under pytorch-fid's names; or a classifier
 * that `distilled train classifier` wrote
 * @throws UsageError when there is no such file, CheckpointError when it holds something else
 * @example
 * const reader = await openFeatureReader('sprites', { engine, protocol: 'dd' })
 * await reader.dispose()
 * reader.width // 128
 */
export async function openFeatureReader(what: string, { engine, protocol }: ReaderContext): Promise<FeatureReader> {
  if (what === 'sprites') return spritesReader(engine)
  if (!existsSync(what)) throw missing(what)
  if (!statSync(what).isFile()) {
    throw new UsageError(`The feature reader ${what} is a folder.`, {
      remedy: 'Name a file of weights, or an ONNX file.',
    })
  }
  if (/\.onnx$/i.test(what)) return onnxReader(engine, what)
  if (await isOurClassifier(what)) return classifierReader(engine, what, 'classifier')
  return inceptionReader(engine, what, protocol)
}

async function isOurClassifier(path: string): Promise<boolean> {
  const checkpoint = await openFile(path)
  await checkpoint.close()
  return isClassifier(checkpoint.metadata)
}

function missing(what: string): UsageError {
  const { name, bytes, sha256, page } = fidWeights
  return new UsageError(`The feature reader ${what}: there is no such file.`, {
    remedy:
      `The Inception-v3 that distances are published with is ${name} (${bytes} bytes, SHA-256 ${sha256}), at ${page}; ` +
      'nothing is downloaded on its own. The reader sprites needs no file.',
  })
}
