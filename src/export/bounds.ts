// Bounds on the error of an exported file, for each arithmetic, and on the difference of another runtime. Beyond them an export
// fails: the network overflows in float16, loses too much in 8 bits, or the runtime is broken.

import { EngineError } from '../core/errors.ts'
import { figure } from '../core/format.ts'
import type { CheckResult } from './check.ts'

export const exportDTypes = ['fp32', 'fp16', 'int8'] as const
/** Arithmetic of an exported network: fp16 as in graph/half.ts, int8 as in models/dense.ts (transformers only). */
export type ExportDType = (typeof exportDTypes)[number]

export interface Bounds {
  /** Least share of equal tokens in each student's step. */
  equalTokens: number
  /** Largest mean error of a student's sequence, other tokens included; codebook entries have entries around 1. */
  sequence: number
  /** Largest mean error of the decoder's pixels, on the scale from 0 to 1. */
  image: number
}

export const bounds: Readonly<Record<ExportDType, Bounds>> = {
  fp32: { equalTokens: 0.999, sequence: 1e-4, image: 1e-5 },
  fp16: { equalTokens: 0.97, sequence: 0.03, image: 2e-3 },
  int8: { equalTokens: 0.8, sequence: 0.1, image: 1e-5 },
}

/**
 * The mean difference from the known answer's images, in levels of 255, allowed for another device or version of ONNX Runtime:
 * a token that flips at a near tie changes a part of an image, wrong arithmetic changes all of it.
 */
export const tolerance: Readonly<Record<ExportDType, number>> = { fp32: 0.5, fp16: 2, int8: 4 }

/** @throws EngineError naming the graph, the figure and its bound; NaN is beyond every bound */
export function requireBounds(dtype: ExportDType, { graphs }: CheckResult): void {
  const limit = bounds[dtype]
  for (const { graph, difference, equalTokens } of graphs) {
    const most = graph === 'decoder' ? limit.image : limit.sequence
    if (!(difference.mean <= most)) {
      throw failed(`the mean error of ${graph} is ${figure(difference.mean)}, more than ${most}`, dtype)
    }
    if (equalTokens !== undefined && !(equalTokens >= limit.equalTokens)) {
      const [share, least] = [equalTokens, limit.equalTokens].map((x) => `${figure(100 * x)} %`)
      throw failed(`${graph} chooses ${share} of its tokens as the fp32 network does, less than ${least}`, dtype)
    }
  }
}

const failed = (what: string, dtype: ExportDType) =>
  new EngineError(`The ${dtype} export failed its check: ${what}. Nothing was written.`, {
    remedy:
      dtype === 'fp32'
        ? 'Another device or version of ONNX Runtime may do better.'
        : "Export this network with `dtype: 'fp32'`.",
  })
