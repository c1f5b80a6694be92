// The Inception reader: each protocol's own way of looking, and numbers that do not depend on how images are handed over.
// Weights follow the fixture's formula; parity of the network itself is test/parity/inception.test.ts.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evaluate, numbers, sharedEngine } from '../../../test/evaluate.ts'
import { loadFixture } from '../../../test/fixtures.ts'
import { formulaImage, inceptionArray, writeInception } from '../../../test/inception-weights.ts'
import { openFile } from '../../checkpoint/node/file-source.ts'
import type { Checkpoint } from '../../checkpoint/types.ts'
import { createEngine } from '../../engine/node/engine.ts'
import { float32 } from '../../engine/types.ts'
import { input } from '../../graph/index.ts'
import { fileSha256 } from '../../jobs/node/manifest.ts'
import { inception } from '../../models/inception.ts'
import { openWeights } from '../../models/weights.ts'
import type { FeatureReader, Reading, RgbBatch } from '../reader.ts'
import type { ProtocolName } from '../result.ts'
import { inceptionReader } from './inception-reader.ts'

/** What the reader promises: 1e-5 of the largest number. */
const EPSILON = 1e-5

const folder = mkdtempSync(join(tmpdir(), 'inception-'))
const file = join(folder, 'inception.safetensors')
let checkpoint: Checkpoint
const readers = {} as Record<ProtocolName, FeatureReader>
beforeAll(async () => {
  await writeInception(file)
  checkpoint = await openFile(file)
  for (const protocol of ['dd', 'adm'] as const)
    readers[protocol] = await inceptionReader(await sharedEngine(), file, protocol)
})
afterAll(async () => {
  await checkpoint.close()
  rmSync(folder, { recursive: true })
})

/** Images of height x width as bytes. */
function bytes(count: number, height: number, width: number): RgbBatch {
  const data = Uint8Array.from({ length: count * height * width * 3 }, (_, i) => {
    const [image, c, y, x] = [
      Math.floor(i / (height * width * 3)),
      i % 3,
      Math.floor(i / (width * 3)) % height,
      Math.floor(i / 3) % width,
    ]
    return 128 + 90 * Math.sin(0.3 * x + image) * Math.cos(0.2 * y + c) + 30 * Math.sin(i * 12.9898)
  })
  return { data, shape: [count, height, width, 3] }
}

const of = ({ data, shape: [, height, width] }: RgbBatch, first: number, count: number): RgbBatch => {
  const size = height * width * 3
  return { data: data.subarray(first * size, (first + count) * size), shape: [count, height, width, 3] }
}

const parts = (reading: Reading) => [reading.features, reading.spatial!, reading.probabilities!]

describe('the two protocols', () => {
  const image = bytes(1, 40, 56)
  /** The image by each protocol's definition, in loops: [3, 299, 299] in [-1, 1]. */
  const seen: Record<ProtocolName, (place: (c: number, y: number, x: number) => number) => number[]> = {
    dd: (pixel) => {
      const at = (i: number, from: number) => Math.min(Math.max(((i + 0.5) * from) / 299 - 0.5, 0), from - 1)
      return resized(pixel, at).map((x) => (2 * x) / 255 - 1)
    },
    adm: (pixel) => resized(pixel, (i, from) => (i * from) / 299).map((x) => (x - 128) / 128),
  }
  function resized(pixel: (c: number, y: number, x: number) => number, at: (i: number, from: number) => number) {
    return Array.from({ length: 3 * 299 * 299 }, (_, i) => {
      const c = Math.floor(i / 299 ** 2)
      const v = at(Math.floor(i / 299) % 299, 40)
      const u = at(i % 299, 56)
      const top = Math.floor(v)
      const left = Math.floor(u)
      const bottom = Math.min(top + 1, 39)
      const right = Math.min(left + 1, 55)
      const along = (y: number) => pixel(c, y, left) * (1 - u + left) + pixel(c, y, right) * (u - left)
      return along(top) * (1 - v + top) + along(bottom) * (v - top)
    })
  }

  it.each(['dd', 'adm'] as const)('%s resizes and scales as its reference does', async (protocol) => {
    const planes = seen[protocol]((c, y, x) => image.data[(y * 56 + x) * 3 + c]!)
    const { features, mixed6dBranch1x1: branch } = inception(
      openWeights(file, checkpoint.tensors()),
      input('x', 'float32', [1, 3, 299, 299]),
    )
    const out = await evaluate({ features, branch }, { x: float32(Float32Array.from(planes), [1, 3, 299, 299]) })
    const reading = await readers[protocol].read(image)
    expect(reading.features).toMatchObject({ shape: [1, 2048] })
    expect(reading.features.data).toBeWithinRelative(numbers(out.features), 1e-4)

    const activations = numbers(out.branch) // (1, 192, 17, 17)
    const places = Array.from({ length: 17 * 17 * 7 }, (_, i) => activations[(i % 7) * 17 * 17 + Math.floor(i / 7)]!)
    expect(reading.spatial!.shape).toEqual([1, 2023])
    expect(reading.spatial!.data).toBeWithinRelative(places, 1e-4)
    expect(Math.min(...places)).toBe(0) // behind the ReLU
  })

  it('see different things', async () => {
    const dd = await readers.dd.read(image)
    const adm = await readers.adm.read(image)
    expect(dd.features.data).not.toBeWithinRelative(adm.features.data, 1e-3)
    expect(readers.dd.preprocessing).not.toBe(readers.adm.preprocessing)
  })

  it.each([
    ['dd', true],
    ['adm', false],
  ] as const)('%s: the softmax has a bias: %s', async (protocol, biased) => {
    const { features, probabilities } = await readers[protocol].read(image)
    const weight = inceptionArray('fc.weight', [1008, 2048])
    const bias = inceptionArray('fc.bias', [1008])
    const logits = Array.from(bias, (b, k) =>
      Array.from(features.data).reduce((sum, f, j) => sum + f * weight[k * 2048 + j]!, biased ? b : 0),
    )
    const exps = logits.map(Math.exp)
    const total = exps.reduce((a, b) => a + b)
    expect(probabilities!.shape).toEqual([1, 1008])
    expect(probabilities!.data).toBeWithinRelative(
      exps.map((e) => e / total),
      1e-4,
    )
  })
})

describe('what an image gives', () => {
  it('does not depend on the images it is read with', async () => {
    const images = bytes(10, 48, 48)
    const whole = parts(await readers.adm.read(images)) // 8 and 2
    for (const splits of [[1, 9], [3, 7], [10]]) {
      let first = 0
      for (const count of splits) {
        const some = parts(await readers.adm.read(of(images, first, count)))
        for (const [i, { data, shape }] of some.entries()) {
          const width = shape[1]
          expect(data).toBeWithinRelative(whole[i]!.data.subarray(first * width, (first + count) * width), EPSILON)
        }
        first += count
      }
    }
    await using single = await inceptionReader(await sharedEngine(), file, 'adm', { batch: 1 })
    const alone = parts(await single.read(images))
    for (const [i, { data }] of alone.entries()) expect(data).toBeWithinRelative(whole[i]!.data, EPSILON)
  })

  it('does not depend on the number of threads', async () => {
    const image = bytes(1, 48, 48)
    await using engine = await createEngine({ device: 'cpu', threads: 2 })
    await using reader = await inceptionReader(engine, file, 'dd')
    const one = parts(await readers.dd.read(image))
    const two = parts(await reader.read(image))
    for (const [i, { data }] of two.entries()) expect(data).toBeWithinRelative(one[i]!.data, EPSILON)
  })

  it('does not depend on the size of the images before', async () => {
    const wide = bytes(1, 20, 64)
    const before = await readers.dd.read(wide)
    await readers.dd.read(bytes(1, 64, 20))
    expect(await readers.dd.read(wide)).toEqual(before)
  })
})

it('a reader tells what it is', async () => {
  const { name, sha256, width, offers, preprocessing } = readers.adm
  expect({ name, width, offers }).toEqual({
    name: 'inception-v3 (FID variant)',
    width: 2048,
    offers: ['spatial', 'probabilities'],
  })
  expect(sha256).toBe(await fileSha256(file))
  expect(preprocessing).toContain('without bias')
})

it('bytes that are no such images are named', async () => {
  await expect(readers.dd.read({ data: new Uint8Array(11), shape: [1, 2, 2, 3] })).rejects.toThrow(
    '11 bytes are no images of shape [1, 2, 2, 3].',
  )
  await expect(readers.dd.read({ data: new Uint8Array(), shape: [0, 2, 2, 3] })).rejects.toThrow('no images')
})

it('the fixture’s image, rounded to bytes, gives the fixture’s features with its own protocol only', async () => {
  const planes = formulaImage('image1', 256)
  const data = Uint8Array.from({ length: planes.length }, (_, i) =>
    Math.round(255 * planes[(i % 3) * 65536 + Math.floor(i / 3)]!),
  )
  const { features } = await readers.dd.read({ data, shape: [1, 256, 256, 3] })
  const golden = loadFixture('inception').arrays('image1.block3_2048').data
  expect(features.data).toBeWithinRelative(golden, 2e-3)
  const other = await readers.adm.read({ data, shape: [1, 256, 256, 3] })
  expect(other.features.data).not.toBeWithinRelative(golden, 2e-3)
})
