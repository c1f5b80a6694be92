// Pointwise arithmetic and activations, one ONNX node each, with NumPy broadcasting.

import { broadcast, emit, type GraphDType, scalar, type Tensor } from '../tensor.ts'

type Operand = Tensor | number
const tensor = (x: Operand): Tensor => (typeof x === 'number' ? scalar(x) : x)

function binary(type: string, a: Operand, b: Operand, dtype?: GraphDType): Tensor {
  const [x, y] = [tensor(a), tensor(b)]
  return emit({ type, inputs: [x, y] }, broadcast(type, x, y), dtype ?? x.dtype)
}

function unary(type: string, x: Tensor): Tensor {
  return emit({ type, inputs: [x] }, x.shape, x.dtype)
}

export const add = (a: Operand, b: Operand): Tensor => binary('Add', a, b)
export const sub = (a: Operand, b: Operand): Tensor => binary('Sub', a, b)
export const mul = (a: Operand, b: Operand): Tensor => binary('Mul', a, b)
export const div = (a: Operand, b: Operand): Tensor => binary('Div', a, b)
export const minimum = (a: Operand, b: Operand): Tensor => binary('Min', a, b)
export const exp = (x: Tensor): Tensor => unary('Exp', x)
export const sqrt = (x: Tensor): Tensor => unary('Sqrt', x)

/** Clamps to [low, high]. */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  return emit({ type: 'Clip', inputs: [x, scalar(low), scalar(high)] }, x.shape, x.dtype)
}

/** x * sigmoid(x), the SiLU / swish activation, as ONNX Runtime's fused QuickGelu with alpha = 1. */
export function silu(x: Tensor): Tensor {
  const attributes = { alpha: { float: 1 } }
  return emit({ type: 'QuickGelu', domain: 'com.microsoft', inputs: [x], attributes }, x.shape, x.dtype)
}

/** GELU in its tanh approximation, `nn.GELU(approximate='tanh')`; `bias` is added first when given. */
export function geluTanh(x: Tensor, bias?: Tensor): Tensor {
  return emit({ type: 'FastGelu', domain: 'com.microsoft', inputs: [x, bias] }, x.shape, x.dtype)
}

const onnxType: Record<GraphDType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
}

/** ONNX's number for an element type. */
export const elementType = (dtype: GraphDType): number => onnxType[dtype]

/** Converts the element type; no node when it already is that type. */
export function cast(x: Tensor, dtype: GraphDType): Tensor {
  if (x.dtype === dtype) return x
  return emit({ type: 'Cast', inputs: [x], attributes: { to: onnxType[dtype] } }, x.shape, dtype)
}
