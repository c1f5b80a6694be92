import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { fixturePath } from '../../test/fixtures.ts'
import { CheckpointError, UsageError } from '../core/errors.ts'
import { type LoadOptions, load } from './load.ts'
import type { Model, SampleOptions } from './model.ts'

const varFiles = { student: fixturePath('var_tiny_dd.pth'), tokenizer: fixturePath('var_tiny_vqvae.pth') }
const config = { heads: 2, tokens: 16 }
const llamaGenFiles = { student: fixturePath('llamagen_tiny_dd.pt'), tokenizer: fixturePath('llamagen_tiny_vq.pt') }

let model: Model | undefined
afterEach(async () => {
  await model?.dispose()
  model = undefined
})

describe('load', () => {
  it('opens the embedded model by name and samples from it', async () => {
    model = await load('sprites-var-dd', { device: 'cpu' })
    const { images } = await model.sample({ classes: ['boat', 7], count: 2 })
    expect(images.map(({ width, height }) => [width, height])).toEqual(new Array(4).fill([32, 32]))
    expect(images.map((image) => image.settings?.class)).toEqual([3, 3, 7, 7])
  })

  it('opens files of either family and reads their sizes', async () => {
    model = await load(undefined, varFiles)
    expect(model.family).toMatchObject({ name: 'var', groups: [1, 4, 9, 16], channels: 16, numClasses: 10 })
    await model.dispose()
    model = await load(undefined, { ...llamaGenFiles, config })
    expect(model.family).toMatchObject({ name: 'llamagen', channels: 8, imageSize: 64 })
  })

  it('asks for what shapes cannot tell', async () => {
    await expect(load(undefined, llamaGenFiles)).rejects.toThrow(/--config.*"heads"/)
  })

  it('refuses files that do not belong together', async () => {
    const swapped = { student: varFiles.student, tokenizer: llamaGenFiles.tokenizer }
    await expect(load(undefined, swapped)).rejects.toThrow(
      /as the tokenizer of a var model, but looks like llamagen-vq/,
    )
    const otherGrid = { ...varFiles, teacher: fixturePath('llamagen_tiny_teacher.pt') }
    await expect(load(undefined, otherGrid)).rejects.toThrow(CheckpointError)
    await expect(load(undefined, { student: varFiles.student })).rejects.toThrow(/needs its tokenizer/)
  })

  it('does not start when already aborted', async () => {
    await expect(load('sprites-var-dd', { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
  })
})

describe('Model', () => {
  const open = async () => {
    model = await load(undefined, varFiles)
    return model
  }

  it('streams images in order, each as soon as it is finished', async () => {
    const seen: string[] = []
    const onProgress = ({ type }: { type: string }) => void seen.push(type)
    const stream = (await open()).stream({ classes: [0, 1, 2], batch: 2, onProgress })
    for await (const { index } of stream) seen.push(`image ${index}`)
    expect(seen).toEqual(['step', 'image', 'image 0', 'image', 'image 1', 'step', 'image', 'image 2'])
  })

  it('makes the tokens that the flow map gives to the noise, whatever is sampled beside', async () => {
    model = await load('sprites-var-dd', { device: 'cpu', threads: 1 })
    const options = { classes: [4, 9], seed: 5, flow: true } as const
    expect(model.plan(options)).toMatchObject({ kind: 'teacher', flow: { solver: 'dpm', steps: 32 } })
    const { results } = await model.sample(options)
    const [alone] = (await model.sample({ ...options, classes: [9], firstIndex: 1 })).results
    expect(results[0]!.details.teacherIndices).toHaveLength(130)
    expect(alone!.details.teacherIndices).toEqual(results[1]!.details.teacherIndices)
    expect(() => model!.plan({ flow: { steps: 1 } })).toThrow('2 steps or more')
    expect(() => model!.plan({ flow: true, teacher: { greedy: true } })).toThrow('greedy')
  })

  it('leads noise to the image of a plan, token group by token group', async () => {
    model = await load('sprites-var-dd', { device: 'cpu', threads: 1 })
    const noise = { seed: 2, toward: { seed: 3, amount: 0.3 } }
    const states = []
    for await (const state of model.trajectory({ class: 'boat', noise, steps: 1 })) states.push(state)
    expect(states.map(({ timestep, last }) => `${timestep}/${last}`)).toEqual(
      ['0', '1', '2', '3', '4', '5', '6'].map((t) => `${t}/6`),
    )
    const { images } = await model.sample({ classes: ['boat', 'boat'], noise: [noise, { seed: 8 }], steps: 1 })
    expect(states.at(-1)!.image.data).toEqual(images[0]!.data)
    expect(images[0]!.settings).toMatchObject({ noise, seed: 2, index: 0, rng: 'philox' })
    expect(images[1]!.settings).not.toHaveProperty('noise')
    await expect(model.sample({ classes: ['boat'], noise: [noise, noise] })).rejects.toThrow(
      '1 images were asked for with 2',
    )
  })

  it('gives the same image for the same seed and index, and another for another', async () => {
    const m = await open()
    const bytes = async (seed: number, firstIndex = 0) =>
      (await m.sample({ classes: [1, 1, 1], seed, firstIndex })).images.map((image) =>
        Buffer.from(image.data).toString('base64'),
      )
    const [a, b, c] = await bytes(5)
    expect(await bytes(5)).toEqual([a, b, c])
    expect((await bytes(5, 1)).slice(0, 2)).toEqual([b, c])
    expect((await bytes(6))[0]).not.toEqual(a)
  })

  it('stops between steps when aborted', async () => {
    const m = await open()
    const controller = new AbortController()
    const run = m.sample({
      classes: [0],
      timesteps: [0, 1, 2],
      split: 2,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    })
    await expect(run).rejects.toThrow(/abort/i)
    expect((await m.sample({ classes: [0] })).images).toHaveLength(1)
  })

  it('in lean mode gives the same images and can be used again', async () => {
    const m = await open()
    const plain = await m.sample({ classes: [2, 3] })
    for (let i = 0; i < 2; i++) {
      const lean = await m.sample({ classes: [2, 3], lean: true })
      expect(lean.images.map((x) => x.data)).toEqual(plain.images.map((x) => x.data))
    }
  })

  it.each([
    [{ classes: [] }, /No class/],
    [{ classes: ['goldfish', 500] }, /knows classes 0 to 9, got 500/],
    [{ classes: [0], count: 0 }, /count/],
    [{ classes: [0], steps: 3 }, /no preset with 3 steps/],
    [{ classes: [0], timesteps: [1] }, /start with 0/],
    [{ classes: [0], timesteps: [0, 4] }, /from 1 to 3/],
    [{ classes: [0], split: 5 }, /split must be a whole number from 0 to 4/],
    [{ classes: [0], teacherOnly: true }, /needs a teacher/],
    [{ classes: [0], noise: { data: new Float32Array(16), shape: [1, 1, 16] } }, /\[1, 30, 16\]/],
  ])('refuses %j', async (options, message) => {
    const m = await open()
    await expect(m.sample(options)).rejects.toThrow(UsageError)
    await expect(m.sample(options)).rejects.toThrow(message)
  })

  it('saves an image and leaves nothing else behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'distilled-model-'))
    const { images } = await (await open()).sample({ classes: [4] })
    await images[0]!.save(join(folder, 'four.png'))
    expect(await readdir(folder)).toEqual(['four.png'])
    await rm(folder, { recursive: true })
  })
})

it.each([
  [{ dtype: 'fp16' }, /dtype must be one of fp32, int8; got "fp16"/],
  [{ device: 'tpu' }, /device must be one of auto, cpu/],
  [{ threads: 0 }, /threads must be a whole number above 0/],
])('load refuses %j', async (options, message) => {
  await expect(load('sprites-var-dd', options as LoadOptions)).rejects.toThrow(message)
})

it('with download fetches nothing that is here, and takes names only', async () => {
  model = await load('sprites-var-dd', { download: true })
  expect(model.name).toBe('sprites-var-dd')
  await expect(load(fixturePath(''), { download: true })).rejects.toThrow(/only names of the zoo can be downloaded/)
})

it('sample refuses what is no list of classes and unknown generators', async () => {
  model = await load('sprites-var-dd')
  await expect(model.sample({} as SampleOptions)).rejects.toThrow(/classes must be an array/)
  const options = { classes: [0], rng: 'numpy' } as unknown as SampleOptions
  await expect(model.sample(options)).rejects.toThrow(/rng must be one of philox, torch/)
})
