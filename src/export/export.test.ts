// Folders are run by the example, which uses ONNX Runtime and nothing of this package.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkKnownAnswer, openExported } from '../../examples/exported-model.js'
import { load } from '../library/node/load.ts'
import type { Model } from '../library/node/model.ts'
import { bounds, requireBounds } from './bounds.ts'
import { exportModel } from './export.ts'
import { exportedParts } from './parts.ts'

const folder = await mkdtemp(join(tmpdir(), 'export-'))
const opened: Model[] = []
afterAll(async () => {
  for (const model of opened) await model.dispose()
  await rm(folder, { recursive: true })
})
const openModel = async (...args: Parameters<typeof load>) => {
  const model = await load(args[0], { device: 'cpu', threads: 1, ...args[1] })
  opened.push(model)
  return model
}

const mean = (values: ArrayLike<number>, others: ArrayLike<number>) =>
  Array.from(values, (value, i) => Math.abs(value - others[i]!)).reduce((sum, d) => sum + d, 0) / values.length

/** How far, on average, images may be from those of the fp32 model: int8 flips about one token in twenty. */
const levels = { fp32: 0.01, fp16: 0.1, int8: 12 }

describe.each([
  ['sprites-var-dd', ['student_t0', 'student_t3'], 4.5e6],
  ['sprites-llamagen-dd', ['student_t0', 'student_t24'], 6e6],
])('%s', (name, students, size) => {
  let model: Model
  beforeAll(async () => {
    model = await openModel(name)
  })

  it.each(['fp32', 'fp16', 'int8'] as const)('runs in plain ONNX Runtime in %s as it does here', async (dtype) => {
    const out = join(folder, `${name}-${dtype}`)
    const { bytes, check, files } = await exportModel(model, { out, dtype, threads: 1 })
    expect(bytes).toBeLessThan(size)
    expect(files.map(({ path }) => path)).toEqual(
      readdirSync(out, { recursive: true })
        .filter((path) => statSync(join(out, String(path))).isFile())
        .sort(),
    )
    expect(check.graphs.map(({ graph }) => graph)).toEqual([...students, 'decoder'])

    const { levels: answer, within } = await checkKnownAnswer(out)
    expect(Object.keys(answer)).toEqual(['1', '2'])
    for (const level of Object.values(answer)) expect(level).toBeLessThanOrEqual(within)

    const { config, generate } = await openExported(out)
    expect(config).toMatchObject({ name, dtype, image_size: 32, num_classes: 12 })
    expect(config.id2label[0]).toBe('fish')
    for (const steps of [1, 2]) {
      const { results } = await model.sample({ classes: ['cat', 'star'], seed: 5, steps })
      const noise = Float32Array.from(results.flatMap(({ details }) => Array.from(details.noise)))
      const { images } = await generate([5, 11], noise, steps)
      const expected = results.flatMap(({ image }) => Array.from(image.data))
      expect(mean(images, expected)).toBeLessThanOrEqual(levels[dtype])
    }
  })
})

describe('an export', () => {
  let model: Model
  beforeAll(async () => {
    model = await openModel('sprites-var-dd')
  })
  /** What is left in the folder of exports. */
  const left = () => readdirSync(folder).filter((entry) => !entry.startsWith('sprites-'))

  it('keeps its files of weights below the limit, and they still belong together', async () => {
    const out = join(folder, 'sprites-chunked')
    const limit = 4e5
    await exportModel(model, { out, threads: 1, maxFileBytes: limit })
    const names = readdirSync(join(out, 'onnx'))
    expect(names).toEqual(expect.arrayContaining(['student.onnx_data', 'student.onnx_data_1', 'decoder.onnx_data_1']))
    for (const name of names) expect(statSync(join(out, 'onnx', name)).size).toBeLessThanOrEqual(limit)
    const config = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'))
    expect(config.graphs.student_t3.external_data.length).toBeGreaterThan(5)
    const { levels: answer } = await checkKnownAnswer(out)
    expect(Math.max(...Object.values(answer as Record<string, number>))).toBeLessThanOrEqual(levels.fp32)
  })

  it('that is stopped leaves nothing behind, neither while writing nor while checking', async () => {
    for (const type of ['write', 'check']) {
      const stop = new AbortController()
      const onProgress = (event: { type: string; done: number }) => {
        if (event.type === type && event.done > 1) stop.abort()
      }
      const exporting = exportModel(model, {
        out: join(folder, 'new/folder'),
        threads: 1,
        signal: stop.signal,
        onProgress,
      })
      await expect(exporting).rejects.toThrow('abort')
      expect(left()).toEqual([])
    }
  })

  it('that fails leaves nothing behind, and nothing of others is touched', async () => {
    const out = join(folder, 'there')
    await mkdir(out)
    await expect(exportModel(model, { out })).rejects.toThrow('exists already. Name a new folder')
    expect(left()).toEqual(['there'])
    await rm(out, { recursive: true })
    await expect(exportModel(model, { out, dtype: 'fp8' as never })).rejects.toThrow('one of fp32, fp16, int8')
    await expect(exportModel(await openModel('sprites-var'), { out })).rejects.toThrow('only students are exported')
    const quantized = await openModel('sprites-var-dd', { dtype: 'int8' })
    await expect(exportModel(quantized, { out })).rejects.toThrow('must be loaded in fp32')
    expect(existsSync(out)).toBe(false)
  })
})

describe('the bounds', () => {
  const check = (mean: number, equalTokens: number) => ({
    graphs: [{ graph: 'student_t0', difference: { max: 1, mean }, equalTokens }],
    presets: [],
  })

  it('let pass what lies within them', () => {
    for (const dtype of ['fp32', 'fp16', 'int8'] as const)
      requireBounds(dtype, check(bounds[dtype].sequence, bounds[dtype].equalTokens))
  })

  it('refuse larger errors, other tokens and what is no number, with the figure', () => {
    expect(() => requireBounds('fp16', check(0.5, 1))).toThrow(
      /mean error of student_t0 is 0.5000, more than 0.03.*`dtype: 'fp32'`/,
    )
    expect(() => requireBounds('fp16', check(0, 0.5))).toThrow('chooses 50.00 % of its tokens')
    expect(() => requireBounds('fp32', check(Number.NaN, 1))).toThrow('is NaN')
  })
})

it('graphs are one per timestep and split of the presets without a teacher', () => {
  const family = { groups: [1, 4, 9, 16] } as unknown as Model['family']
  const presets = [
    { steps: 1, timesteps: [0], split: 3 },
    { steps: 2, timesteps: [0, 2], split: 2 },
    { steps: 3, timesteps: [0, 2], split: 3, teacherFrom: 1 },
  ]
  const parts = exportedParts({ family, presets })
  expect(parts.students.map(({ name, finishedTokens, splitTokens }) => [name, finishedTokens, splitTokens])).toEqual([
    ['student_t0_s3', 0, 14],
    ['student_t0_s2', 0, 5],
    ['student_t2', 5, 5],
  ])
  expect(parts.presets.map(({ graphs }) => graphs)).toEqual([['student_t0_s3'], ['student_t0_s2', 'student_t2']])
})
