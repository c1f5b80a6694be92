// The messages of the ONNX interchange format that this project writes, as tables for protobuf.ts. proto/ has the same as a
// schema, from which the reader in onnx_pb.ts is generated; a test holds the two together.

import type { Message } from './protobuf.ts'

const entry: Message = { key: [1, 'string'], value: [2, 'string'] }

const tensor: Message = {
  dims: [1, 'packed'],
  dataType: [2, 'int'],
  name: [8, 'string'],
  rawData: [9, 'bytes'],
  externalData: [13, [entry]],
  dataLocation: [14, 'int'],
}

const attribute: Message = {
  name: [1, 'string'],
  f: [2, 'float'],
  i: [3, 'int'],
  s: [4, 'bytes'],
  floats: [7, ['float']],
  ints: [8, ['int']],
  type: [20, 'int'],
}

const node: Message = {
  input: [1, ['string']],
  output: [2, ['string']],
  name: [3, 'string'],
  opType: [4, 'string'],
  attribute: [5, [attribute]],
  domain: [7, 'string'],
}

const dimension: Message = { dimValue: [1, 'int'], dimParam: [2, 'string'] }
const tensorType: Message = { elemType: [1, 'int'], shape: [2, { dim: [1, [dimension]] }] }
const valueInfo: Message = { name: [1, 'string'], type: [2, { tensorType: [1, tensorType] }] }

const graph: Message = {
  node: [1, [node]],
  name: [2, 'string'],
  initializer: [5, [tensor]],
  input: [11, [valueInfo]],
  output: [12, [valueInfo]],
}

const operatorSet: Message = { domain: [1, 'string'], version: [2, 'int'] }

export const onnxModel: Message = {
  irVersion: [1, 'int'],
  producerName: [2, 'string'],
  graph: [7, graph],
  opsetImport: [8, [operatorSet]],
}
