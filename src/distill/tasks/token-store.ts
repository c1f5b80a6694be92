// Images as tokens: a frozen tokenizer encodes each image of the run once; later epochs find its indices in memory.

import { readBatch } from '../../data/dataset.ts'
import { type Engine, float32, hostData, type Program } from '../../engine/types.ts'
import { input } from '../../graph/index.ts'
import { concat } from '../../graph/ops/index.ts'
import type { TokenizerArchitecture } from '../../models/architecture.ts'
import { llamaGenCodebook, llamaGenEncode, unitRows } from '../../models/llamagen-vq.ts'
import { nearestCode } from '../../models/student.ts'
import { quantizeScales, varEncode } from '../../models/var-vqvae.ts'
import type { Weights } from '../../models/weights.ts'
import type { Examples } from './examples.ts'

export interface TokenBatch {
  /** int32 [B, L] */
  indices: Int32Array
  labels: number[]
}

export interface TokenStore extends AsyncDisposable {
  /** Tokens of an image. */
  readonly length: number
  /** Number of held-out images. */
  readonly heldOut: number
  /** Examples number first .. first + count - 1 of the run. */
  batch(first: number, count: number): Promise<TokenBatch>
  heldOutBatch(first: number, count: number): Promise<TokenBatch>
}

/** Indices [B, L] of images [B, 3, S, S] in [-1, 1]. */
export function tokensOf(w: Weights, arch: TokenizerArchitecture, imageSize: number) {
  const images = input('images', 'float32', ['batch', 3, imageSize, imageSize])
  if (arch.family === 'llamagen') return nearestCode(unitRows(llamaGenEncode(w, arch, images)), llamaGenCodebook(w))
  return concat(
    quantizeScales(w, arch, varEncode(w, arch, images)).map(({ index }) => index),
    1,
  )
}

/** Images that are encoded together. */
const BLOCK = 16

export async function tokenStore(
  engine: Engine,
  tokenizer: { weights: Weights; arch: TokenizerArchitecture },
  examples: Examples,
): Promise<TokenStore> {
  const { imageSize } = examples.data
  const program: Program = await engine.load({ indices: tokensOf(tokenizer.weights, tokenizer.arch, imageSize) })
  const known = new Map<string, TokenBatch>()
  const { arch } = tokenizer
  const length =
    arch.family === 'var'
      ? arch.patchNums.reduce((n, p) => n + p * p, 0)
      : (imageSize / 2 ** (arch.chMult.length - 1)) ** 2

  /** Block `number` of a walk through the data: always the same images together, whatever was asked for first. */
  async function block(walk: string, number: number, indexAt: (n: number) => number, count: number) {
    const key = `${walk}:${number}`
    const found = known.get(key)
    if (found) return found
    const size = Math.min(BLOCK, count - number * BLOCK)
    const wanted = Array.from({ length: size }, (_, i) => indexAt(number * BLOCK + i))
    const { images, labels } = await readBatch(examples.data, wanted)
    const out = await program.run({ images: float32(images, [size, 3, imageSize, imageSize]) })
    const made = { indices: Int32Array.from(hostData<BigInt64Array>(out.indices), Number), labels }
    known.set(key, made)
    return made
  }

  async function lookUp(walk: string, first: number, size: number, indexAt: (n: number) => number, count: number) {
    const indices = new Int32Array(size * length)
    const labels: number[] = []
    for (let i = 0; i < size; i++) {
      const n = (first + i) % count
      const row = n % BLOCK
      const from = await block(walk, (n - row) / BLOCK, indexAt, count)
      indices.set(from.indices.subarray(row * length, (row + 1) * length), i * length)
      labels.push(from.labels[row]!)
    }
    return { indices, labels }
  }

  const { heldOut } = examples
  return {
    length,
    heldOut: heldOut.length,
    batch: (first, count) => lookUp('train', first, count, examples.index, examples.count),
    heldOutBatch: (first, count) => lookUp('held-out', first, count, (n) => heldOut[n]!, heldOut.length),
    [Symbol.asyncDispose]: () => program.dispose(),
  }
}
