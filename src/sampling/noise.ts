// Where the noise of image i comes from. Philox: a function of (seed, i) alone. Torch: row i of
// torch.manual_seed(seed); torch.randn(count, L, C) on a CPU. Given: the caller's own array.

import { oneOf, UsageError } from '../core/errors.ts'
import { noise as philoxNoise } from '../core/random/philox.ts'
import { TorchGenerator } from '../core/random/torch.ts'
import { tokensUnknown } from '../models/infer.ts'

export const generators = ['philox', 'torch'] as const
export type Generator = (typeof generators)[number]

/** Gaussian noise of images first .. first + count - 1, row-major [count, size]. */
export type NoiseSource = (first: number, count: number) => Float32Array

/** @param size values an image, @param total images in the whole run (torch draws them in one call) */
export function noiseSource(generator: Generator, seed: number, size: number, total: number): NoiseSource {
  if (oneOf('rng', generator, generators) === 'philox') {
    return (first, count) => {
      const out = new Float32Array(count * size)
      for (let i = 0; i < count; i++) out.set(philoxNoise(seed, first + i, size), i * size)
      return out
    }
  }
  let all: Float32Array | undefined
  return (first, count) => {
    all ??= new TorchGenerator(seed).randn([total, size])
    return all.slice(first * size, (first + count) * size)
  }
}

/**
 * Noise handed in as float32 [total, L, C].
 * @param family LlamaGen's files do not say how many tokens an image has, which the error then says how to say
 * @throws UsageError for another shape
 */
export function givenNoise(
  data: Float32Array,
  shape: readonly number[],
  expected: readonly number[],
  family?: 'var' | 'llamagen',
): NoiseSource {
  if (shape.length !== 3 || shape.some((d, i) => d !== expected[i])) {
    throw new UsageError(
      `The noise must have shape [${expected.join(', ')}] (images, tokens, channels), got [${shape.join(', ')}].`,
      family === 'llamagen' && shape.length === 3 && shape[1] !== expected[1] ? tokensUnknown : {},
    )
  }
  const size = expected[1]! * expected[2]!
  return (first, count) => data.slice(first * size, (first + count) * size)
}
