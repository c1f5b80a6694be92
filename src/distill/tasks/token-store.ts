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

export async function tokenStore(
  engine: Engine,
  tokenizer: { weights: Weights; arch: TokenizerArchitecture },
  examples: Examples,
): Promise<TokenStore> {
  const { imageSize } = examples.data
  const program: Program = await engine.load({ indices: tokensOf(tokenizer.weights, tokenizer.arch, imageSize) })
  const known = new Map<number, { indices: Int32Array; label: number }>()
  const { arch } = tokenizer
  const length =
    arch.family === 'var'
      ? arch.patchNums.reduce((n, p) => n + p * p, 0)
      : (imageSize / 2 ** (arch.chMult.length - 1)) ** 2

  async function lookUp(wanted: readonly number[]): Promise<TokenBatch> {
    const fresh = [...new Set(wanted)].filter((index) => !known.has(index))
    if (fresh.length) {
      const { images, labels } = await readBatch(examples.data, fresh)
      const feeds = { images: float32(images, [fresh.length, 3, imageSize, imageSize]) }
      const all = Int32Array.from(hostData<BigInt64Array>((await program.run(feeds)).indices), Number)
      for (const [i, index] of fresh.entries())
        known.set(index, { indices: all.slice(i * length, (i + 1) * length), label: labels[i]! })
    }
    const rows = wanted.map((index) => known.get(index)!)
    const indices = new Int32Array(wanted.length * length)
    for (const [i, row] of rows.entries()) indices.set(row.indices, i * length)
    return { indices, labels: rows.map(({ label }) => label) }
  }

  const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)
  const { heldOut } = examples
  return {
    length,
    batch: (first, count) => lookUp(range(first, count).map(examples.index)),
    heldOutBatch: (first, count) => lookUp(range(first, count).map((n) => heldOut[n % heldOut.length]!)),
    [Symbol.asyncDispose]: () => program.dispose(),
  }
}
