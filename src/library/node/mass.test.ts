import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixturePath } from '../../../test/fixtures.ts'
import { UsageError } from '../../core/errors.ts'
import type { SamplingPlan } from '../../sampling/plan.ts'
import { load } from './load.ts'
import { labelOf, type MassBatch, type MassOptions, massBatches } from './mass.ts'
import { flagsOf, planOf, planSettings } from './mass-settings.ts'
import type { Model } from './model.ts'
import { sampleMany } from './sample-many.ts'
import { openSamples } from './samples.ts'

const files = {
  student: fixturePath('var_tiny_dd.pth'),
  teacher: fixturePath('var_tiny_teacher.pth'),
  tokenizer: fixturePath('var_tiny_vqvae.pth'),
}
const folder = mkdtempSync(join(tmpdir(), 'distilled-mass-'))
let model: Model
beforeAll(async () => {
  model = await load({ ...files, device: 'cpu', threads: 1 })
})
afterAll(async () => {
  await model.dispose()
  rmSync(folder, { recursive: true })
})

interface Image {
  label: number
  pixels: string
}

/** Every image of a run by its index. */
async function images(options: Partial<MassOptions> & { from?: number; to?: number }): Promise<Map<number, Image>> {
  const found = new Map<number, Image>()
  for await (const batch of massBatches(model, { count: 10, labels: 'random', batch: 4, ...options }))
    keep(found, batch)
  return found
}

function keep(found: Map<number, Image>, { data, shape, labels, first }: MassBatch): void {
  const size = data.length / shape[0]
  for (const [i, label] of labels.entries())
    found.set(first + i, { label, pixels: Buffer.from(data.subarray(i * size, (i + 1) * size)).toString('base64') })
}

describe('labels', () => {
  it('that are balanced come equally often, in turn', () => {
    expect(Array.from({ length: 5 }, (_, i) => labelOf('balanced', 9, i, 3))).toEqual([0, 1, 2, 0, 1])
  })

  it('that are random are uniform: chi-square over 20,000 images of 10 classes', () => {
    const counts = new Array<number>(10).fill(0)
    for (let i = 0; i < 20_000; i++) counts[labelOf('random', 0, i, 10)]!++
    const chiSquare = counts.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0)
    expect(chiSquare).toBeLessThan(27.9) // 99.9 % of 9 degrees of freedom
  })

  it('depend on the seed', () => {
    const drawn = (seed: number) => Array.from({ length: 50 }, (_, i) => labelOf('random', seed, i, 1000))
    expect(drawn(1)).toEqual(drawn(1))
    expect(drawn(1)).not.toEqual(drawn(2))
  })
})

describe('image i', () => {
  it('is the same in a longer run, in any part of it, and where a block is cut', async () => {
    const all = await images({ count: 10 })
    expect([...all.keys()]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(await images({ count: 9 })).toEqual(new Map([...all].slice(0, 9)))
    expect(await images({ from: 3, to: 6 })).toEqual(new Map([...all].slice(3, 6)))
    expect((await images({ from: 9 })).get(9)).toEqual(all.get(9))
    expect((await images({ seed: 1 })).get(0)).not.toEqual(all.get(0))
  })

  it('is that of model.sample with its class and index', async () => {
    const { label, pixels } = (await images({})).get(2)!
    const { results } = await model.sample({ classes: [label, 0], firstIndex: 2 })
    expect(Buffer.from(results[0]!.image.data).toString('base64')).toBe(pixels)
  })

  it('starts from the rows of torch.randn with that generator, in whatever order they are asked for', async () => {
    const all = await images({ rng: 'torch', labels: 'balanced' })
    const { results } = await model.sample({
      classes: [...all.values()].map(({ label }) => label),
      rng: 'torch',
      batch: 4,
    })
    expect(results.slice(0, 8).map(({ image }) => Buffer.from(image.data).toString('base64'))).toEqual(
      [...all.values()].slice(0, 8).map(({ pixels }) => pixels),
    )
    expect(await images({ rng: 'torch', labels: 'balanced', from: 8 })).toEqual(new Map([...all].slice(8)))
  })

  it('can be the teacher’s', async () => {
    const plan = model.plan({ teacherOnly: true, teacher: { topK: 5 } })
    const all = await images({ count: 6, plan })
    expect(await images({ count: 6, plan, from: 4 })).toEqual(new Map([...all].slice(4)))
    expect(all.get(0)).not.toEqual((await images({ count: 6 })).get(0))
  })
})

it('files hold what the stream yields', async () => {
  const out = join(folder, 'files')
  const seen: number[] = []
  const options = { count: 10, labels: 'random', batch: 4, seed: 3 } as const
  const manifest = await sampleMany(model, {
    ...options,
    folder: out,
    chunk: 8,
    onProgress: ({ fraction }) => void seen.push(fraction),
  })
  expect(readdirSync(out).sort()).toEqual(['manifest.json', 'samples-000000.npz', 'samples-000001.npz'])
  expect(manifest.settings).toMatchObject({
    model: 'custom',
    student: 'var_tiny_dd.pth',
    tokenizer: 'var_tiny_vqvae.pth',
    labels: 'random',
    seed: 3,
    sampler: 'student',
    timesteps: '0',
    rng: 'philox',
    dtype: 'fp32',
    ema: true,
    batch: 4,
    classes: 10,
  })
  expect(manifest.settings).not.toHaveProperty('teacherSha256') // it took no part
  const found = new Map<number, Image>()
  for await (const batch of (await openSamples(out)).batches()) keep(found, batch)
  expect(found).toEqual(await images(options))
  const some = new Map<number, Image>()
  for await (const batch of (await openSamples(out)).batches({ from: 5, to: 9 })) keep(some, batch)
  expect(some).toEqual(new Map([...found].slice(5, 9)))
  expect(seen.at(-1)).toBe(1)
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(readFileSync(join(out, 'samples-000001.npz'), 'latin1')).toContain('"Comment":"AI-generated image"')
})

it('stops between steps when aborted, and leaves no half file', async () => {
  const out = join(folder, 'stopped')
  const controller = new AbortController()
  const onProgress = ({ done }: { done: number }) => done >= 6 && controller.abort()
  const options = { count: 12, labels: 'balanced', batch: 2, chunk: 4, folder: out, seed: 0 } as const
  const run = sampleMany(model, { ...options, count: 20, onProgress, signal: controller.signal })
  await expect(run).rejects.toThrow(/abort/i)
  expect(readdirSync(out).sort()).toEqual(['samples-000000.npz', 'shard-0-of-1.json'])
})

it.each<[Partial<MassOptions> & { from?: number; chunk?: number }, RegExp]>([
  [{ labels: 'balanced', count: 25 }, /multiple of the 10 classes, got 25 images\. The nearest are 20 and 30\./],
  [{ labels: 'balanced', count: 3 }, /The nearest are 10\./],
  [{ labels: 'sorted' as never }, /labels must be random or balanced, got "sorted"/],
  [{ count: 0 }, /The count must be above 0/],
  [{ batch: 1.5 }, /The batch must be a whole number/],
  [{ from: 11 }, /0 <= from <= to <= 10, got 11 and 10/],
])('massBatches refuses %j', async (options, message) => {
  await expect(images(options)).rejects.toThrow(UsageError)
  await expect(images(options)).rejects.toThrow(message)
})

it('a file of half a block is refused', async () => {
  const run = sampleMany(model, { folder: join(folder, 'odd'), count: 10, labels: 'random', batch: 4, chunk: 6 })
  await expect(run).rejects.toThrow('A file must hold a multiple of the batch of 4 images, got 6.')
})

it('a plan survives the way through flat values, and becomes the flags that ask for it', () => {
  const teacher = { ...model.plan({ teacherOnly: true }) } as Extract<SamplingPlan, { kind: 'teacher' }>
  const plans: SamplingPlan[] = [
    { kind: 'student', timesteps: [0, 2, 3], split: 2 },
    { ...teacher, kind: 'teacher-involved', timestep: 3, split: 2, teacherFrom: 1 },
    teacher,
    { ...teacher, flow: { solver: 'heun', steps: 12 } },
  ]
  for (const plan of plans) expect(planOf(planSettings(plan))).toEqual(plan)
  expect(flagsOf({ ...planSettings(plans[1]!), family: 'var', dtype: 'int8', model: 'var-dd-d16' })).toMatchObject({
    model: 'var-dd-d16',
    timesteps: '0,3',
    split: 2,
    'teacher-from': 1,
    dtype: 'int8',
    'prefix-mask': 'none',
  })
  expect(flagsOf({ ...planSettings(plans[3]!), model: 'var-dd-d16' })).toMatchObject({
    flow: true,
    solver: 'heun',
    'ode-steps': 12,
  })
})
