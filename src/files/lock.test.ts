// Who may work in a folder: one live process; what dead ones left is taken over.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dead } from '../../test/dead-owner.ts'
import { built } from '../../test/policy/child.ts'
import { itWith, mountedDisk } from '../../test/requirements.ts'
import { smallDisk } from '../../test/small-disk.ts'
import { FileError } from '../core/errors.ts'
import { lockFolder } from './lock.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'))
})
afterEach(() => rm(folder, { recursive: true }))
const path = () => join(folder, '.run.lock')
const held = async () => {
  await using _ = await lockFolder(folder, 'a test')
  return readFileSync(path(), 'utf8')
}

describe('a lock', () => {
  it('is refused to the next, which is told who has it, and free afterwards', async () => {
    {
      await using _ = await lockFolder(folder, 'a training run')
      const next = lockFolder(folder, 'a training run')
      await expect(next).rejects.toThrow(
        new RegExp(
          `^${folder}: a training run is at work there \\(process ${process.pid} on \\w+, since 20.*Z\\)\\. Wait until it is done, or name another folder\\.$`,
        ),
      )
      await expect(next).rejects.toBeInstanceOf(FileError)
      await using __ = await lockFolder(folder, 'another kind of work', 'other')
    }
    expect(readdirSync(folder)).toEqual([])
    await held()
  })

  it.each<[string, string, Date | undefined]>([
    ['of a dead process', `${dead} 2026-01-01T00:00:00Z`, undefined],
    ['of a machine that is silent', 'elsewhere-17-000000000 2026-01-01T00:00:00Z', new Date(0)],
    ['that a process left empty as it died', '', new Date(0)],
    ['that says nothing', 'nonsense', undefined],
    ['that is no text', '\0'.repeat(5000), new Date(0)],
  ])('%s is taken over', async (_, text, touched) => {
    writeFileSync(path(), text)
    if (touched) utimesSync(path(), touched, touched)
    expect(await held()).toContain(`-${process.pid}-`)
    expect(readdirSync(folder)).toEqual([])
  })

  it.each([
    [
      'of a machine that was heard of',
      'elsewhere-17-000000000 2026-01-01T00:00:00Z',
      /process 17 on elsewhere, since 2026/,
    ],
    ['that is about to be written', '', /a test is at work there\. Wait/],
  ])('%s is respected', async (_, text, message) => {
    writeFileSync(path(), text)
    await expect(held()).rejects.toThrow(message)
    expect(readFileSync(path(), 'utf8')).toBe(text)
  })

  it('is won by one of many', async () => {
    writeFileSync(path(), `${dead} 2026-01-01T00:00:00Z`)
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder, 'a test')))
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(won).toHaveLength(1)
    await won[0]![Symbol.asyncDispose]()
    expect(readdirSync(folder)).toEqual([])
  })

  it('of a killed process is free', async () => {
    const code = `import { lockFolder } from ${built('files/lock.js')}
      await lockFolder(${JSON.stringify(folder)}, 'a test'); console.log('locked'); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    await expect(held()).rejects.toThrow(`process ${child.pid} on`)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await held()
  })

  it('does not keep a process alive', async () => {
    const code = `import { lockFolder } from ${built('files/lock.js')}
      await lockFolder(${JSON.stringify(folder)}, 'a test')`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code])
    expect((await once(child, 'exit'))[0]).toBe(0)
    await held()
  })

  itWith(mountedDisk)('on a read-only disk says so', async () => {
    const disk = smallDisk()!
    try {
      disk.seal()
      await expect(lockFolder(disk.folder, 'a test')).rejects.toThrow(/\.run\.lock: the file system of .* is read-only/)
    } finally {
      disk.remove()
    }
  })
})
