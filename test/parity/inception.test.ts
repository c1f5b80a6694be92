// Inception-v3 in the FID variant is pytorch-fid's: every pooled map, the resize before it and the logits behind it. The
// 95 MB of weights and the images follow the fixture's formula and go through a file, as the released ones do.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFile } from '../../src/checkpoint/node/file-source.ts'
import type { Checkpoint } from '../../src/checkpoint/types.ts'
import { float32 } from '../../src/engine/types.ts'
import { bilinearAxis, resize, turned } from '../../src/evaluate/resize-bilinear.ts'
import { collect, constant, input } from '../../src/graph/index.ts'
import { linear, mean, mul, sub } from '../../src/graph/ops/index.ts'
import { checkTensors } from '../../src/models/check-tensors.ts'
import { inception, inceptionProbabilities, inceptionShapes } from '../../src/models/inception.ts'
import { openWeights, type Weights } from '../../src/models/weights.ts'
import { evaluate, numbers } from '../evaluate.ts'
import { formulaImage, inceptionArray, writeInception } from '../inception-weights.ts'
import { goldens } from './goldens.ts'

const golden = goldens('inception')
const folder = mkdtempSync(join(tmpdir(), 'inception-'))
const file = join(folder, 'inception.safetensors')

let checkpoint: Checkpoint
let weights: Weights
beforeAll(async () => {
  await writeInception(file)
  checkpoint = await openFile(file)
  checkTensors(file, checkpoint.tensors(), inceptionShapes(), 'Take another file.')
  weights = openWeights(file, checkpoint.tensors())
})
afterAll(async () => {
  await checkpoint.close()
  rmSync(folder, { recursive: true })
})

describe('the formula', () => {
  it.each(Object.entries(golden.meta.checks))('gives %s as PyTorch was given it', (name, value) => {
    const { shape, first, sum } = value as { shape: number[]; first: number[]; sum: number }
    const data = inceptionArray(name, shape)
    expect(inceptionShapes().get(name)).toEqual(shape)
    expect(Array.from(data.subarray(0, 3))).toEqual(first)
    expect(data.reduce((total, x) => total + x, 0)).toBeCloseTo(sum, 6)
  })
})

describe.each([
  ['image0', 299],
  ['image1', 256],
] as const)('Inception of %s, %i pixels wide,', (name, side) => {
  const image = formulaImage(name, side)

  it('is pytorch-fid’s, from the resized image to the probabilities', async () => {
    const corner = [0, 1, 2].flatMap((c) =>
      [0, 1, 2, 3].flatMap((y) => Array.from(image.subarray((c * side + y) * side).subarray(0, 4))),
    )
    golden.match(`${name}.image_corner`, corner)

    const axis = bilinearAxis(side, 299, 'half-pixel')
    const x = input('x', 'float32', [1, 3, side, side])
    const resized = resize(x, constant(axis, [299, side]), constant(turned(axis, 299), [side, 299]))
    const { maxPool1, maxPool2, mixed6e, mixed7c, features } = inception(weights, sub(mul(resized, 2), 1))
    const maps = { block0_64: maxPool1, block1_192: maxPool2, block2_768: mixed6e, block3_2048: mixed7c }
    const out = await evaluate(
      {
        resized,
        ...Object.fromEntries(Object.entries(maps).map(([key, map]) => [key, mean(map, [2, 3])])),
        features,
        logits: linear(features, weights.get('fc.weight'), weights.get('fc.bias')),
        probs: inceptionProbabilities(weights, features, { bias: true }),
      },
      { x: float32(image, [1, 3, side, side]) },
    )
    const pixels = numbers(out.resized)
    const row = [0, 1, 2].flatMap((c) => pixels.slice((c * 299 + 100) * 299, (c * 299 + 101) * 299))
    golden.match(`${name}.resized_row100`, row)
    for (const key of [...Object.keys(maps), 'logits', 'probs']) golden.match(`${name}.${key}`, numbers(out[key]))
    golden.match(`${name}.block3_2048`, numbers(out.features))
  })
})

it('the spatial features of sFID are TensorFlow’s mixed_6/conv: the first branch of Mixed_6d', () => {
  const { spatial } = inception(weights, input('x', 'float32', ['batch', 3, 299, 299]))
  const names = collect({ spatial }).flatMap((node) => (node.kind === 'weight' ? [node.name] : []))
  const blocks = new Set(names.map((name) => /^Mixed_\d\w/.exec(name)?.[0]))
  expect([...blocks].filter(Boolean)).toEqual(['5b', '5c', '5d', '6a', '6b', '6c', '6d'].map((x) => `Mixed_${x}`))
  const last = names.filter((name) => name.startsWith('Mixed_6d'))
  expect(last).toHaveLength(5)
  expect(last.every((name) => name.startsWith('Mixed_6d.branch1x1.'))).toBe(true)
  expect(spatial.shape).toEqual(['batch', 2023])
})

golden.allCompared()
