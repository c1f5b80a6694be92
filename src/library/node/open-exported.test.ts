import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { exportModel } from '../../export/export.ts'
import { load } from './load.ts'
import { massRun } from './mass.ts'
import { massSettings } from './mass-settings.ts'

let root: string
const folder = (name: string) => join(root, name)
const ask = { classes: ['cat', 'boat'], seed: 4 }

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'distilled-exported-'))
  for (const name of ['var', 'llamagen']) {
    await using model = await load(`sprites-${name}-dd`, { device: 'cpu', threads: 1 })
    await exportModel(model, { out: folder(name), threads: 1 })
    if (name === 'var') await exportModel(model, { out: folder('int8'), dtype: 'int8', threads: 1 })
  }
})
afterAll(() => rmSync(root, { recursive: true }))

describe('an exported folder', () => {
  it.each(['var', 'llamagen'])('makes the images of the checkpoints it came from: %s', async (name) => {
    await using exported = await load(folder(name), { device: 'cpu', threads: 1 })
    await using original = await load(`sprites-${name}-dd`, { device: 'cpu', threads: 1 })
    expect(exported.classes.labels).toEqual(original.classes.labels)
    for (const steps of [1, 2]) {
      const { images } = await exported.sample({ ...ask, steps })
      const { images: expected } = await original.sample({ ...ask, steps })
      for (const [i, image] of images.entries()) {
        const most = Math.max(...image.data.map((value, at) => Math.abs(value - expected[i]!.data[at]!)))
        expect(most).toBeLessThanOrEqual(1)
      }
    }
    expect(exported.name).toBe(folder(name))
  })

  it('runs in int8 and says so', async () => {
    await using model = await load(folder('int8'), { device: 'cpu', threads: 1 })
    const { images } = await model.sample(ask)
    expect(images[0]!.settings).toMatchObject({ dtype: 'int8', model: folder('int8') })
    const run = massRun(model, { count: 12, labels: 'balanced' })
    expect(await massSettings(model, run)).toMatchObject({
      exported: 'config.json',
      exportedSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it('has no teacher, and no other steps than its own', async () => {
    await using model = await load(folder('var'), { device: 'cpu', threads: 1 })
    await expect(model.sample({ ...ask, teacherOnly: true })).rejects.toThrow('needs a teacher, and none is loaded')
    await expect(model.sample({ ...ask, timesteps: [0, 4], split: 3 })).rejects.toThrow(
      'has no network for timestep 4 with split 3; it has timestep 0 with split 3, timestep 3 with split 3.',
    )
  })

  it.each([
    [{ dtype: 'int8' }, 'was exported in fp32, not int8'],
    [{ student: 'a.pth' }, '`student` says nothing of it'],
    [{ ema: false }, '`ema: false` says nothing of it'],
    [{ needTeacher: true }, 'an export holds no teacher'],
  ] as const)('refuses %j', async (options, message) => {
    await expect(load(folder('var'), options)).rejects.toThrow(UsageError)
    await expect(load(folder('var'), options)).rejects.toThrow(message)
  })
})

describe('a folder that was altered', () => {
  const altered = (change: (config: ReturnType<typeof JSON.parse>) => unknown): string => {
    const at = folder('altered')
    rmSync(at, { recursive: true, force: true })
    cpSync(folder('var'), at, { recursive: true })
    const path = join(at, 'config.json')
    const config = JSON.parse(readFileSync(path, 'utf8'))
    const other = change(config)
    writeFileSync(path, typeof other === 'string' ? other : JSON.stringify(config))
    return at
  }

  it.each<[string, (config: ReturnType<typeof JSON.parse>) => unknown, RegExp]>([
    ['no JSON', () => 'x', /config\.json is no JSON/],
    [
      'foreign',
      (c) => {
        c.model_type = 'bert'
      },
      /names no "model_type"/,
    ],
    [
      'newer',
      (c) => {
        c.format_version = 2
      },
      /is of format 2; this version reads format 1/,
    ],
    [
      'no graphs',
      (c) => {
        delete c.graphs
      },
      /config\.json: "graphs"/,
    ],
    [
      'a huge grid',
      (c) => {
        c.token_groups = { size: 1, count: 1e12 }
      },
      /config\.json: "token_groups/,
    ],
    [
      'a huge image',
      (c) => {
        c.image_size = 1e9
      },
      /config\.json: "image_size"/,
    ],
    [
      'outside',
      (c) => {
        c.graphs.decoder.file = '../int8/onnx/decoder_quantized.onnx'
      },
      /lies outside of the folder/,
    ],
    [
      'absolute',
      (c) => {
        c.graphs.decoder.external_data = ['/etc/passwd']
      },
      /lies outside of the folder/,
    ],
    [
      'missing',
      (c) => {
        c.graphs.decoder.file = 'onnx/none.onnx'
      },
      /none\.onnx is not there/,
    ],
    [
      'other bytes',
      (c) => {
        for (const f of c.files) f.bytes++
      },
      /has \d+ bytes, expected \d+/,
    ],
  ])('%s', async (_, change, message) => {
    const at = altered(change)
    await expect(load(at)).rejects.toThrow(CheckpointError)
    await expect(load(at)).rejects.toThrow(message)
  })
})
