// What a person has under the name of an output stays unless --force is given; what the same command wrote before is replaced.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { npzBytes } from '../../src/checkpoint/npz.ts'
import { releasedResults, writeResults } from '../report-results.ts'
import { distilled, temporaryFolder } from './command-line.ts'

const folder = temporaryFolder()
const at = (...names: string[]) => join(folder, ...names)
const quick = ['--device', 'cpu', '--threads', '1']
const notes = 'a person wrote this'

beforeAll(async () => {
  const data = Float32Array.from({ length: 40 }, (_, i) => (i * 7919) % 13)
  writeFileSync(at('features.npz'), npzBytes({ features: { shape: [10, 4], data } }))
  mkdirSync(at('images'))
  for (let i = 0; i < 8; i++) {
    const background = { r: 30 * i, g: 90, b: 200 - 20 * i }
    const image = sharp({ create: { width: 32, height: 32, channels: 3, background } })
    await image.png().toFile(at('images', `${i}.png`))
  }
  await writeResults(at('results'), releasedResults)
})

const features = () => ['evaluate', at('features.npz'), '--reference', at('features.npz'), '--metrics', 'fid', ...quick]
const images = () => {
  const sets = ['evaluate', at('images'), '--reference', at('images'), '--features', 'sprites']
  return [...sets, '--metrics', 'precision,fid', ...quick]
}

/** Command, flag, and the name of its output. */
const outputs: readonly [name: string, argv: () => string[], flag: string, file: string][] = [
  ['the result of evaluate', features, '--save', 'result.json'],
  ['the statistics of evaluate', features, '--save-stats', 'stats.npz'],
  ['the sheet of evaluate as PNG', images, '--save-grid', 'sheet.png'],
  ['the sheet of evaluate as JPEG', images, '--save-grid', 'sheet.jpg'],
  ['the sheet of evaluate as WebP', images, '--save-grid', 'sheet.webp'],
  ['the page of report', () => ['report', at('results')], '--out', 'page.html'],
  ['the Markdown of report', () => ['report', at('results')], '--markdown', 'table.md'],
  ['a preview of data', () => ['data', 'preview', '--rows', '1', '--columns', '1'], '--out', 'preview.png'],
  [
    'a dump of samples',
    () => ['sample', '--model', 'sprites-var-dd', '--class', 'cat', '--out', at('samples'), '--force', ...quick],
    '--dump',
    'dump.npz',
  ],
]

describe.each(outputs)('%s', (_, argv, flag, file) => {
  it('is not written over a file of a person, and is replaced by the same command', async () => {
    const path = at(file)
    writeFileSync(path, notes)
    const own = argv().filter((word) => word !== '--force')
    const { code, stderr } = await distilled(...own, flag, path)
    expect([code, readFileSync(path, 'utf8')], stderr).toEqual([2, notes])
    expect(stderr).toContain(`${flag} would replace ${path}, and that does not say that distilled wrote it`)
    expect(stderr).toContain('or give --force to replace it.')

    const forced = await distilled(...own, flag, path, '--force')
    expect(forced.code, forced.stderr).toBe(0)
    expect(readFileSync(path, 'latin1')).not.toBe(notes)
    const again = await distilled(...argv(), flag, path)
    expect(again.code, again.stderr).toBe(0)
  })
})

it('the sheet beside a result is refused like the result, before anything is measured', async () => {
  writeFileSync(at('mine.png'), notes)
  const { code, stderr } = await distilled(...images(), '--save', at('mine.json'))
  expect([code, readFileSync(at('mine.png'), 'utf8')]).toEqual([2, notes])
  expect(stderr).toContain(`the sheet of --save (--save-grid names another) would replace ${at('mine.png')}`)
})

it('a result is not written over statistics, nor a page over that of a training', async () => {
  await distilled(...features(), '--save-stats', at('role.npz'))
  expect(await distilled(...features(), '--save', at('role.npz'))).toMatchObject({ code: 2 })
  writeFileSync(at('run.html'), '<!doctype html>\n<meta name="generator" content="distilled train"/>')
  expect(await distilled('report', at('results'), '--out', at('run.html'))).toMatchObject({ code: 2 })
})

describe('a training', () => {
  const small = ['--steps', '2', '--batch', '4', '--micro-batch', '4', '--held-out', '8', '--threads', '1']
  const train = (out: string, ...more: string[]) =>
    distilled('train', 'classifier', '--channels', '4,8,8,8', ...small, '--out', out, ...more)

  it.each(['model.safetensors', 'config.json', 'report.html', 'log.jsonl'])(
    'does not replace the %s of a person',
    async (name) => {
      const out = at('own', name)
      mkdirSync(out, { recursive: true })
      writeFileSync(join(out, name), notes)
      const { code, stderr } = await train(out)
      expect([code, readFileSync(join(out, name), 'utf8')], stderr).toEqual([2, notes])
      expect(stderr).toContain(`The run would replace ${join(out, name)}`)
      expect(stderr).toContain('give --force to replace it.')
    },
  )

  it('does with --force', { timeout: 120_000 }, async () => {
    const out = at('own', 'model.safetensors')
    const { code, stderr } = await train(out, '--force')
    expect(code, stderr).toBe(0)
    expect(readFileSync(join(out, 'model.safetensors'), 'latin1')).toContain('distilled.kind')
  })

  it('starts again where an earlier one ended before its first checkpoint, and not over that of another kind', async () => {
    const out = at('early')
    mkdirSync(join(out, 'sheets'), { recursive: true })
    const config = (kind: string) =>
      writeFileSync(join(out, 'config.json'), JSON.stringify({ kind, settings: {} }, null, 2))
    config('teacher')
    expect(await train(out)).toMatchObject({ code: 2, stderr: expect.stringContaining('config.json') })
    config('classifier')
    writeFileSync(join(out, 'report.html'), 'of the run')
    const { code, stderr } = await train(out)
    expect(code, stderr).toBe(0)
  })
})

it('a job does not replace a file of a person that has the name of one of its files', async () => {
  const out = at('job')
  mkdirSync(out)
  writeFileSync(join(out, 'features-000000.npz'), notes)
  const argv = ['features', at('images'), '--features', 'sprites', '--out', out, ...quick]
  const { code, stderr } = await distilled(...argv)
  expect([code, readFileSync(join(out, 'features-000000.npz'), 'utf8')]).toEqual([2, notes])
  expect(stderr).toContain(`A file of features would replace ${join(out, 'features-000000.npz')}`)
  expect(stderr).not.toContain('--force')
})
