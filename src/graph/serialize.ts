// Writes the nodes that the outputs need as an ONNX model. Weights whose bytes lie in a local file become external
// data pointing into it (offsets past 4 GB included); everything else travels inside the model.

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { EngineError, UsageError } from '../core/errors.ts'
import {
  type AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from './onnx_pb.ts'
import { elementType } from './ops/elementwise.ts'
import type { Attribute, Node, Tensor, WeightSource } from './tensor.ts'

/** A network ready to be written: outputs by name. Inputs are found by walking back. */
export type Graph = Readonly<Record<string, Tensor>>

export interface FileLocation {
  /** Path that the model's external data entry names. */
  path: string
  offset: number
  byteLength: number
}

export interface SerializeOptions {
  /** Says where a weight's bytes lie on disk; undefined puts them into the model. */
  locate?(source: WeightSource): Promise<FileLocation | undefined>
  /** Progress over the weights that had to be read. */
  onWeight?(done: number, total: number): void
}

export interface SerializedGraph {
  model: Uint8Array
  inputs: string[]
  outputs: string[]
  nodes: number
}

const OPSET = 21
const PROTOBUF_LIMIT = 2 ** 31 - 1

/** Walks back from the outputs; nodes come out in topological order. */
export function collect(graph: Graph): Node[] {
  const order: Node[] = []
  const state = new Map<Node, 'open' | 'done'>()
  const stack: { node: Node; next: number }[] = []
  const enter = (node: Node) => {
    if (state.has(node)) return
    state.set(node, 'open')
    stack.push({ node, next: 0 })
  }
  for (const output of Object.values(graph)) {
    enter(output.node)
    while (stack.length) {
      const top = stack.at(-1)!
      const operands = top.node.kind === 'op' ? top.node.inputs : []
      const operand = operands[top.next++]
      if (operand) enter(operand.node)
      else if (top.next > operands.length) {
        state.set(top.node, 'done')
        order.push(top.node)
        stack.pop()
      }
    }
  }
  return order
}

/** Serialises `graph` as an ONNX model (opset 21 and ONNX Runtime's com.microsoft domain). */
export async function serialize(graph: Graph, options: SerializeOptions = {}): Promise<SerializedGraph> {
  const names = new Map<Node, string>()
  const nodes: MessageInitShape<typeof NodeProtoSchema>[] = []
  const inputs = new Map<string, ValueInfo>()
  const weights: { name: string; source: WeightSource }[] = []
  const known = new Map<string, string>() // weights by identity: a session's opening time grows with their number
  const nameOf = (t: Tensor): string => {
    if (t.node.kind === 'op' && isMark(t.node)) return nameOf(t.node.inputs[t.index]!)
    return t.index === 0 ? names.get(t.node)! : `${names.get(t.node)}_${t.index}`
  }
  const order = collect(graph)
  const declared = inputTensors(graph, order)
  const written = outputCounts(graph, order)

  for (const node of order) {
    if (node.kind === 'input') {
      if (inputs.has(node.name)) throw new UsageError(`The graph has two inputs called "${node.name}".`)
      names.set(node, node.name)
      inputs.set(node.name, valueInfo(node.name, declared.get(node)!))
    } else if (node.kind === 'weight') {
      const identity = identityOf(node.source)
      const twin = identity === undefined ? undefined : known.get(identity)
      const name = twin ?? `w${weights.length}:${node.name}`
      names.set(node, name)
      if (twin) continue
      if (identity !== undefined) known.set(identity, name)
      weights.push({ name, source: node.source })
    } else if (!isMark(node)) {
      const name = `n${nodes.length}`
      names.set(node, name)
      nodes.push({
        name: `${node.type}_${nodes.length}`,
        opType: node.type,
        domain: node.domain,
        input: trimmed(node.inputs.map((t) => (t ? nameOf(t) : ''))),
        output: Array.from({ length: written(node) }, (_, i) => (i === 0 ? name : `${name}_${i}`)),
        attribute: Object.entries(node.attributes).map(([key, value]) => attribute(key, value)),
      })
    }
  }

  const outputs = Object.entries(graph).map(([name, tensor]) => {
    nodes.push({ name: `out_${name}`, opType: 'Identity', domain: '', input: [nameOf(tensor)], output: [name] })
    return valueInfo(name, tensor)
  })

  let inline = 0
  const initializer: MessageInitShape<typeof TensorProtoSchema>[] = []
  for (const [i, { name, source }] of weights.entries()) {
    const location = await options.locate?.(source)
    const facts = { name, dims: source.shape.map(BigInt), dataType: elementType(source.dtype) }
    if (location) initializer.push({ ...facts, dataLocation: EXTERNAL, externalData: entries(location) })
    else {
      const rawData = await source.read()
      inline += rawData.byteLength
      if (inline > PROTOBUF_LIMIT) {
        throw new EngineError('The weights that cannot be read in place exceed 2 GB, the limit of an ONNX file.', {
          remedy: 'Re-save the checkpoint with contiguous tensors as safetensors or torch zip.',
        })
      }
      initializer.push({ ...facts, rawData })
    }
    options.onWeight?.(i + 1, weights.length)
  }

  const model = create(ModelProtoSchema, {
    irVersion: 10n,
    producerName: 'distilled-decoding',
    graph: { name: 'network', node: nodes, initializer, input: [...inputs.values()], output: outputs },
    opsetImport: [
      { domain: '', version: BigInt(OPSET) },
      { domain: 'com.microsoft', version: 1n },
    ],
  })
  return {
    model: toBinary(ModelProtoSchema, model),
    inputs: [...inputs.keys()],
    outputs: Object.keys(graph),
    nodes: nodes.length,
  }
}

const EXTERNAL = 1

const entries = ({ path, offset, byteLength }: FileLocation) => [
  { key: 'location', value: path },
  { key: 'offset', value: String(offset) },
  { key: 'length', value: String(byteLength) },
]

/** Marks are no nodes of the file: output i of a mark is its input i (stages.ts, grad.ts). */
const isMark = (node: Node): boolean => node.kind === 'op' && (node.type === 'Stage' || node.type === 'CustomVjp')

function identityOf({ identity, key, location, dtype, shape }: WeightSource): string | undefined {
  const place = location && `${location.path}:${location.offset}`
  const name = identity ?? key ?? place
  return name && `${name}:${dtype}[${shape}]`
}

/** Names of the inputs that the graph's outputs need. */
export const inputNames = (graph: Graph): string[] =>
  collect(graph).flatMap((node) => (node.kind === 'input' ? [node.name] : []))

/** The tensor of every input node, found through its uses. */
function inputTensors(graph: Graph, order: readonly Node[]): Map<Node, Tensor> {
  const found = new Map<Node, Tensor>()
  const visit = (t: Tensor) => {
    if (t.node.kind === 'input') found.set(t.node, t)
  }
  for (const output of Object.values(graph)) visit(output)
  for (const node of order) if (node.kind === 'op') for (const t of node.inputs) if (t) visit(t)
  return found
}

/** How many outputs of a node the file lists: the required ones, and further ones up to the last that is used. */
function outputCounts(graph: Graph, order: readonly Node[]): (node: Extract<Node, { kind: 'op' }>) => number {
  const last = new Map<Node, number>()
  const use = (t: Tensor) => void last.set(t.node, Math.max(last.get(t.node) ?? 0, t.index))
  for (const output of Object.values(graph)) use(output)
  for (const node of order) if (node.kind === 'op') for (const t of node.inputs) if (t) use(t)
  return (node) => Math.max(node.required, (last.get(node) ?? 0) + 1)
}

/** Trailing omitted inputs are left out. */
function trimmed(inputs: string[]): string[] {
  let end = inputs.length
  while (end > 0 && inputs[end - 1] === '') end--
  return inputs.slice(0, end)
}

type ValueInfo = MessageInitShape<typeof ValueInfoProtoSchema>

function valueInfo(name: string, t: Tensor): ValueInfo {
  const dim = t.shape.map((d) => ({
    value:
      typeof d === 'number' ? { case: 'dimValue' as const, value: BigInt(d) } : { case: 'dimParam' as const, value: d },
  }))
  return { name, type: { value: { case: 'tensorType', value: { elemType: elementType(t.dtype), shape: { dim } } } } }
}

const AttributeType = { FLOAT: 1, INT: 2, STRING: 3, FLOATS: 6, INTS: 7 } as const

function attribute(name: string, value: Attribute): MessageInitShape<typeof AttributeProtoSchema> {
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: BigInt(value) }
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) }
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float }
  if ('floats' in value) return { name, type: AttributeType.FLOATS, floats: [...value.floats] }
  return { name, type: AttributeType.INTS, ints: value.map(BigInt) }
}
