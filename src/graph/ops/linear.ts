// Matrix products. Weights keep PyTorch's [out, in] layout (Gemm transposes them while packing), so they can be
// read straight from the checkpoint file.

import { ShapeError } from '../../core/errors.ts'
import { constant, type Dim, emit, fixed, show, type Tensor } from '../tensor.ts'
import { unbroadcast } from './broadcasting.ts'
import { flatten, unflatten } from './layout.ts'

/** Batched matrix product of [..., M, K] and [..., K, N]. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const k = a.shape.at(-1)
  const n = b.shape.at(-1)!
  if (a.shape.length < 2 || b.shape.length < 2 || k !== b.shape.at(-2)) {
    throw new ShapeError(`matmul: inner dimensions of ${show(a)} and ${show(b)} differ.`)
  }
  const la = a.shape.slice(0, -2)
  const lb = b.shape.slice(0, -2)
  const rank = Math.max(la.length, lb.length)
  const lead: Dim[] = Array.from({ length: rank }, (_, i) => {
    const x = la[i - rank + la.length] ?? 1
    const y = lb[i - rank + lb.length] ?? 1
    if (x !== y && x !== 1 && y !== 1) throw new ShapeError(`matmul: batches of ${show(a)} and ${show(b)} differ.`)
    return x === 1 ? y : x
  })
  const vjp = (g: Tensor) => [unbroadcast(matmulT(g, b, 'B'), a), unbroadcast(matmulT(a, g, 'A'), b)]
  return emit({ type: 'MatMul', inputs: [a, b], vjp }, [...lead, a.shape.at(-2)!, n], a.dtype)
}

/** Batched product with the last two axes of one operand swapped: a b^T ('B') or a^T b ('A'). */
export function matmulT(a: Tensor, b: Tensor, transposed: 'A' | 'B'): Tensor {
  const swap = (t: Tensor): Tensor => ({ ...t, shape: [...t.shape.slice(0, -2), t.shape.at(-1)!, t.shape.at(-2)!] })
  const like = transposed === 'A' ? matmul(swap(a), b) : matmul(a, swap(b))
  const vjp = (g: Tensor) =>
    transposed === 'B'
      ? [unbroadcast(matmul(g, b), a), unbroadcast(matmulT(g, a, 'A'), b)]
      : [unbroadcast(matmulT(b, g, 'B'), a), unbroadcast(matmul(a, g), b)]
  const attributes = { [`trans${transposed}`]: 1 }
  return emit({ type: 'FusedMatMul', domain: 'com.microsoft', inputs: [a, b], attributes, vjp }, like.shape, a.dtype)
}

/** `F.linear`: x [..., in], weight [out, in], bias [out]. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const features = fixed('linear', x, -1)
  const out = fixed('linear', weight, 0)
  const inside = fixed('linear', weight, 1)
  if (features !== inside) throw new ShapeError(`linear: input ${show(x)} does not fit weight ${show(weight)}.`)
  if (x.shape.length !== 2) return unflatten(linear(flatten(x), weight, bias), x)
  const vjp = (g: Tensor) => [gemm(g, weight), gemm(g, x, 'A'), bias && unbroadcast(g, bias)]
  return emit({ type: 'Gemm', inputs: [x, weight, bias], attributes: { transB: 1 }, vjp }, [x.shape[0]!, out], x.dtype)
}

/** Product of two matrices, the first transposed if asked: what gradients of linear layers are made of. */
export function gemm(a: Tensor, b: Tensor, transposed?: 'A'): Tensor {
  const [rows, inner] = transposed ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!]
  if (inner !== b.shape[0]) throw new ShapeError(`gemm: ${show(a)} and ${show(b)} do not multiply.`)
  const attributes: Record<string, number> = transposed ? { transA: 1 } : {}
  const vjp = (g: Tensor) =>
    transposed
      ? [linear(b, g), gemm(a, g)] // (a^T b)' : da = b g^T, db = a g
      : [linear(g, b), gemm(a, g, 'A')]
  return emit({ type: 'Gemm', inputs: [a, b], attributes, vjp }, [rows, b.shape[1]!], a.dtype)
}

/**
 * Linear layer with weights quantised per output channel (int8 [in, out], scales [out]); x is quantised to uint8 while
 * it runs.
 */
export function quantizedLinear(x: Tensor, weight: Tensor, scales: Tensor, bias?: Tensor): Tensor {
  const inside = fixed('quantizedLinear', weight, 0)
  const out = fixed('quantizedLinear', weight, 1)
  if (x.shape.at(-1) !== inside) {
    throw new ShapeError(`quantizedLinear: input ${show(x)} does not fit weight ${show(weight)}.`)
  }
  const zeroPoint = constant(new Int8Array(out), [out], 'int8')
  const inputs = [x, weight, scales, zeroPoint, bias]
  const shape = [...x.shape.slice(0, -1), out]
  return emit({ type: 'DynamicQuantizeMatMul', domain: 'com.microsoft', inputs }, shape, x.dtype)
}
