import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { fixturePath } from '../../../test/fixtures.ts'
import { CheckpointError, UsageError } from '../../core/errors.ts'
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
    model = await load(varFiles)
    expect(model.family).toMatchObject({ name: 'var', groups: [1, 4, 9, 16], channels: 16, numClasses: 10 })
    await model.dispose()
    model = await load({ ...llamaGenFiles, config })
    expect(model.family).toMatchObject({ name: 'llamagen', channels: 8, imageSize: 64 })
  })

  it('asks for what shapes cannot tell', async () => {
    await expect(load(llamaGenFiles)).rejects.toThrow(/`config: \{ heads: 4, tokens: 256 \}`/)
  })

  it('refuses files that do not belong together', async () => {
    const swapped = { student: varFiles.student, tokenizer: llamaGenFiles.tokenizer }
    await expect(load(swapped)).rejects.toThrow(/as the tokenizer of a var model, but looks like llamagen-vq/)
    const otherGrid = { ...varFiles, teacher: fixturePath('llamagen_tiny_teacher.pt') }
    await expect(load(otherGrid)).rejects.toThrow(CheckpointError)
    await expect(load({ student: varFiles.student })).rejects.toThrow(/needs its tokenizer/)
  })

  it('does not start when already aborted', async () => {
    await expect(load('sprites-var-dd', { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
  })
})

describe('Model', () => {
  const open = async () => {
    model = await load(varFiles)
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
    expect(() => model!.plan({ flow: { steps: 1 } })).toThrow('must be a whole number from 2 to 10000, got 1')
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
    [{ classes: ['goldfish'] }, /There is no class "goldfish" in the model/],
    [{ classes: [1, 500] }, /There is no class 500: the classes of the model are 0 to 9\./],
    [{ classes: [0], count: 0 }, /count/],
    [{ classes: [0], steps: 3 }, /no preset with 3 steps/],
    [{ classes: [0], timesteps: [1] }, /start with 0/],
    [{ classes: [0], timesteps: [0, 4] }, /from 1 to 3/],
    [{ classes: [0], split: 5 }, /`split` must be a whole number from 0 to 4/],
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
  [{ dtype: 'fp16' }, /`dtype` must be one of fp32, int8, got "fp16"/],
  [{ device: 'tpu' }, /`device` must be one of auto, cpu/],
  [{ threads: 0 }, /`threads` must be a whole number above 0, got 0/],
])('load refuses %j', async (options, message) => {
  await expect(load('sprites-var-dd', options as LoadOptions)).rejects.toThrow(message)
})

it('with download fetches nothing that is here, and takes names only', async () => {
  model = await load('sprites-var-dd', { download: true })
  expect(model.name).toBe('sprites-var-dd')
  await expect(load(fixturePath(''), { download: true })).rejects.toThrow(/only names of the zoo can be downloaded/)
})

it.each([
  [{ tokeniser: 'a' }, 'load has no option "tokeniser". Did you mean `tokenizer`?'],
  [{ verbose: true }, 'load has no option "verbose". It has student, teacher, tokenizer,'],
  [{ download: 'yes' }, '`download` must be true or false, got "yes".'],
  [{ config: { head: 4 } }, '`config` (config.head)'],
  [{ config: { heads: '4' } }, '`config` (config.heads) must be a whole number above 0, got "4".'],
  [{ signal: {} }, '`signal` must be an AbortSignal'],
  ['fast', 'load takes an object of options, got "fast".'],
])('load refuses the options %j', async (options, message) => {
  await expect(load('sprites-var-dd', options as LoadOptions)).rejects.toThrow(UsageError)
  await expect(load('sprites-var-dd', options as LoadOptions)).rejects.toThrow(message)
})

it('load says what it takes when it is given nothing, something else, or options twice', async () => {
  const untyped = load as (...args: unknown[]) => Promise<Model>
  await expect(untyped()).rejects.toThrow('No model was named. Give a name (var-dd-d16, ')
  await expect(untyped({})).rejects.toThrow('or files: `student` and `tokenizer`')
  await expect(untyped(42)).rejects.toThrow(
    "load takes the name or folder of a model, or options; got 42. For example load('",
  )
  await expect(untyped(varFiles, { threads: 1 })).rejects.toThrow('load was given options twice')
})

it.each([
  [{ classes: [1], step: 1 }, 'sample has no option "step". Did you mean `steps`?'],
  [{ seed: 1 }, 'sample needs the option `classes`.'],
  [{ classes: 1 }, '`classes` must be an array such as ["goldfish", 207], got 1.'],
  [{ classes: [null] }, '`classes` (classes[0]) must be a class id or a name, got null.'],
  [{ classes: [0], rng: 'numpy' }, '`rng` must be one of philox, torch, got "numpy".'],
  [{ classes: [0], steps: '2' }, '`steps` must be a whole number from 1 to 4096, got "2".'],
  [{ classes: [0], seed: -1 }, '`seed` must be a whole number from 0 to 9007199254740991, got -1.'],
  [{ classes: [0], teacher: { topk: 5 } }, '`teacher` (teacher.topk)'],
  [undefined, 'sample takes an object of options, got undefined.'],
])('sample refuses the options %j', async (options, message) => {
  model = await load('sprites-var-dd', { threads: 1 })
  await expect(model.sample(options as SampleOptions)).rejects.toThrow(UsageError)
  await expect(model.sample(options as SampleOptions)).rejects.toThrow(message)
})

it('a plan takes the place of the options that lead to it, and stands with none of them', async () => {
  model = await load('sprites-var-dd', { threads: 1 })
  const plan = model.plan({ steps: 2 })
  expect(model.plan({ plan })).toEqual(plan)
  const [asked, given] = [
    await model.sample({ classes: [3], seed: 1, steps: 2 }),
    await model.sample({ classes: [3], seed: 1, plan }),
  ]
  expect(given.images[0]!.data).toEqual(asked.images[0]!.data)
  expect(() => model!.plan({ plan, steps: 1 })).toThrow('`plan` and `steps` both say how to sample. Give one of them.')
  expect(() => model!.plan({ plan: { kind: 'student', timesteps: [0, 9], split: 3 } })).toThrow('for this model, got 9')
})

it('plan, together and trajectory refuse unknown options, too', async () => {
  model = await load('sprites-var-dd', { threads: 1 })
  const wrong = { stpes: 2 } as object
  expect(() => model!.plan(wrong)).toThrow('plan has no option "stpes". Did you mean `steps`?')
  await expect(model.together([{ class: 0, seed: 1, index: 0 }], wrong).next()).rejects.toThrow(
    'together has no option',
  )
  const path = model.trajectory({ class: 0, noise: { seed: 1 }, ...wrong })
  await expect(path.next()).rejects.toThrow('trajectory has no option "stpes"')
})

it('noise of another length says how to name the tokens of a LlamaGen model', async () => {
  model = await load({ ...llamaGenFiles, config: { heads: 2 } })
  const noise = { data: new Float32Array(16 * 8), shape: [1, 16, 8] }
  await expect(model.sample({ classes: [0], noise })).rejects.toThrow(
    /must have shape \[1, 256, 8\].*got \[1, 16, 8\].*load it with `config: \{ heads: 4, tokens: 16 \}`/,
  )
})

it('a student trained here knows its steps', async () => {
  const embedded = (name: string) => fileURLToPath(new URL(`../../../models/${name}.safetensors`, import.meta.url))
  const files = { student: embedded('sprites-var-dd'), tokenizer: embedded('sprites-var-vqvae') }
  model = await load({ ...files, threads: 1 })
  expect(model.plan({ steps: 2 })).toEqual({ kind: 'student', timesteps: [0, 3], split: 3 })
  expect(model.plan()).toEqual({ kind: 'student', timesteps: [0], split: 3 })
  const { images } = await model.sample({ classes: ['boat', 'cat'], steps: 2, seed: 3 })
  await model.dispose()
  model = await load('sprites-var-dd', { threads: 1 })
  const { images: expected } = await model.sample({ classes: ['boat', 'cat'], steps: 2, seed: 3 })
  expect(images.map(({ data }) => data)).toEqual(expected.map(({ data }) => data))
})
