// The known answer of an exported folder: noise and labels, and the results of its files on the CPU of the machine that wrote
// them. A program in any language can compare its own results with it.

import { type NamedTensor, writeSafetensors } from '../checkpoint/safetensors.ts'
import { toUint8 } from '../images/rgb.ts'
import type { Family } from '../sampling/family.ts'
import { tokensBefore } from '../sampling/family.ts'
import type { SampledImage } from '../sampling/sampler.ts'
import type { ExportedPreset } from './parts.ts'

/**
 * A safetensors file: labels int64 [N], noise float32 [N, L, C], and for each preset steps_K.sequence float32 [N, L, C],
 * steps_K.image uint8 [N, H, W, 3].
 */
export function knownAnswer(
  family: Family,
  presets: readonly ExportedPreset[],
  images: readonly (readonly SampledImage[])[],
): Uint8Array {
  const first = images[0]!
  const n = first.length
  const side = family.imageSize
  const tokens = [n, tokensBefore(family, family.groups.length), family.channels]
  const floats = (arrays: readonly Float32Array[]) => joined(arrays.map(bytesOf))
  const tensors: NamedTensor[] = [
    {
      name: 'labels',
      dtype: 'int64',
      shape: [n],
      data: bytesOf(BigInt64Array.from(first, ({ label }) => BigInt(label))),
    },
    { name: 'noise', dtype: 'float32', shape: tokens, data: floats(first.map(({ noise }) => noise)) },
  ]
  for (const [i, { steps }] of presets.entries()) {
    const sequences = floats(images[i]!.map(({ sequence }) => sequence))
    const pixels = joined(images[i]!.map((image) => toUint8(image.pixels, side, side)))
    tensors.push(
      { name: `steps_${steps}.sequence`, dtype: 'float32', shape: tokens, data: sequences },
      { name: `steps_${steps}.image`, dtype: 'uint8', shape: [n, side, side, 3], data: pixels },
    )
  }
  return joined(writeSafetensors(tensors))
}

const bytesOf = (array: Float32Array | BigInt64Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

const joined = (pieces: readonly Uint8Array[]): Uint8Array => Buffer.concat(pieces)
