// Pixels as bytes, and how a decoder's float32 planes become them: torchvision's rounding.

import { EngineError, UsageError } from '../core/errors.ts'

/** Pixels as rows of R, G, B bytes. */
export interface RgbImage {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
}

/** How pixels become 8 bits (`toUint8`), as manifests and protocols say it. */
export const rounding = 'floor(clamp(255 x + 0.5, 0, 255)) in float32'

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

/**
 * RGB bytes of CMYK bytes as PIL converts them: no profile, inks multiplied in 8 bits.
 * @see Pillow: src/libImaging/Convert.c:cmyk2rgb
 * @example
 * cmykToRgb(Uint8Array.of(255, 0, 0, 0)) // [0, 255, 255]
 */
export function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const out = new Uint8Array((cmyk.length / 4) * 3)
  for (let from = 0, to = 0; from < cmyk.length; from += 4, to += 3) {
    const light = 255 - cmyk[from + 3]!
    for (let ink = 0; ink < 3; ink++) {
      const product = cmyk[from + ink]! * light + 128
      out[to + ink] = light - (((product >> 8) + product) >> 8)
    }
  }
  return out
}

/**
 * RGB bytes of 16-bit greys as PIL converts them: values above 255 are white.
 * @see Pillow: src/libImaging/Convert.c:i2l
 * @example
 * clippedToRgb(Uint16Array.of(7, 65535)) // [7, 7, 7, 255, 255, 255]
 */
export function clippedToRgb(greys: Uint16Array): Uint8Array {
  const out = new Uint8Array(3 * greys.length)
  for (let i = 0; i < greys.length; i++) out.fill(Math.min(255, greys[i]!), 3 * i, 3 * i + 3)
  return out
}
