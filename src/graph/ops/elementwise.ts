// Pointwise arithmetic and activations with NumPy broadcasting, each with its derivative.

import { broadcast, type Cotangents, emit, type GraphDType, scalar, type Tensor } from '../tensor.ts'
import { unbroadcast } from './broadcasting.ts'

type Operand = Tensor | number
const tensor = (x: Operand): Tensor => (typeof x === 'number' ? scalar(x) : x)

type BinaryRule = (g: Tensor, x: Tensor, y: Tensor, out: Tensor) => [dx: Tensor, dy: Tensor]

function binary(type: string, a: Operand, b: Operand, rule?: BinaryRule, dtype?: GraphDType): Tensor {
  const x = tensor(a)
  const y = tensor(b)
  const vjp = (g: Tensor, out: Tensor): Cotangents => {
    const [dx, dy] = rule!(g, x, y, out)
    return [unbroadcast(dx, x), unbroadcast(dy, y)]
  }
  return emit({ type, inputs: [x, y], ...(rule && { vjp }) }, broadcast(type, x, y), dtype ?? x.dtype)
}

function unary(type: string, x: Tensor, rule: (g: Tensor, y: Tensor) => Tensor): Tensor {
  return emit({ type, inputs: [x], vjp: (g, y) => [rule(g, y)] }, x.shape, x.dtype)
}

export const add = (a: Operand, b: Operand): Tensor => binary('Add', a, b, (g) => [g, g])
export const sub = (a: Operand, b: Operand): Tensor => binary('Sub', a, b, (g) => [g, neg(g)])
export const mul = (a: Operand, b: Operand): Tensor => binary('Mul', a, b, (g, x, y) => [mul(g, y), mul(g, x)])
export const div = (a: Operand, b: Operand): Tensor =>
  binary('Div', a, b, (g, _, y, out) => [div(g, y), neg(div(mul(g, out), y))])
/** The smaller of two; equal ones pass their gradient to the first. */
export const minimum = (a: Operand, b: Operand): Tensor =>
  binary('Min', a, b, (g, x, y) => [where(lessOrEqual(x, y), g, 0), where(lessOrEqual(x, y), 0, g)])
export const neg = (x: Tensor): Tensor => unary('Neg', x, neg)
export const exp = (x: Tensor): Tensor => unary('Exp', x, mul)
export const log = (x: Tensor): Tensor => unary('Log', x, (g) => div(g, x))
export const sqrt = (x: Tensor): Tensor => unary('Sqrt', x, (g, y) => div(mul(g, 0.5), y))
export const sigmoid = (x: Tensor): Tensor => unary('Sigmoid', x, (g, y) => mul(g, sub(y, mul(y, y))))
export const relu = (x: Tensor): Tensor => unary('Relu', x, (g, y) => where(greater(y, 0), g, 0))
/** |x|, with derivative 0 at 0. */
export const abs = (x: Tensor): Tensor =>
  unary('Abs', x, (g) => mul(g, emit({ type: 'Sign', inputs: [x] }, x.shape, x.dtype)))

/** Comparisons give booleans, which have no gradient. */
export const lessOrEqual = (a: Operand, b: Operand): Tensor => binary('LessOrEqual', a, b, undefined, 'bool')
export const greater = (a: Operand, b: Operand): Tensor => binary('Greater', a, b, undefined, 'bool')

/** `a` where the condition holds, else `b`. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const x = tensor(a)
  const y = tensor(b)
  const like = { ...condition, dtype: x.dtype }
  const shape = broadcast('where', { ...like, shape: broadcast('where', like, x) }, y)
  const vjp = (g: Tensor): Cotangents => [
    undefined,
    unbroadcast(where(condition, g, 0), x),
    unbroadcast(where(condition, 0, g), y),
  ]
  return emit({ type: 'Where', inputs: [condition, x, y], vjp }, shape, x.dtype)
}

/** Clamps to [low, high]; the gradient is 0 outside. */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  const vjp = (g: Tensor) => [where(greater(x, high), 0, where(lessOrEqual(low, x), g, 0))]
  return emit({ type: 'Clip', inputs: [x, scalar(low), scalar(high)], vjp }, x.shape, x.dtype)
}

/** x * sigmoid(x), the SiLU / swish activation, as ONNX Runtime's fused QuickGelu with alpha = 1. */
export function silu(x: Tensor): Tensor {
  const attributes = { alpha: { float: 1 } }
  // y' = s + y (1 - s)
  const vjp = (g: Tensor, y: Tensor) => {
    const s = sigmoid(x)
    return [mul(g, sub(add(s, y), mul(s, y)))]
  }
  return emit({ type: 'QuickGelu', domain: 'com.microsoft', inputs: [x], attributes, vjp }, x.shape, x.dtype)
}

const GELU = 2 * Math.sqrt(2 / Math.PI)
const CUBIC = 0.044715

/** GELU in its tanh approximation, `nn.GELU(approximate='tanh')`; `bias` is added first when given. */
export function geluTanh(x: Tensor, bias?: Tensor): Tensor {
  // y = u s with s = sigmoid(u p), p = k (1 + c u^2), k = 2 sqrt(2/pi); (u p)' = k (1 + 3 c u^2) = 3 p - 2 k,
  // so y' = s + (1 - s) y (3 p - 2 k)
  const vjp = (g: Tensor, y: Tensor): Cotangents => {
    const u = bias ? add(x, bias) : x
    const p = add(mul(mul(u, u), GELU * CUBIC), GELU)
    const s = sigmoid(mul(u, p))
    const r = mul(y, sub(mul(p, 3), 2 * GELU))
    const dx = mul(g, add(s, sub(r, mul(r, s))))
    return [dx, bias && unbroadcast(dx, bias)]
  }
  return emit({ type: 'FastGelu', domain: 'com.microsoft', inputs: [x, bias], vjp }, x.shape, x.dtype)
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
  const vjp = (g: Tensor) => [cast(g, x.dtype)]
  return emit({ type: 'Cast', inputs: [x], attributes: { to: onnxType[dtype] }, vjp }, x.shape, dtype)
}
