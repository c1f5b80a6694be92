// Pixels as bytes, and how a decoder's float32 planes become them: torchvision's rounding.

import { EngineError, UsageError } from '../core/errors.ts'

/** Pixels as rows of R, G, B bytes. */
export interface RgbImage {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
}

/**
 * Pixels from the float32 planes [3, height, width] in [0, 1] a decoder gives: floor(clamp(255 x + 0.5, 0, 255)) in
 * float32.
 * @throws EngineError at a NaN
 * @see torchvision/utils.py:save_image
 * @example
 * const image = { data: toUint8(planes, 256, 256), width: 256, height: 256 }
 */
export function toUint8(planes: Float32Array, width: number, height: number): Uint8Array {
  const area = width * height
  if (planes.length !== 3 * area) {
    throw new UsageError(`Planes of 3 x ${height} x ${width} hold ${3 * area} values, got ${planes.length}.`)
  }
  const out = new Uint8Array(3 * area)
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < area; i++) {
      const value = Math.fround(Math.fround(planes[channel * area + i]! * 255) + 0.5)
      if (Number.isNaN(value)) {
        throw new EngineError(
          `The image is NaN at channel ${channel}, row ${Math.floor(i / width)}, column ${i % width}.`,
          {
            remedy: 'The network overflowed or its weights are damaged; try dtype fp32.',
          },
        )
      }
      out[3 * i + channel] = Math.min(255, Math.max(0, value))
    }
  }
  return out
}
