// Bilinear resizing in the two ways that Fréchet distances are published with. They differ by half a pixel in where an
// output pixel looks, which moves the distance by more than many methods differ. Both are linear, so an axis is a matrix
// with two entries a row; the positions are computed in float32 as upstream computes them.

import type { Tensor } from '../graph/index.ts'
import { matmul } from '../graph/ops/index.ts'

/**
 * Where output pixel i lies between the input's pixels, given the float32 scale = from / to.
 * `half-pixel`: `F.interpolate(mode='bilinear', align_corners=False)`, no antialiasing; pixels are areas.
 * `top-left`: `tf.image.resize_bilinear` of TensorFlow 1; pixels are points, the first ones coincide.
 */
const positions = {
  'half-pixel': (i: number, scale: number) => Math.max(0, Math.fround(Math.fround(scale * (i + 0.5)) - 0.5)),
  'top-left': (i: number, scale: number) => Math.fround(scale * i),
} as const

export type BilinearGrid = keyof typeof positions

/** Weights [to, from] of one axis. */
export function bilinearAxis(from: number, to: number, grid: BilinearGrid): Float32Array {
  const axis = new Float32Array(to * from)
  const scale = Math.fround(from / to)
  for (let i = 0; i < to; i++) {
    const at = positions[grid](i, scale)
    const low = Math.min(Math.floor(at), from - 1)
    const high = Math.min(low + 1, from - 1)
    const share = Math.fround(at - low)
    axis[i * from + low]! += 1 - share
    axis[i * from + high]! += share
  }
  return axis
}

/** x [B, C, H, W] by the weights of its rows [h, H] and, turned, of its columns [W, w]: [B, C, h, w]. */
export const resize = (x: Tensor, rows: Tensor, columns: Tensor): Tensor => matmul(matmul(rows, x), columns)

/** A matrix [rows, columns], turned. */
export function turned(matrix: Float32Array, rows: number): Float32Array {
  const columns = matrix.length / rows
  return Float32Array.from(matrix, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]!)
}
