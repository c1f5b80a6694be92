// The small writer against the library that reads: what it writes is, byte for byte, what protobuf-es makes of the same message.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { input, serialize, type WeightSource, weight } from './index.ts'
import { GraphProtoSchema, ModelProtoSchema, TensorProtoSchema } from './onnx_pb.ts'
import { onnxModel } from './onnx-messages.ts'
import { concat, conv2d, gather, geluTanh, layerNorm, softmax, split } from './ops/index.ts'
import { encode } from './protobuf.ts'

const again = (bytes: Uint8Array) => toBinary(ModelProtoSchema, fromBinary(ModelProtoSchema, bytes))

/** A source of float32 values that lie in a file, far in. */
const away = (name: string, shape: number[]): WeightSource => ({
  dtype: 'float32',
  shape,
  location: { path: `${name}.pth`, offset: 5e9, byteLength: 4 * shape.reduce((n, d) => n * d, 1) },
  read: async () => new Uint8Array(),
})
const w = (name: string, shape: number[]) => weight(name, away(name, shape))

describe('the writer of protocol buffers', () => {
  it('writes graphs as the library does: attributes of all kinds, open dimensions, weights inside and outside', async () => {
    const x = input('x', 'float32', ['n', 4, 8, 8])
    const y = conv2d(x, w('kernel', [4, 4, 3, 3]), w('bias', [4]), { padding: 1 })
    const z = layerNorm(geluTanh(concat(split(y, [1, 3], 1), 1)), w('scale', [8]), w('shift', [8]), 1e-6)
    const rows = gather(softmax(z), input('ids', 'int64', ['k']))
    const { model } = await serialize({ rows, y }, { locate: async ({ location }) => location })
    expect(again(model)).toEqual(model)
    const { graph } = fromBinary(ModelProtoSchema, model)
    expect(graph!.initializer.find(({ name }) => name.endsWith(':kernel'))!.externalData).toMatchObject([
      { key: 'location', value: 'kernel.pth' },
      { key: 'offset', value: '5000000000' },
      { key: 'length', value: '576' },
    ])
    expect(new Set(graph!.node.flatMap((node) => node.attribute.map(({ type }) => type)))).toEqual(new Set([1, 2, 7]))
  })

  it('writes numbers of any size and sign, and any text and bytes', () => {
    const facts = {
      name: fc.string(),
      dims: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      rawData: fc.uint8Array(),
    }
    fc.assert(
      fc.property(fc.record({ ...facts, dataType: fc.integer({ min: -5, max: 2 ** 31 - 1 }) }), (tensor) => {
        const expected = toBinary(
          ModelProtoSchema,
          create(ModelProtoSchema, {
            graph: create(GraphProtoSchema, { initializer: [create(TensorProtoSchema, tensor)] }),
          }),
        )
        expect(encode(onnxModel, { graph: { initializer: [tensor] } })).toEqual(expected)
      }),
    )
  })

  it('leaves out what is undefined', () => {
    expect(encode(onnxModel, { producerName: undefined, graph: undefined })).toEqual(new Uint8Array())
  })
})
