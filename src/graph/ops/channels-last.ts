// Images [B, C, H, W] that lie in memory as horizontal strips [B, rows * W, C]. Ops that prefer this layout hand it to
// each other: a channels-first tensor carries the strips it was made of, and when every consumer takes those, the
// transposition is never written. Networks need no change for this.

import type { Dim, Tensor } from '../tensor.ts'
import { add } from './elementwise.ts'
import { concat, reshape, transpose } from './layout.ts'

/**
 * Most tiles in a strip. Half as many run up to a tenth faster (planes stay in a smaller cache), but the time ONNX Runtime
 * takes to open a graph grows with the square of its nodes: VAR's decoder opens in 0.8 s, with 512 in 1.5 s, with 256 in 3.5 s.
 */
const TILES = 1024

/** Rows of each strip of an H x W image, in multiples of `tile`. Only the size counts, so that strips of all layers align. */
export function planStrips(height: number, width: number, tile: number): number[] {
  const tileRows = Math.ceil(height / tile)
  const most = Math.max(1, Math.floor(TILES / Math.ceil(width / tile)))
  const rows = Math.ceil(tileRows / Math.ceil(tileRows / most)) * tile
  return Array.from({ length: Math.ceil(height / rows) }, (_, i) => Math.min(rows, height - i * rows))
}

/** Whether x already lies in strips. */
export const isChannelsLast = (x: Tensor): boolean => x.strips !== undefined

/** The strips [B, rows * W, C] of x [B, C, H, W]. */
export function channelsLast(x: Tensor): readonly Tensor[] {
  const [b, c, h, w] = x.shape as [Dim, number, number, number]
  return x.strips ?? [transpose(reshape(x, [b, c, h * w]), [0, 2, 1])]
}

/** The image [B, C, H, W] of strips [B, rows * W, C]. */
export function channelsFirst(strips: readonly Tensor[], width: number): Tensor {
  const pixels = concat(strips, 1) // (B, H * W, C)
  const [b, n, c] = pixels.shape as [Dim, number, number]
  return { ...reshape(transpose(pixels, [0, 2, 1]), [b, c, n / width, width]), strips }
}

/** x with one strip beside it, for the ops that follow a channels-first op. */
export const alsoChannelsLast = (x: Tensor): Tensor => ({ ...x, strips: channelsLast(x) })

/** A pointwise function of an image, strip by strip where it lies in strips. */
export function pointwise(f: (x: Tensor) => Tensor, x: Tensor): Tensor {
  const { strips } = x
  return strips ? channelsFirst(strips.map(f), x.shape[3] as number) : f(x)
}

/** a + b of two images of one shape, strip by strip where both have the same strips. */
export function addImages(a: Tensor, b: Tensor): Tensor {
  const { strips } = a
  const others = b.strips
  const aligned =
    strips &&
    others &&
    strips.length === others.length &&
    strips.every((strip, i) => strip.shape[1] === others[i]!.shape[1])
  if (!aligned) return add(a, b)
  return channelsFirst(
    strips.map((strip, i) => add(strip, others[i]!)),
    a.shape[3] as number,
  )
}
