// Linear layers by name, in the arithmetic the weights were opened with: one Gemm in fp32, or dynamic quantisation
// (activations to uint8 per tensor and run, weights to int8 per output channel) in int8. Layers that suffer from it
// (heads, the second FFN matrix, embeddings, AdaLN) call `linear` on fp32 weights instead.

import { fixed, type Tensor } from '../graph/index.ts'
import { linear, quantizedLinear } from '../graph/ops/index.ts'
import type { Weights } from './weights.ts'

/** x [..., in] -> [..., out] through `name`.weight; the bias is passed in because some layers assemble theirs. */
export function dense(w: Weights, name: string, x: Tensor, bias?: Tensor): Tensor {
  const weight = w.get(`${name}.weight`)
  if (w.dtype !== 'int8') return linear(x, weight, bias)
  const out = fixed('dense', weight, 0)
  const inside = fixed('dense', weight, 1)
  const recipe = (part: 'values' | 'scales') => ({
    tag: `int8-per-channel-${part}`,
    ...(part === 'values'
      ? { dtype: 'int8' as const, shape: [inside, out] }
      : { dtype: 'float32' as const, shape: [out] }),
    compute: (data: Float32Array) => quantize(data, out, inside)[part],
  })
  return quantizedLinear(
    x,
    w.derive(`${name}.weight`, recipe('values')),
    w.derive(`${name}.weight`, recipe('scales')),
    bias,
  )
}

/** AVX2 adds pairs of uint8 x int8 products in int16: weights of up to 63 cannot make it saturate, 127 could. */
const LARGEST = 63

/** Symmetric int8 per output channel; values come out transposed as [in, out]. */
export function quantize(data: Float32Array, out: number, inside: number): { values: Int8Array; scales: Float32Array } {
  const values = new Int8Array(out * inside)
  const scales = new Float32Array(out)
  for (let o = 0; o < out; o++) {
    let largest = 0
    for (let i = 0; i < inside; i++) largest = Math.max(largest, Math.abs(data[o * inside + i]!))
    const scale = largest / LARGEST || 1
    scales[o] = scale
    for (let i = 0; i < inside; i++) values[i * out + o] = Math.round(data[o * inside + i]! / scale)
  }
  return { values, scales }
}
