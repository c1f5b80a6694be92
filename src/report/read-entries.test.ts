import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { releasedResults, spriteResults, writeResults } from '../../test/report-results.ts'
import { CheckpointError, UsageError } from '../core/errors.ts'
import { readEntries } from './read-entries.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-report-'))
})
afterEach(() => rm(folder, { recursive: true }))

const put = (name: string, value: unknown) => writeFile(join(folder, name), JSON.stringify(value))
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

  it.each(['../secret.png', '/secret.png', 'notes.txt'])(
    'when a sheet is no image beside its result: %s',
    async (grid) => {
      await put('a.json', { ...one, grid })
      await expect(readEntries([folder])).rejects.toThrow(/no image beside it/)
    },
  )
})
