// LPIPS on VGG-16 is the reference's: features, distance and its gradient. The 59 MB of weights follow a formula and go
// through files, as the released ones do.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeSafetensors } from '../../src/checkpoint/safetensors.ts'
import { sizeOf } from '../../src/core/dtype.ts'
import { CheckpointError } from '../../src/core/errors.ts'
import { type OpenedLpips, openLpips } from '../../src/distill/open-lpips.ts'
import { float32, type HostTensor } from '../../src/engine/types.ts'
import { writeStream } from '../../src/files/atomic.ts'
import { grad } from '../../src/graph/grad.ts'
import { input } from '../../src/graph/index.ts'
import { relu, sum } from '../../src/graph/ops/index.ts'
import { lpips, lpipsShapes, perceptualDistance, vggFeatures } from '../../src/models/lpips.ts'
import { evaluate, numbers } from '../evaluate.ts'
import { formulaArray } from '../formula.ts'
import { goldens } from './goldens.ts'

const golden = goldens('lpips')
const shapes = lpipsShapes()
const folder = mkdtempSync(join(tmpdir(), 'lpips-'))
const vggFile = join(folder, 'vgg16.safetensors')
const linFile = join(folder, 'vgg.safetensors')

interface Given {
  name: string
  shape: number[]
  scale: number
  offset: number
}

const given = new Map((golden.meta.given as Given[]).map((array) => [array.name, array]))

function generated(name: string): HostTensor & { data: Float32Array } {
  const { shape, scale, offset } = given.get(name)!
  return { dtype: 'float32', shape, data: formulaArray(name, sizeOf(shape), scale, offset) }
}

/** Writes arrays of these names and shapes, by the fixture's formula where it has them. */
function writeFile(path: string, expected: ReadonlyMap<string, readonly number[]>): Promise<void> {
  const tensors = [...expected].map(([name, shape]) => {
    const { scale, offset } = given.get(name) ?? {}
    const data = formulaArray(name, sizeOf(shape), scale, offset)
    return { name, dtype: 'float32' as const, shape, data: new Uint8Array(data.buffer) }
  })
  return writeStream(path, writeSafetensors(tensors))
}

const images = (batch: number | 'batch') =>
  [input('a', 'float32', [batch, 3, 32, 32]), input('b', 'float32', [batch, 3, 32, 32])] as const
const pixels = { a: generated('a'), b: generated('b') }

let opened: OpenedLpips
beforeAll(async () => {
  await writeFile(vggFile, shapes.vgg)
  await writeFile(linFile, shapes.lin)
  opened = await openLpips(vggFile, linFile)
})
afterAll(async () => {
  await opened.close()
  rmSync(folder, { recursive: true })
})

it('the formula gives the arrays that PyTorch was given', () => {
  for (const [name, { first }] of Object.entries<{ first: number[] }>(golden.meta.checks)) {
    expect(Array.from(generated(name).data.subarray(0, 3))).toEqual(first)
  }
})

describe('LPIPS', () => {
  it('sees the features of torchvision’s VGG-16', async () => {
    const [a] = images('batch')
    const features = vggFeatures(opened.vgg, a)
    const out = await evaluate(Object.fromEntries(features.map((f, i) => [`${i}`, f])), { a: pixels.a })
    for (const i of features.keys()) {
      const values = numbers(out[i])
      const step = Math.floor(values.length / 128)
      const samples = Array.from({ length: 128 }, (_, j) => values[j * step]!)
      golden.match(`features${i}.samples`, samples)
      const mean = values.reduce((s, v) => s + v, 0) / values.length
      const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length
      golden.match(`features${i}.mean_std`, [mean, Math.sqrt(variance)])
    }
  })

  it('gives the distance of every image of an open batch, with and without weights', async () => {
    const [a, b] = images('batch')
    const distance = lpips(opened.vgg, opened.lin, a, b)
    const unweighted = perceptualDistance((image) => vggFeatures(opened.vgg, image), a, b)
    const out = await evaluate({ distance, unweighted }, pixels)
    golden.match('distance', numbers(out.distance))
    golden.match('distance_unweighted', numbers(out.unweighted))
  })

  it('gives the gradient towards an image', async () => {
    const [a, b] = images(2)
    const [gradient] = grad(sum(lpips(opened.vgg, opened.lin, a, b), [0]), [a])
    golden.match('grad.a', numbers((await evaluate({ gradient: gradient! }, pixels)).gradient))
  })

  it('is 0 between an image and itself', async () => {
    const [a, b] = images('batch')
    const out = await evaluate({ distance: lpips(opened.vgg, opened.lin, a, b) }, { a: pixels.a, b: pixels.a })
    expect(numbers(out.distance)).toEqual([0, 0])
  })
})

describe('the perceptual distance', () => {
  it('on other features has a gradient everywhere, 0 where a ReLU let nothing through', async () => {
    const a = input('a', 'float32', [1, 2, 1, 2])
    const b = input('b', 'float32', [1, 2, 1, 2])
    const distance = perceptualDistance((image) => [relu(image)], a, b)
    const [gradient] = grad(sum(distance, [0]), [a])
    const feeds = {
      a: float32(Float32Array.of(3, -1, 4, -2), [1, 2, 1, 2]), // pixels (3, 4) and (-1, -2)
      b: float32(Float32Array.of(1, 0, 0, 5), [1, 2, 1, 2]), // pixels (1, 0) and (0, 5)
    }
    const out = await evaluate({ distance, gradient: gradient! }, feeds)
    // Pixel 1: |(0.6, 0.8) - (1, 0)|^2 = 0.8; pixel 2: |(0, 0) - (0, 1)|^2 = 1.
    expect(numbers(out.distance)).toBeAllclose([0.9])
    // Minus the derivative of cos(angle) at (3, 4), which is (0.8, -0.6) * 0.8 / 5.
    expect(numbers(out.gradient)).toBeAllclose([-0.8 * 0.16, 0, 0.6 * 0.16, 0])
  })
})

describe('opening LPIPS', () => {
  const broken = join(folder, 'broken.safetensors')

  it('names a tensor that is missing, and what the file holds instead', async () => {
    await writeFile(broken, new Map([...shapes.lin].map(([name, shape]) => [name.replace('.model', '.net'), shape])))
    const opening = openLpips(vggFile, broken)
    await expect(opening).rejects.toThrow(CheckpointError)
    await expect(opening).rejects.toThrow(
      'broken.safetensors: no tensor "lin0.model.1.weight" (expected float32 [1, 64, 1, 1]) (and 4 more). ' +
        'The file holds "lin0.net.1.weight". The channels\' weights are vgg.pth of the lpips package (version 0.1).',
    )
    await expect(openLpips(linFile, linFile)).rejects.toThrow('no tensor "features.0.weight"')
  })

  it('names a tensor of another shape', async () => {
    await writeFile(broken, new Map([...shapes.lin, ['lin3.model.1.weight', [1, 256, 1, 1]]]))
    await expect(openLpips(vggFile, broken)).rejects.toThrow(
      'broken.safetensors: tensor "lin3.model.1.weight" has shape [1, 256, 1, 1], expected [1, 512, 1, 1].',
    )
  })
})

golden.allCompared()
