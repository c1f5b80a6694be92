// What stands in the file: only what the outputs need, under the names that were given, with weights left where they are.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { afterAll, describe, expect, it } from 'vitest'
import { evaluate, numbers } from '../../test/evaluate.ts'
import { UsageError } from '../core/errors.ts'
import { float32 } from '../engine/types.ts'
import { constant, type Graph, input, serialize, type WeightSource, weight } from './index.ts'
import { ModelProtoSchema } from './onnx_pb.ts'
import { add, exp, matmul, mul, split } from './ops/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'serialize-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function written(graph: Graph, locate?: (source: WeightSource) => Promise<WeightSource['location']>) {
  const result = await serialize(graph, locate && { locate })
  return { ...result, proto: fromBinary(ModelProtoSchema, result.model).graph! }
}

/** A source of float32 values; with a path it lies there, `offset` bytes in. */
function source(values: readonly number[], path?: string, offset = 0): WeightSource {
  const bytes = new Uint8Array(Float32Array.from(values).buffer)
  const location = path === undefined ? undefined : { path, offset, byteLength: bytes.length }
  return { dtype: 'float32', shape: [values.length], read: async () => bytes, ...(location && { location }) }
}

const inPlace = async ({ location }: WeightSource) => location
const x = input('x', 'float32', ['n', 2])

describe('a serialised graph', () => {
  it('has the inputs and outputs by name, open dimensions included', async () => {
    const { proto, inputs, outputs } = await written({ total: add(x, 1), product: mul(x, x) })
    expect([inputs, outputs]).toEqual([['x'], ['total', 'product']])
    const type = proto.input[0]!.type!.value.value!
    expect(type.shape!.dim.map(({ value }) => value.value)).toEqual(['n', 2n])
    expect(proto.output.map(({ name }) => name)).toEqual(['total', 'product'])
  })

  it('leaves out what no output needs', async () => {
    const unused = input('unused', 'float32', [3])
    exp(add(unused, weight('heavy', source([1, 2, 3]))))
    const { proto, inputs } = await written({ out: exp(x) })
    expect(inputs).toEqual(['x'])
    expect(proto.node.map(({ opType }) => opType)).toEqual(['Exp', 'Identity'])
    expect(proto.initializer).toEqual([])
  })

  it('writes shared nodes once', async () => {
    const shared = exp(x)
    const { proto } = await written({ a: add(shared, shared), b: mul(shared, shared) })
    expect(proto.node.filter(({ opType }) => opType === 'Exp')).toHaveLength(1)
  })

  it('may hand an input straight through, and give one tensor two names', async () => {
    const out = await evaluate({ same: x, again: x }, { x: float32(Float32Array.of(1, 2), [1, 2]) })
    expect([numbers(out.same), numbers(out.again)]).toEqual([
      [1, 2],
      [1, 2],
    ])
  })

  it('keeps the outputs of a node with several apart', async () => {
    const [left, right] = split(x, [1, 1], 1)
    const out = await evaluate({ right: right!, left: left! }, { x: float32(Float32Array.of(1, 2), [1, 2]) })
    expect([numbers(out.left), numbers(out.right)]).toEqual([[1], [2]])
  })

  it('refuses two inputs of one name', async () => {
    const twice = add(x, input('x', 'float32', ['n', 2]))
    await expect(serialize({ twice })).rejects.toThrow(UsageError)
    await expect(serialize({ twice })).rejects.toThrow('two inputs called "x"')
  })

  it('does not recurse: a chain of 20,000 nodes is written', async () => {
    let t = x
    for (let i = 0; i < 20_000; i++) t = exp(t)
    expect((await serialize({ t })).nodes).toBe(20_001)
  })
})

describe('a weight', () => {
  it('in a local file becomes external data, past 4 GB as well', async () => {
    const at = 5 * 2 ** 30 + 2
    const { proto, model } = await written({ out: mul(x, weight('w', source([3, 4], 'folder/file.pth', at))) }, inPlace)
    expect(proto.initializer).toHaveLength(1)
    const { dataLocation, rawData, externalData } = proto.initializer[0]!
    expect([dataLocation, rawData.length]).toEqual([1, 0])
    expect(Object.fromEntries(externalData.map(({ key, value }) => [key, value]))).toEqual({
      location: 'folder/file.pth',
      offset: String(at),
      length: '8',
    })
    expect(model.length).toBeLessThan(400)
  })

  it.each([0, 1, 3, 64, 4095, 4097])('is read in place from byte %i of a file', async (offset) => {
    const values = Float32Array.of(0.5, -2, 8)
    const path = join(folder, `at-${offset}.bin`)
    writeFileSync(path, Buffer.concat([Buffer.alloc(offset, 255), Buffer.from(values.buffer), Buffer.alloc(5, 255)]))
    const w = weight('w', { ...source([...values], path, offset), read: () => Promise.reject(new Error('was read')) })
    const { out } = await evaluate({ out: add(w, constant([1, 1, 1])) }, {})
    expect(numbers(out)).toEqual([1.5, -1, 9])
  })

  it('without a place travels inside the model', async () => {
    const { proto } = await written({ out: mul(x, weight('w', source([3, 4]))) }, inPlace)
    expect(proto.initializer[0]!.rawData.length).toBe(8)
  })

  it('of one place is written once, and once per shape it is seen in', async () => {
    const square = (shape: readonly number[]) => weight('w', { ...source([1, 2, 3, 4], 'file.pth', 8), shape })
    const graph = { a: matmul(square([2, 2]), square([2, 2])), b: exp(square([4])) }
    const { proto } = await written(graph, inPlace)
    expect(proto.initializer.map(({ dims }) => dims)).toEqual([[2n, 2n], [4n]])
  })

  it('small and constant is written once per value and shape', async () => {
    const { proto } = await written({ out: add(add(add(x, 1), 1), add(mul(x, 2), constant([1]))) })
    expect(proto.initializer).toHaveLength(3)
  })
})
