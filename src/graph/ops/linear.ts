// Matrix products. Weights keep PyTorch's [out, in] layout (Gemm transposes them while packing), so they can be
// read straight from the checkpoint file.

import { ShapeError } from '../../core/errors.ts'
import { constant, type Dim, emit, fixed, show, type Tensor } from '../tensor.ts'
import { flatten, rowsOf, unflatten } from './layout.ts'

/** Batched matrix product of [..., M, K] and [..., K, N]. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const [k, n] = [a.shape.at(-1), b.shape.at(-1)!]
  if (a.shape.length < 2 || b.shape.length < 2 || k !== b.shape.at(-2)) {
    throw new ShapeError(`matmul: inner dimensions of ${show(a)} and ${show(b)} differ.`)
  }
  const [la, lb] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
  const rank = Math.max(la.length, lb.length)
  const lead: Dim[] = Array.from({ length: rank }, (_, i) => {
    const [x, y] = [la[i - rank + la.length] ?? 1, lb[i - rank + lb.length] ?? 1]
    if (x !== y && x !== 1 && y !== 1) throw new ShapeError(`matmul: batches of ${show(a)} and ${show(b)} differ.`)
    return x === 1 ? y : x
  })
  return emit({ type: 'MatMul', inputs: [a, b] }, [...lead, a.shape.at(-2)!, n], a.dtype)
}

/** `F.linear`: x [..., in], weight [out, in], bias [out]. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const features = fixed('linear', x, -1)
  const [out, inside] = [fixed('linear', weight, 0), fixed('linear', weight, 1)]
  if (features !== inside) throw new ShapeError(`linear: input ${show(x)} does not fit weight ${show(weight)}.`)
  const spec = (rows: Tensor) => ({ type: 'Gemm', inputs: [rows, weight, bias], attributes: { transB: 1 } })
  if (x.shape.length === 2) return emit(spec(x), [x.shape[0]!, out], x.dtype)
  return unflatten(emit(spec(flatten(x)), [rowsOf(x), out], x.dtype), x)
}

/**
 * Linear layer with weights quantised per output channel (int8 [in, out], scales [out]); x is quantised to uint8 while
 * it runs.
 */
export function quantizedLinear(x: Tensor, weight: Tensor, scales: Tensor, bias?: Tensor): Tensor {
  const [inside, out] = [fixed('quantizedLinear', weight, 0), fixed('quantizedLinear', weight, 1)]
  if (x.shape.at(-1) !== inside) {
    throw new ShapeError(`quantizedLinear: input ${show(x)} does not fit weight ${show(weight)}.`)
  }
  const zeroPoint = constant(new Int8Array(out), [out], 'int8')
  const inputs = [x, weight, scales, zeroPoint, bias]
  const shape = [...x.shape.slice(0, -1), out]
  return emit({ type: 'DynamicQuantizeMatMul', domain: 'com.microsoft', inputs }, shape, x.dtype)
}
