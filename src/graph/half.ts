// A graph in half precision, as a new graph. Matrix products and convolutions compute in float16. Everything that must be exact
// or may overflow computes in float32, with casts in between, as in torch.autocast: normalisations, softmax, sums and the
// residual stream, the inputs of an argmax, and everything computed from weights only (ONNX Runtime folds it when it opens the
// file). The arithmetic is float16, not only the weights: on WebGPU and CUDA that halves memory and time. ONNX Runtime's CPU
// inserts its own casts where it has no float16 kernel. Inputs and outputs keep their types, so callers need not change.

import { sizeOf, toFloat32 } from '../core/dtype.ts'
import { UsageError } from '../core/errors.ts'
import { toFloat16 } from '../core/float16.ts'
import { cast } from './ops/elementwise.ts'
import { collect, type Graph } from './serialize.ts'
import { type GraphDType, type Node, type Tensor, type WeightSource, weight } from './tensor.ts'

type Op = Extract<Node, { kind: 'op' }>
type Width = 'float16' | 'float32'

const products = new Set(['MatMul', 'FusedMatMul', 'Gemm', 'Conv', 'ConvTranspose'])

/** Ops that round nothing, or nothing that the next product would not round: they compute in the type of their inputs. */
const followers = new Set([
  'Reshape',
  'Transpose',
  'Slice',
  'Split',
  'Concat',
  'Gather',
  'Expand',
  'Mul',
  'QuickGelu',
  'FastGelu',
  'RotaryEmbedding',
])

/** Weights with fewer elements keep their bits where float32 needs them: norms and biases cost nothing. */
const SMALL = 2 ** 16

const isFloat = (dtype: GraphDType) =>
  dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16' || dtype === 'float64'

/**
 * The same network in float16 where that is safe, with weights of at most half the bytes.
 * Large weights are rounded to float16 when the graph is written, which throws a UsageError at a value that float16 cannot hold.
 * @example
 * const graph = halfPrecision({ y: mul(z, 2) })
 */
export function halfPrecision(graph: Graph): Graph {
  const order = collect(graph)
  const constants = constantNodes(order)
  const exact = exactProducts(order)
  const ops = new Map<Node, Op>()
  const halves = new Set<Node>()
  const halfWeights = new Map<Node, Tensor>()
  const casts = new Map<Tensor['node'], Map<string, Tensor>>()

  const castOnce = (t: Tensor, width: Width): Tensor => {
    if (t.dtype === width) return t
    const known = casts.get(t.node) ?? new Map<string, Tensor>()
    casts.set(t.node, known)
    const key = `${t.index}:${width}`
    const made = known.get(key) ?? cast(t, width)
    known.set(key, made)
    return made
  }

  const halfWeight = (t: Tensor, node: Extract<Node, { kind: 'weight' }>): Tensor => {
    if (node.source.dtype === 'float16') return t
    const made = halfWeights.get(node) ?? weight(node.name, rounded(node.name, node.source))
    halfWeights.set(node, made)
    return made
  }

  const at = (given: Tensor, width: Width): Tensor => {
    const t = behindCasts(given)
    const { node } = t
    if (node.kind === 'input') return isFloat(t.dtype) ? castOnce(t, width) : t
    if (node.kind === 'weight') {
      if (!isFloat(t.dtype)) return t
      const stored = width === 'float16' || sizeOf(node.source.shape) > SMALL ? halfWeight(t, node) : t
      return castOnce(stored, width)
    }
    const own: Tensor = {
      ...t,
      node: ops.get(node)!,
      dtype: isFloat(t.dtype) && halves.has(node) ? 'float16' : t.dtype,
    }
    return isFloat(t.dtype) ? castOnce(own, width) : own
  }

  const isHalf = (given: Tensor): boolean => halves.has(behindCasts(given).node)
  for (const node of order) {
    if (node.kind !== 'op' || isMark(node)) continue
    const moving = node.inputs.filter((t) => t && isFloat(t.dtype) && !constants.has(t.node)) as Tensor[]
    const follows = followers.has(node.type) && moving.length > 0 && moving.every(isHalf)
    const half = !constants.has(node) && !exact.has(node) && (products.has(node.type) || follows)
    if (half) halves.add(node)
    ops.set(node, { ...node, inputs: node.inputs.map((t) => t && at(t, half ? 'float16' : 'float32')) })
  }
  return Object.fromEntries(Object.entries(graph).map(([name, t]) => [name, at(t, 'float32')]))
}

const isMark = (node: Op): boolean => node.type === 'Stage' || node.type === 'CustomVjp'

/** What a mark stands for, and the weight behind a cast that only widens it. */
function behindCasts(t: Tensor): Tensor {
  const { node } = t
  if (node.kind !== 'op') return t
  if (isMark(node)) return behindCasts(node.inputs[t.index]!)
  const inner = node.inputs[0]
  const widens = node.type === 'Cast' && t.dtype === 'float32' && inner?.node.kind === 'weight' && isFloat(inner.dtype)
  return widens ? inner : t
}

/** Weights, and ops whose inputs are all computed from weights. */
function constantNodes(order: readonly Node[]): Set<Node> {
  const constants = new Set<Node>()
  for (const node of order) {
    const fromWeights =
      node.kind === 'op' && node.inputs.length > 0 && node.inputs.every((t) => !t || constants.has(t.node))
    if (node.kind === 'weight' || fromWeights) constants.add(node)
  }
  return constants
}

/**
 * Products that stay in float32, and what lies between: those an argmax or argmin decides upon, and scores that are scaled
 * only after the product, because the unscaled ones can leave float16's range (attention over pixels).
 */
function exactProducts(order: readonly Node[]): Set<Node> {
  const exact = new Set<Node>()
  const back = (t: Tensor | undefined, through: (node: Op) => boolean): void => {
    if (t?.node.kind !== 'op' || exact.has(t.node)) return
    if (!products.has(t.node.type) && !through(t.node)) return
    exact.add(t.node)
    if (!products.has(t.node.type)) for (const input of t.node.inputs) back(input, through)
  }
  for (const node of order) {
    if (node.kind !== 'op') continue
    if (node.type === 'ArgMax' || node.type === 'ArgMin') back(node.inputs[0], () => true)
    const scaled = node.inputs[0]?.node
    if (node.type === 'Softmax' && scaled?.kind === 'op' && scaled.type === 'Mul')
      back(node.inputs[0], ({ type }) => type === 'Mul')
  }
  return exact
}

/** The same weight in float16, computed when the graph is written. */
function rounded(name: string, source: WeightSource): WeightSource {
  const { dtype, shape, location, identity, key } = source
  const place = identity ?? key ?? (location && `${location.path}:${location.offset}`)
  return {
    dtype: 'float16',
    shape,
    ...(place !== undefined && { identity: `rounded:${dtype}:${place}` }),
    async read() {
      const values = toFloat32(await source.read(), dtype as Parameters<typeof toFloat32>[1])
      const bad = values.findIndex((value) => Number.isFinite(value) && Math.abs(value) >= 65520)
      if (bad >= 0) {
        throw new UsageError(`Tensor "${name}" is ${values[bad]} at element ${bad}, which float16 cannot hold.`, {
          remedy: 'Use fp32.',
        })
      }
      const bits = toFloat16(values)
      return new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength)
    },
  }
}
