// Any ONNX file is a reader when it takes images and gives features; what it declares is taken at its word or refused.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { sharedEngine } from '../../../test/evaluate.ts'
import { constant, type Dim, type Graph, input, serialize, type Tensor } from '../../graph/index.ts'
import { cast, mean, mul, reshape, softmax, sum } from '../../graph/ops/index.ts'
import { fileSha256 } from '../../jobs/node/manifest.ts'
import type { RgbBatch } from '../reader.ts'
import { onnxReader } from './onnx-reader.ts'

const folder = mkdtempSync(join(tmpdir(), 'onnx-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function written(name: string, graph: Graph): Promise<string> {
  const path = join(folder, `${name}.onnx`)
  writeFileSync(path, (await serialize(graph)).model)
  return path
}

const open = async (name: string, graph: Graph) => onnxReader(await sharedEngine(), await written(name, graph))
const images = (...shape: Dim[]): Tensor => input('pixels', 'float32', shape)
const colour = (x: Tensor) => mean(x, [2, 3]) // (N, 3)

/** Images of one colour each: (image, 10, 255). */
function plain(count: number, height: number, width: number): RgbBatch {
  const data = Uint8Array.from({ length: count * height * width * 3 }, (_, i) => {
    return [Math.floor(i / (height * width * 3)), 10, 255][i % 3]!
  })
  return { data, shape: [count, height, width, 3] }
}
const colours = (count: number) => Array.from({ length: count }, (_, i) => [i / 255, 10 / 255, 1]).flat()

describe('a network of open sizes', () => {
  it('sees planes in [0, 1], a few images at a time', async () => {
    const x = images('N', 3, 'H', 'W')
    await using reader = await open('open', { logits: mul(colour(x), 2), features: colour(x) })
    const { features, spatial, probabilities } = await reader.read(plain(19, 4, 6))
    expect(features.shape).toEqual([19, 3])
    expect(features.data).toBeAllclose(colours(19))
    expect([spatial, probabilities]).toEqual([undefined, undefined])
    expect((await reader.read(plain(2, 5, 3))).features.data).toBeAllclose(colours(2))
  })

  it('keeps rows, columns and channels apart', async () => {
    await using reader = await open('places', { places: images('N', 3, 2, 2) })
    const data = Uint8Array.from({ length: 12 }, (_, i) => i)
    const { features } = await reader.read({ data, shape: [1, 2, 2, 3] })
    expect(Array.from(features.data, (v) => Math.round(v * 255))).toEqual([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11])
    expect(reader.width).toBe(12)
  })

  it('takes the first output where none is called features, and offers the others by name', async () => {
    const x = images('N', 3, 'H', 'W')
    const graph = { embedding: mul(colour(x), 2), probabilities: softmax(colour(x)), spatial: sum(x, [2]) }
    await using reader = await open('first', graph)
    expect(reader.offers).toEqual(['spatial', 'probabilities'])
    const { features, probabilities, spatial } = await reader.read(plain(3, 2, 7))
    expect(features.data).toBeAllclose(colours(3).map((v) => 2 * v))
    expect(probabilities!.shape).toEqual([3, 3])
    expect(spatial!.shape).toEqual([3, 21])
  })

  it('names no dimension, and is asked how many features it has', async () => {
    const x = images('', 3, '', '')
    const unnamed = { ...colour(x), shape: ['', ''] }
    await using reader = await open('unnamed', { features: unnamed })
    expect(reader.width).toBe(3)
    expect((await reader.read(plain(9, 2, 5))).features.data).toBeAllclose(colours(9))
  })
})

describe('a network of fixed sizes', () => {
  it('is filled up to its number of images', async () => {
    await using reader = await open('four', { features: colour(images(4, 3, 2, 2)) })
    const { features } = await reader.read(plain(6, 2, 2))
    expect(features.shape).toEqual([6, 3])
    expect(features.data).toBeAllclose(colours(6))
  })

  it('refuses images of another size', async () => {
    await using reader = await open('small', { features: colour(images('N', 3, 8, 16)) })
    await expect(reader.read(plain(1, 8, 8))).rejects.toThrow(
      'small.onnx reads images of 16 x 8; these are 8 x 8. Export it with open height and width',
    )
  })
})

it('a reader of a file says which', async () => {
  await using reader = await open('named', { features: colour(images('N', 3, 'H', 'W')) })
  expect(reader.name).toBe('named.onnx')
  expect(reader.sha256).toBe(await fileSha256(join(folder, 'named.onnx')))
})

it('weights beside the file are part of its hash', async () => {
  const path = join(folder, 'weighted.onnx')
  const graph = { features: mul(images('N', 3, 1, 1), constant([0, 0, 0])) }
  const locate = async () => ({ path: 'weights.bin', offset: 0, byteLength: 12 })
  writeFileSync(path, (await serialize(graph, { locate })).model)
  const hashes = new Set<string>([await fileSha256(path)])
  for (const weight of [1, 2, 1]) {
    writeFileSync(join(folder, 'weights.bin'), new Float32Array(3).fill(weight))
    await using reader = await onnxReader(await sharedEngine(), path)
    expect((await reader.read(plain(1, 1, 1))).features.data[8]).toBe(weight)
    hashes.add(reader.sha256)
  }
  expect(hashes.size).toBe(3) // of the file alone, of weights 1, of weights 2
})

describe('what is no reader is refused:', () => {
  const x = images('N', 3, 'H', 'W')
  const bytes = input('pixels', 'uint8', ['N', 3, 'H', 'W'])
  it.each<[string, Graph, string]>([
    ['two inputs', { features: mul(colour(x), input('scale', 'float32', [3])) }, '"scale" float32 [3]'],
    ['no image', { features: images('N', 100) }, 'takes "pixels" float32 [N, 100]. Expected one input of images'],
    ['grey images', { features: colour(images('N', 1, 'H', 'W')) }, 'Expected one input of images'],
    ['bytes', { features: colour(cast(bytes, 'float32')) }, 'takes "pixels" uint8'],
    ['integers as features', { features: cast(colour(x), 'int32') }, 'gives "features" int32 [N, 3]; expected float32'],
    ['a single number', { features: mean(x, [0, 1, 2, 3]) }, 'expected float32 [N, D]'],
  ])('%s', async (name, graph, message) => {
    await expect(open(name.replaceAll(' ', '-'), graph)).rejects.toThrow(message)
  })

  it('rows that are not the images', async () => {
    const folded = reshape(colour(images(2, 3, 4, 4)), [3, 2])
    await using reader = await open('folded', { features: folded })
    await expect(reader.read(plain(2, 4, 4))).rejects.toThrow('output "features" has shape [3, 2] for 2 images.')
  })

  it('a file that is no network', async () => {
    const path = join(folder, 'garbage.onnx')
    writeFileSync(path, 'hello')
    const opening = onnxReader(await sharedEngine(), path)
    await expect(opening).rejects.toThrow('garbage.onnx: ONNX Runtime cannot open it.')
  })
})
