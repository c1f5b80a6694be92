// A job whose units are numbers: what runs leave behind, what continues, what merging proves and names.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dead } from '../../test/dead-owner.ts'
import { lockFolder } from '../files/lock.ts'
import { anySetting, type Job, type JobKind } from './node/manifest.ts'
import { mergeFolders } from './node/merge.ts'
import { runShard } from './node/run.ts'
import { type Shard, whole } from './shard.ts'

const kind: JobKind = {
  name: 'numbers',
  extension: 'txt',
  unit: 'number',
  mark: /^\d+( \d+)*$/,
  settings: v.record(v.string(), anySetting),
  command: ({ count }, folder) => `count --to ${count} --out ${folder}`,
}
const job: Job = { kind: 'numbers', madeBy: 'a test', settings: { seed: 1 }, count: 10, chunk: 3 }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-jobs-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** Runs a shard and tells which files it made. */
async function run(shard: Shard = whole, changes: Partial<Job> = {}, where = folder, stopAt?: number) {
  const made: number[] = []
  const faults: string[] = []
  const make = async (first: number, count: number) => {
    if (first === stopAt) throw new Error('power cut')
    made.push(first)
    return new TextEncoder().encode(Array.from({ length: count }, (_, i) => first + i).join(' '))
  }
  const onFault = (name: string, what: string) => faults.push(`${name} ${what}`)
  const failed = await runShard({ folder: where, kind, job: { ...job, ...changes }, shard, make, onFault }).then(
    () => undefined,
    (error: Error) => error.message,
  )
  return { made, faults, failed }
}

const merge = (...folders: string[]) => mergeFolders(folders.length ? folders : [folder], kind)
const quarter = (index: number): Shard => ({ index, count: 4 })
const file = (name: string, where = folder) => join(where, name)
const contents = (where: string) =>
  readdirSync(where)
    .sort()
    .map((name) => [name, readFileSync(file(name, where), 'utf8')])

describe('running', () => {
  it('cuts the units into files of one size', async () => {
    expect((await run()).made).toEqual([0, 3, 6, 9])
    expect(readFileSync(file('numbers-000001.txt'), 'utf8')).toBe('3 4 5')
    expect(readFileSync(file('numbers-000003.txt'), 'utf8')).toBe('9')
  })

  it('continues where it was stopped', async () => {
    expect(await run(whole, {}, folder, 6)).toMatchObject({ made: [0, 3], failed: 'power cut' })
    expect((await run()).made).toEqual([6, 9])
    expect((await run()).made).toEqual([])
  })

  it('keeps what other shards have made', async () => {
    await run({ index: 0, count: 2 })
    expect((await run()).made).toEqual([6, 9])
  })

  it('makes a damaged or missing file again, that one alone, and says so', async () => {
    await run()
    writeFileSync(file('numbers-000001.txt'), '3 4 6')
    expect(await run()).toMatchObject({
      made: [3],
      faults: ['numbers-000001.txt is damaged (another SHA-256 than the manifest says)'],
    })
    rmSync(file('numbers-000002.txt'))
    expect(await run()).toMatchObject({ made: [6], faults: ['numbers-000002.txt is missing'] })
  })

  it('loses no note of later files when it is stopped while it repairs an earlier one', async () => {
    await run()
    rmSync(file('numbers-000000.txt'))
    rmSync(file('numbers-000001.txt'))
    expect(await run(whole, {}, folder, 3)).toMatchObject({ made: [0], failed: 'power cut' })
    expect((await run()).made).toEqual([3])
  })

  it('goes on when the job is made longer', async () => {
    await run()
    expect((await run(whole, { count: 14 })).made).toEqual([9, 12])
    expect((await merge()).count).toBe(14)
    expect((await run()).failed).toContain('is of a job of 14 numbers, not 10. Ask for 14 or more')
  })

  it('does not mix settings', async () => {
    await run()
    expect((await run(whole, { settings: { seed: 2 } })).failed).toMatch(
      /shard-0-of-1\.json was made with other settings than asked for now: seed 1 and 2\. Take the same settings/,
    )
    expect((await run(whole, { chunk: 5 })).failed).toContain('units in a file 3 and 5')
  })

  it('knows a file by its hash, whatever its name', async () => {
    const teacher = (name: string, hash: string) => ({ settings: { teacher: name, teacherSha256: hash } })
    await run(whole, teacher('model.safetensors', 'a'))
    expect((await run(whole, teacher('model-40.safetensors', 'a'))).failed).toBeUndefined()
    expect((await run(whole, teacher('model.safetensors', 'b'))).failed).toContain('teacherSha256 a and b')
  })

  it('refuses a manifest that is none', async () => {
    await run()
    writeFileSync(file('shard-0-of-1.json'), '{"kind": "numbers"')
    expect((await run()).failed).toMatch(/shard-0-of-1\.json is not a manifest of numbers/)
    const manifest = {
      ...job,
      files: [{ name: '../../etc/passwd', first: 0, count: 1, bytes: 1, sha256: 'a'.repeat(64) }],
    }
    writeFileSync(file('shard-0-of-1.json'), JSON.stringify(manifest))
    expect((await run()).failed).toContain('files.0.name')
  })
})

describe('merging', () => {
  it('gives the bytes of a run without shards', async () => {
    const one = file('one')
    await run(whole, {}, one)
    await merge(one)
    const many = file('many')
    for (const index of [2, 0, 3, 1]) await run(quarter(index), {}, many)
    await merge(many)
    expect(contents(many)).toEqual(contents(one))
    expect(readdirSync(many)).toContain('manifest.json')
  })

  it('brings folders together', async () => {
    const folders = [0, 1, 2, 3].map((index) => file(`part${index}`))
    for (const [index, part] of folders.entries()) await run(quarter(index), {}, part)
    const { files } = await merge(...folders)
    expect(files.map(({ first }) => first)).toEqual([0, 3, 6, 9])
    expect(existsSync(file('numbers-000003.txt', folders[0]))).toBe(true)
    expect((await run(whole, {}, folders[0])).made).toEqual([])
  })

  it('sweeps up behind killed processes, and touches nothing else', async () => {
    await run()
    const left = [`.numbers-000001.txt.${dead}.tmp`, `.shard-0-of-1.json.${dead}.tmp`]
    for (const name of [...left, '.notes.tmp', 'notes.txt']) writeFileSync(file(name), 'half')
    await merge()
    const numbers = [0, 1, 2, 3].map((i) => `numbers-00000${i}.txt`)
    expect(readdirSync(folder).sort()).toEqual(['.notes.tmp', 'manifest.json', 'notes.txt', ...numbers].sort())
  })

  it('names what is missing or damaged, and the command that makes it', async () => {
    for (const index of [0, 1, 2]) await run(quarter(index))
    await expect(merge()).rejects.toThrow(
      'Of 4 files 1 cannot be merged: numbers-000003.txt (number 9) is in no manifest. ' +
        `This makes them and no other: count --to 10 --out ${folder}`,
    )
    await run(quarter(3))
    writeFileSync(file('numbers-000000.txt'), '9 9 9')
    await expect(merge()).rejects.toThrow('numbers-000000.txt (numbers 0 to 2) is damaged')
    expect((await run()).made).toEqual([0])
    expect((await merge()).files).toHaveLength(4)
  })

  it.each(['merge', 'shard-2-of-4'])(
    'waits for no process that holds the lock %s, and writes nothing',
    async (name) => {
      for (const index of [0, 1, 2, 3]) await run(quarter(index))
      const before = readdirSync(folder).sort()
      {
        await using _ = await lockFolder(folder, 'a test', name)
        await expect(merge()).rejects.toThrow(/a process that writes the same files is at work there/)
      }
      expect(readdirSync(folder).sort()).toEqual(before)
      expect((await merge()).count).toBe(10)
      expect(readdirSync(folder).filter((file) => file.endsWith('.lock'))).toEqual([])
    },
  )

  it('refuses shards of different jobs, and folders without any', async () => {
    await run(quarter(0))
    await run(quarter(1), { settings: { seed: 2 } }, file('other'))
    await expect(merge(folder, file('other'))).rejects.toThrow('do not belong together: seed 1 and 2')
    await expect(merge(file('nowhere'))).rejects.toThrow('has no manifest of numbers')
  })
})
