import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { releasedResults, spriteResults, writeResults } from '../../../test/report-results.ts'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { reportOf } from '../model.ts'
import { evaluationPage } from '../page.tsx'
import { readEntries } from './read-entries.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-report-'))
})
afterEach(() => rm(folder, { recursive: true }))

const put = (name: string, value: unknown) => writeFile(join(folder, name), JSON.stringify(value))
const classes = (count: number) =>
  Array.from({ length: count }, (_, id) => ({ id, name: `c${id}`, count: 1, accuracy: 0.5 }))
const settings = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i}`, i]))
const one = spriteResults['var-one-step.json']!

describe('results', () => {
  it('are found in folders and their subfolders, by name; other JSON is passed over', async () => {
    await writeResults(join(folder, 'b'), releasedResults)
    await writeResults(folder, { 'a.json': one })
    await put('manifest.json', { kind: 'another' })
    await writeFile(join(folder, 'broken.json'), '{')
    const entries = await readEntries([folder])
    expect(entries.map(({ path }) => relative(folder, path))).toEqual([
      'a.json',
      ...Object.keys(releasedResults)
        .sort()
        .map((name) => join('b', name)),
    ])
  })

  it('count once when they are named twice', async () => {
    await writeResults(folder, { 'a.json': one })
    expect(await readEntries([folder, join(folder, 'a.json'), folder])).toHaveLength(1)
  })

  it('come with their sheet, or without its image when that is gone', async () => {
    await writeResults(folder, { 'a.json': one })
    const [entry] = await readEntries([folder])
    expect(entry!.grid).toMatchObject({ width: 320, source: expect.stringMatching(/^data:image\/png;base64,/) })
    await rm(join(folder, one.grid!))
    const [without] = await readEntries([folder])
    expect(without!.grid).toMatchObject({ source: undefined })
  })
})

it('of as many classes and warnings as are read make a report in a moment', async () => {
  const result = { ...one, classes: classes(32_768), warnings: new Array(100).fill('w') }
  const seed = (n: number) => ({ ...one.protocol, format: 'webp '.repeat(800), sampling: { seed: n } })
  for (let i = 0; i < 4; i++) await put(`${i}.json`, { ...result, protocol: seed(i) })
  const before = process.cpuUsage()
  const html = evaluationPage(reportOf(await readEntries([folder]), 'many'))
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1e6).toBeLessThan(2)
  expect(html).toContain('the 24 lowest of 32,768')
  expect(html.match(/Warning: w/g)).toHaveLength(1)
})

describe('it is an error', () => {
  it('when there is no result, or nothing at all', async () => {
    await put('manifest.json', {})
    await expect(readEntries([folder])).rejects.toThrow(UsageError)
    await expect(readEntries([folder])).rejects.toThrow(/There is no result in .*distilled evaluate --save/)
    await expect(readEntries([join(folder, 'nowhere')])).rejects.toThrow(/no file or folder .*nowhere/)
  })

  it('when a file that was named is no result', async () => {
    await put('manifest.json', { kind: 'another' })
    await expect(readEntries([join(folder, 'manifest.json')])).rejects.toThrow(/manifest\.json is no result/)
  })

  it('when a file that was named is larger than a result, which a folder passes over', async () => {
    await put('long.json', { kind: 'distilled-evaluation', name: 'x'.repeat(2 ** 23) })
    await expect(readEntries([join(folder, 'long.json')])).rejects.toThrow(
      /has [\d,]+ bytes, at most 8,388,608 are read/,
    )
    await put('a.json', one)
    expect(await readEntries([folder])).toHaveLength(1)
  })

  it('when a result in a folder is damaged', async () => {
    await put('a.json', { ...one, metrics: { fid: 'low' } })
    await expect(readEntries([folder])).rejects.toThrow(CheckpointError)
    await expect(readEntries([folder])).rejects.toThrow(/a\.json is no result.*metrics\.fid/)
  })

  it('when two files are of one measurement, whatever came out', async () => {
    const again = { ...one, date: '2026-02-01T00:00:00.000Z', metrics: { fid: 52.3 } }
    await writeResults(folder, { 'a.json': one, 'b.json': again })
    await expect(readEntries([folder])).rejects.toThrow(/a\.json and .*b\.json are the same measurement/)
    const seed = { ...one.protocol, sampling: { ...one.protocol.sampling, seed: 1 } }
    await writeResults(folder, { 'b.json': { ...again, protocol: seed } })
    expect(await readEntries([folder])).toHaveLength(2)
  })

  it('when a sheet is a link out of the folder, no regular file, or no image by its first bytes', async () => {
    await mkdir(join(folder, 'a'))
    await put('secret.png', 'secret')
    await put('a/a.json', { ...one, grid: 'g.png' })
    const grid = join(folder, 'a', 'g.png')
    const refused = async (reason: string) => {
      await expect(readEntries([join(folder, 'a')])).rejects.toThrow(`g.png ${reason}`)
      await rm(grid, { recursive: true })
    }
    await symlink(join(folder, 'secret.png'), grid)
    await refused('lies outside of the folder that names it')
    await symlink('/dev/zero', grid)
    await refused('lies outside of the folder that names it')
    await symlink(join(folder, 'a', 'a.json'), grid)
    await refused('is not a PNG, JPEG or WebP image')
    await mkdir(grid)
    await refused('is not a regular file')
    execFileSync('mkfifo', [grid])
    await refused('is not a regular file')
    await writeFile(grid, '')
    await truncate(grid, 2 ** 31)
    await refused('has 2,147,483,648 bytes, at most 67,108,864 are read')
  })

  it.each<[string, object, string]>([
    ['warnings', { warnings: new Array(400_000).fill('w') }, 'warnings: at most 100 warnings are read'],
    ['classes', { classes: classes(100_000) }, 'classes: at most 32768 classes are read'],
    ['a text', { name: 'x'.repeat(5000) }, 'name: a text may have 4,096 characters'],
    ['settings', { ...one, protocol: { ...one.protocol, sampling: settings(201) } }, 'at most 200 settings are read'],
    ['names of settings', { [`${'k'.repeat(100_000)}\u001b`]: 1 }, 'kkk'],
  ])('when a result has more %s than are read', async (_, more, message) => {
    await put('a.json', { ...one, ...more })
    const error = await readEntries([folder]).catch((error) => error)
    expect(error).toBeInstanceOf(CheckpointError)
    expect(error.message).toContain(message)
    expect(error.message.length).toBeLessThan(1000)
  })

  it.each(['../secret.png', '/secret.png', 'notes.txt'])(
    'when a sheet is no image beside its result: %s',
    async (grid) => {
      await put('a.json', { ...one, grid })
      await expect(readEntries([folder])).rejects.toThrow(/no image beside it/)
    },
  )
})
