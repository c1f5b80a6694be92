import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { npzBytes } from '../../checkpoint/npz.ts'
import { UsageError } from '../../core/errors.ts'
import { spritesSet } from '../../evaluate/node/sets/sprites.ts'
import { load } from '../node/load.ts'
import { evaluate } from './evaluate.ts'

const count = 60
let folder: string
let pixels: { data: Uint8Array; shape: readonly [number, number, number, 3] }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'distilled-evaluate-'))
  for await (const batch of spritesSet(count, 7).images.read(0, count)) pixels = batch
  writeFileSync(join(folder, 'images.npz'), npzBytes({ arr_0: pixels }))
})
afterAll(() => rmSync(folder, { recursive: true }))

const common = { reference: 'sprites', features: 'sprites', metrics: ['fid', 'kid'] } as const
const own = { ...common, device: 'cpu', threads: 1 } as const

describe('evaluate', () => {
  it('gives the same figures of a path, an array and a set', async () => {
    const given = [join(folder, 'images.npz'), pixels, spritesSet(count, 7)]
    const results = []
    for (const samples of given) results.push(await evaluate({ ...own, samples }))
    const [first, ...others] = results.map(({ metrics }) => metrics)
    expect(first).toMatchObject({ fid: expect.any(Number), kid: expect.any(Number) })
    for (const metrics of others) expect(metrics).toMatchObject(first!) // the drawn set has labels, so its accuracy is told as well
    expect(results[1]!.protocol).toMatchObject({
      name: 'dd',
      count,
      reference: { count },
      features: { name: 'sprites' },
      versions: { 'distilled-decoding': expect.any(String), onnxruntime: expect.any(String) },
    })
  })

  it("measures a model's images on its own engine, and says how they were sampled", async () => {
    await using model = await load('sprites-var-dd', { device: 'cpu', threads: 1 })
    const asked = { ...common, samples: model, count: 24, labels: 'balanced', seed: 3, sampling: { steps: 2 } } as const
    const { protocol, sampler, classes, name } = await evaluate(asked)
    expect(name).toBe('sprites-var-dd')
    expect(protocol).toMatchObject({ count: 24, sampling: { seed: 3, timesteps: '0,3' } })
    expect(sampler).toMatchObject({ name: 'two steps', steps: 2 })
    expect(classes).toHaveLength(12)
    expect((await model.sample({ classes: ['boat'] })).images).toHaveLength(1)
  })

  it('needs no reader for features, and warns of few', async () => {
    const features = (seed: number) => ({
      data: Float64Array.from({ length: 30 }, (_, i) => Math.sin(seed * (i + 1) ** 2)),
      shape: [10, 3] as const,
    })
    const warnings: string[] = []
    const few = { data: features(1).data.subarray(0, 6), shape: [2, 3] as const }
    const onWarning = (text: string) => warnings.push(text)
    const { metrics } = await evaluate({
      samples: few,
      reference: features(2),
      metrics: ['fid'],
      threads: 1,
      onWarning,
    })
    expect(metrics.fid).toBeGreaterThan(0)
    expect(warnings).toEqual([expect.stringContaining('the samples are 2 images for 3 features')])
  })
})

describe('what is refused', () => {
  const array = (data: ArrayBufferView, shape: readonly number[]) => ({ data, shape })
  it.each<[string, object, string]>([
    ['nothing', {}, 'evaluate needs the option `samples`.'],
    ['a slip', { samples: 'a', refrence: 'b' }, 'evaluate has no option "refrence". Did you mean `reference`?'],
    [
      'a number',
      { samples: 7 },
      '`samples` must be a path, an array { data, shape }, a model or an opened set, got 7.',
    ],
    ['another metric', { samples: 'a', metrics: ['fad'] }, 'must be one of fid, sfid, is, precision, recall, kid'],
    [
      'a path that leads nowhere',
      { samples: 'nowhere', reference: 'sprites' },
      'There is no file, folder or reference',
    ],
    ['images without a reader', { samples: 'sprites', reference: 'sprites' }, 'Images need a network that reads them'],
    ['a count of given samples', { samples: 'sprites', count: 5 }, '`count` is of a model, and samples are given'],
    ['floats as images', { samples: array(new Float32Array(12), [1, 2, 2, 3]) }, 'got Float32Array [1,2,2,3]'],
    ['too few bytes', { samples: array(new Uint8Array(11), [1, 2, 2, 3]) }, 'the 11 values of the array are not those'],
    ['no images', { samples: array(new Uint8Array(0), [0, 2, 2, 3]) }, 'the 0 values of the array are not those'],
  ])('%s', async (_, options, message) => {
    const asked = evaluate(options as unknown as Parameters<typeof evaluate>[0])
    await expect(asked).rejects.toThrow(UsageError)
    await expect(asked).rejects.toThrow(message)
  })

  it("another engine than a model's own", async () => {
    await using model = await load('sprites-var-dd', { device: 'cpu', threads: 1 })
    await expect(evaluate({ ...own, samples: model })).rejects.toThrow('`device` was chosen when the model was loaded')
  })
})
