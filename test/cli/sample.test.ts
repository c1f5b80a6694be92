// `distilled sample` on tiny checkpoints: what it writes, what it prints, and that its flags mean what they say.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openFile } from '../../src/checkpoint/node/file-source.ts'
import { npyBytes } from '../../src/checkpoint/npy.ts'
import { toFloat32 } from '../../src/core/dtype.ts'
import { readImage, readSettings } from '../../src/images/node/read.ts'
import { fixturePath, loadFixture } from '../fixtures.ts'
import { distilled, distilledJson, sensitiveModel, temporaryFolder, tinyLlamaGen, tinyVar } from './command-line.ts'

const folder = temporaryFolder()
let runs = 0
/** A folder of its own for every run. */
const out = () => join(folder, String(runs++))

const config = join(folder, 'llamagen.json')
writeFileSync(config, JSON.stringify({ family: 'llamagen', heads: 2, tokens: 16 }))
const llamaGen = tinyLlamaGen(config)

/** Arrays of an .npz as float32, with dtype and shape. */
async function arraysOf(path: string) {
  const checkpoint = await openFile(path)
  const arrays: Record<string, { dtype: string; shape: readonly number[]; data: Float32Array }> = {}
  for (const { name, dtype, shape, read } of checkpoint.tensors().values()) {
    arrays[name] = { dtype, shape, data: toFloat32(await read(), dtype).slice() }
  }
  await checkpoint.close()
  return arrays
}

const noiseFile = (name: string, { data, shape }: { data: Float32Array; shape: readonly number[] }) => {
  const path = join(folder, name)
  writeFileSync(path, npyBytes(shape, data))
  return path
}

describe('files', () => {
  it('are numbered images and a grid, with settings inside', async () => {
    const dir = out()
    const { code, stdout, stderr } = await distilled(
      'sample',
      ...tinyVar,
      '--class',
      '1,3-4',
      '--class',
      '9',
      '--count',
      '2',
      '--seed',
      '5',
      '--out',
      dir,
    )
    expect(code).toBe(0)
    const images = Array.from({ length: 8 }, (_, i) => `00000${i}.png`)
    expect(readdirSync(dir).sort()).toEqual([...images, 'grid.png'])
    expect(await readImage(join(dir, '000003.png'))).toMatchObject({ width: 64, height: 64 })
    expect(await readImage(join(dir, 'grid.png'))).toMatchObject({ width: 2 * 66 + 2, height: 4 * 66 + 2 })
    expect(await readSettings(join(dir, '000003.png'))).toMatchObject({
      model: 'custom',
      class: 3,
      className: '3',
      seed: 5,
      index: 3,
      rng: 'philox',
      plan: { kind: 'student', timesteps: [0] },
      dtype: 'fp32',
      ema: true,
    })
    expect(stdout).toContain('8 images: ')
    expect(stderr).toMatch(/^device: cpu, 1 thread \(/)
    expect(stderr).toContain('8 of 8 images')
  })

  it('carry nothing with --no-metadata', async () => {
    const dir = out()
    await distilled('sample', ...tinyVar, '--class', '1', '--out', dir, '--no-metadata')
    expect(readdirSync(dir)).toEqual(['000000.png'])
    expect(await readSettings(join(dir, '000000.png'))).toBeUndefined()
    expect(readFileSync(join(dir, '000000.png'), 'latin1')).not.toContain('distilled')
  })

  it.each(['webp', 'jpeg'])('can be %s', async (format) => {
    const dir = out()
    await distilled('sample', ...tinyVar, '--class', '1,2', '--out', dir, '--format', format)
    expect(readdirSync(dir).sort()).toEqual([`000000.${format}`, `000001.${format}`, `grid.${format}`])
    expect(await readSettings(join(dir, `000001.${format}`))).toMatchObject({ class: 2, index: 1 })
  })

  it('called jpg are jpeg', async () => {
    const dir = out()
    expect(await distilled('sample', ...tinyVar, '--class', '1', '--out', dir, '--format', 'jpg')).toMatchObject({
      code: 0,
    })
    expect(readdirSync(dir)).toEqual(['000000.jpeg'])
    const { code, stderr } = await distilled('sample', ...tinyVar, '--class', '1', '--out', dir, '--format', 'gif')
    expect(stderr).toContain('Allowed choices are png, webp, jpeg, npz.')
    expect(code).toBe(2)
  })

  it('can be one .npz as the ADM evaluator reads it', async () => {
    const png = out()
    const npz = out()
    await distilled('sample', ...tinyVar, '--class', '1,2', '--out', png)
    const { files } = await distilledJson('sample', ...tinyVar, '--class', '1,2', '--out', npz, '--format', 'npz')
    expect(files).toEqual([join(npz, 'samples_2x64x64x3.npz')])
    const { arr_0, arr_1 } = await arraysOf(files[0])
    expect(arr_0).toMatchObject({ dtype: 'uint8', shape: [2, 64, 64, 3] })
    expect(arr_1).toMatchObject({ dtype: 'int64', shape: [2], data: Float32Array.of(1, 2) })
    const second = await readImage(join(png, '000001.png'))
    expect(Uint8Array.from(arr_0!.data.slice(64 * 64 * 3))).toEqual(second.data)
  })

  it('follow --grid', async () => {
    const dir = out()
    await distilled('sample', ...tinyVar, '--class', '0-2', '--out', dir, '--grid', '3')
    expect(await readImage(join(dir, 'grid.png'))).toMatchObject({ width: 3 * 66 + 2, height: 66 + 2 })
  })
})

describe('the same seed', () => {
  it('gives the same image whatever the batch size', async () => {
    const sampled = async (batch: string, seed = '0') => {
      const dir = out()
      const flags = ['--class', '1,2', '--count', '2', '--batch', batch, '--seed', seed]
      await distilled('sample', ...tinyVar, ...flags, '--out', dir)
      return (await readImage(join(dir, 'grid.png'))).data
    }
    const [alone, two, four, other] = [
      await sampled('1'),
      await sampled('2'),
      await sampled('4'),
      await sampled('4', '1'),
    ]
    expect(Buffer.compare(four, two)).toBe(0)
    expect(alone).toBeAllclose(four, { atol: 1, rtol: 0 }) // products of a single row round differently
    expect(Buffer.compare(four, other)).not.toBe(0)
  })

  it('with --rng torch starts from torch.randn', async () => {
    const dump = join(folder, 'torch.npz')
    await distilled('sample', ...tinyVar, '--class', '1', '--rng', 'torch', '--out', out(), '--dump', dump)
    // torch.manual_seed(0); torch.randn(1, 30, 16)
    expect((await arraysOf(dump)).noise!.data.slice(0, 3)).toBeAllclose([-1.1258, -1.1524, -0.2506], { atol: 1e-4 })
  })
})

describe('--like', () => {
  const settings = async (path: string) => ({ pixels: await readImage(path), settings: await readSettings(path) })

  it.each([
    ['one step', ['--steps', '1']],
    ['own timesteps', ['--timesteps', '0,2', '--split', '3', '--rng', 'torch']],
    ['raw weights', ['--no-ema']],
    ['a teacher that helps', ['--teacher-from', '1', '--timesteps', '0,3', '--split', '2', '--cfg', '3']],
    ['the teacher alone', ['--teacher-only', '--top-k', '20', '--temperature', '0.9', '--seed', '7']],
  ])('makes an image of the middle of a run again: %s', async (_, flags) => {
    const dir = out()
    const again = out()
    await distilled('sample', ...tinyVar, '--class', '4', '--count', '3', ...flags, '--out', dir)
    const image = join(dir, '000002.png')
    expect(await distilled('sample', ...tinyVar, '--like', image, '--out', again)).toMatchObject({ code: 0 })
    expect(readdirSync(again)).toEqual(['000002.png'])
    expect(await settings(join(again, '000002.png'))).toEqual(await settings(image))
  })

  it('makes a whole run again from its grid', async () => {
    const dir = out()
    const again = out()
    await distilled('sample', ...tinyVar, '--class', '4,2', '--count', '2', '--seed', '3', '--out', dir)
    await distilled('sample', ...tinyVar, '--like', join(dir, 'grid.png'), '--out', again)
    for (const file of readdirSync(dir))
      expect(readFileSync(join(again, file)).equals(readFileSync(join(dir, file)))).toBe(true)
  })

  it('lets other flags win', async () => {
    const dir = out()
    const again = out()
    await distilled('sample', ...tinyVar, '--class', '4', '--seed', '3', '--teacher-only', '--out', dir)
    const like = ['--like', join(dir, '000000.png'), '--class', '5', '--timesteps', '0,1', '--split', '1']
    await distilled('sample', ...tinyVar, ...like, '--out', again)
    expect(await readSettings(join(again, '000000.png'))).toMatchObject({
      class: 5,
      seed: 3,
      plan: { kind: 'student', timesteps: [0, 1], split: 1 },
    })
  })

  it('asks for the files an image was made from', async () => {
    const dir = out()
    await distilled('sample', ...tinyVar, '--class', '4', '--out', dir)
    const { code, stderr } = await distilled('sample', '--like', join(dir, '000000.png'))
    expect(code).toBe(2)
    expect(stderr).toContain('Name the same files with --student or --teacher, and --tokenizer.')
  })
})

describe('--dump and --noise', () => {
  const golden = loadFixture('var_tiny_dd')
  const noise = noiseFile('golden.npy', golden.arrays('noise') as { data: Float32Array; shape: number[] })
  const labels = Array.from(golden.arrays('labels').data).join(',')

  it('decode the sequence that PyTorch decodes', async () => {
    const dump = join(folder, 'golden.npz')
    const flags = ['--class', labels, '--noise', noise, '--timesteps', '0', '--split', '2', '--out', out()]
    const { settings } = await distilledJson('sample', ...tinyVar, ...flags, '--dump', dump)
    expect(settings.rng).toBe('given')
    const arrays = await arraysOf(dump)
    expect(Object.keys(arrays)).toEqual(['noise', 'sequence', 'f_hat', 'images'])
    expect(arrays.noise).toEqual({ dtype: 'float32', ...golden.arrays('noise') })
    for (const [name, reference] of [
      ['sequence', 'one_step.step0.sequence'],
      ['f_hat', 'one_step.f_hat'],
      ['images', 'one_step.image'],
    ] as const) {
      const { data, shape } = golden.arrays(reference)
      expect(arrays[name]!.shape).toEqual(shape)
      expect(arrays[name]!.data).toBeWithinRelative(data, 1e-4)
    }
  })

  it('hold the tokens the teacher chose, without the prefix', async () => {
    const fixture = loadFixture('var_tiny_teacher')
    const dump = join(folder, 'teacher.npz')
    const given = noiseFile('teacher.npy', fixture.arrays('noise') as { data: Float32Array; shape: number[] })
    const flags = ['--class', Array.from(fixture.arrays('labels').data).join(','), '--noise', given, '--cfg', '2']
    const plan = ['--timesteps', '0,3', '--teacher-from', '1', '--split', '2', '--greedy', '--out', out()]
    await distilled('sample', ...tinyVar, ...flags, ...plan, '--dump', dump)
    const arrays = await arraysOf(dump)
    const { data, shape } = fixture.arrays('combine_start1.teacher.idx')
    expect(arrays['teacher.indices']).toEqual({ dtype: 'int32', shape, data: Float32Array.from(data) })
    expect(arrays.images!.data).toBeWithinRelative(fixture.arrays('combine_start1.image').data, 1e-4)
  })

  it('of LlamaGen hold no f_hat', async () => {
    const dump = join(folder, 'llamagen.npz')
    await distilled('sample', ...llamaGen, '--class', '1,2', '--teacher-only', '--out', out(), '--dump', dump)
    const arrays = await arraysOf(dump)
    expect(Object.keys(arrays)).toEqual(['noise', 'sequence', 'teacher.indices', 'images'])
    expect(arrays['teacher.indices']).toMatchObject({ dtype: 'int32', shape: [2, 16] })
    expect(arrays.sequence!.shape).toEqual([2, 16, 8])
  })

  it('round trip: dumped noise makes the same images, also by --like', async () => {
    const dir = out()
    const again = out()
    const liked = out()
    const dump = join(folder, 'trip.npz')
    await distilled('sample', ...llamaGen, '--class', '1,2', '--out', dir, '--dump', dump)
    const given = noiseFile('trip.npy', (await arraysOf(dump)).noise!)
    await distilled('sample', ...llamaGen, '--class', '1,2', '--noise', given, '--out', again)
    const like = ['--like', join(again, '000001.png')]
    await distilled('sample', ...llamaGen, ...like, '--noise', given, '--out', liked)
    const second = await readImage(join(dir, '000001.png'))
    expect(await readImage(join(again, '000001.png'))).toEqual(second)
    expect(await readImage(join(liked, '000001.png'))).toEqual(second)
    const { code, stderr } = await distilled('sample', ...llamaGen, ...like, '--out', out())
    expect([code, stderr]).toEqual([2, expect.stringContaining('Name the same file with --noise.')])
  })

  it('refuse noise of another shape or type', async () => {
    const short = noiseFile('short.npy', { data: new Float32Array(3 * 480), shape: [3, 30, 16] })
    const doubles = join(folder, 'doubles.npy')
    writeFileSync(doubles, npyBytes([1, 30, 16], new Float64Array(480)))
    for (const [file, message] of [
      [short, 'must have shape [1, 30, 16] (images, tokens, channels), got [3, 30, 16]'],
      [doubles, 'got float64 [1, 30, 16]'],
      [fixturePath('metrics_reference.npz'), 'got a npz file'],
    ] as const) {
      const { code, stderr } = await distilled('sample', ...tinyVar, '--class', '1', '--noise', file, '--out', out())
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
    }
  })
})

describe('what is printed', () => {
  it('is nothing with --quiet', async () => {
    const dir = out()
    const outcome = await distilled('sample', ...tinyVar, '--class', '7', '--cfg', '2', '--out', dir, '--quiet')
    expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(existsSync(join(dir, '000000.png'))).toBe(true)
  })

  it('is one object with --json', async () => {
    const dir = out()
    const { stderr, stdout } = await distilled('sample', ...tinyVar, '--class', '7,1', '--out', dir, '--json')
    expect(stderr).toBe('')
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({
      files: [join(dir, '000000.png'), join(dir, '000001.png'), join(dir, 'grid.png')],
      settings: { model: 'custom', classes: [7, 1], count: 1, seed: 0, dtype: 'fp32' },
      device: 'cpu',
      reason: 'asked for',
      threads: 1,
      images: [
        { file: join(dir, '000000.png'), index: 0, class: 7, className: '7', sensitive: false, seed: 0 },
        { file: join(dir, '000001.png'), index: 1, class: 1, className: '1', sensitive: false, seed: 0 },
      ],
    })
    expect(result.timings.perImage).toBeGreaterThan(0)
  })

  it('names sensitive classes and flags without effect', async () => {
    const flags = [...(await sensitiveModel(folder)), '--class', '7', '--top-k', '5', '--out', out()]
    const { stderr } = await distilled('sample', ...flags)
    expect(stderr).toContain('sensitive class 7 flower')
    expect(stderr).toContain('no effect of --top-k')
  })
})

describe('classes that nothing names', () => {
  it.each(['goldfish', 'dog', 'tench'])('are numbers and no ImageNet classes: %s', async (name) => {
    const { code, stderr } = await distilled('sample', ...tinyVar, '--class', name, '--out', out())
    expect(stderr).toContain(`There is no class "${name}" in the model. Give an id from 0 to 9`)
    expect(code).toBe(2)
  })
})
