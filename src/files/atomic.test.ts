// Files are written whole or not at all: on full, read-only and far too small disks, and after other processes were killed.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dead } from '../../test/dead-owner.ts'
import { describeWith, mountedDisk } from '../../test/requirements.ts'
import { type SmallDisk, smallDisk } from '../../test/small-disk.ts'
import { FileError, UsageError } from '../core/errors.ts'
import { copyAtomically, makeFolder, sweep, temporaryOf, writeAtomically, writeStream } from './atomic.ts'
import { writeError } from './write-error.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'))
})
afterEach(() => rm(folder, { recursive: true }))

const at = (name: string) => join(folder, name)

describe('a file is there whole or not at all', () => {
  it('success leaves one file, and replaces an older one', async () => {
    await writeAtomically(at('a'), Uint8Array.of(1, 2))
    await writeAtomically(at('a'), Uint8Array.of(3), { durable: true })
    expect(await readdir(folder)).toEqual(['a'])
    expect([...(await readFile(at('a')))]).toEqual([3])
  })

  it('pieces of any size come out in their order', async () => {
    const sizes = [1, 2 ** 20 - 1, 1, 3 * 2 ** 20, 0, 7]
    await writeStream(
      at('a'),
      sizes.map((size, i) => new Uint8Array(size).fill(i)),
    )
    expect((await readFile(at('a'))).equals(Buffer.concat(sizes.map((size, i) => Buffer.alloc(size, i))))).toBe(true)
  })

  it('aborted before or during the write: no file, no temporary file, the older file as it was', async () => {
    await expect(writeAtomically(at('a'), Uint8Array.of(1), { signal: AbortSignal.abort() })).rejects.toThrow('aborted')
    expect(await readdir(folder)).toEqual([])
    await writeFile(at('a'), 'old')
    const controller = new AbortController()
    const writing = writeAtomically(at('a'), new Uint8Array(64 << 20), { signal: controller.signal })
    while ((await readdir(folder)).length === 1) await new Promise((resolve) => setImmediate(resolve))
    controller.abort(new Error('stopped by the user'))
    await expect(writing).rejects.toThrow('stopped by the user')
    expect(await readdir(folder)).toEqual(['a'])
    expect(await readFile(at('a'), 'utf8')).toBe('old')
  })

  it('an error thrown by the source of the bytes is passed on unchanged', async () => {
    const broken = (function* () {
      yield Uint8Array.of(1)
      throw Object.assign(new Error('the source broke'), { code: 'ENOSPC' })
    })()
    await expect(writeStream(at('a'), broken)).rejects.toThrow(/^the source broke$/)
    expect(await readdir(folder)).toEqual([])
  })

  it('a name of 255 bytes is no problem', async () => {
    await writeAtomically(at('é'.repeat(127)), Uint8Array.of(1))
    expect(await readdir(folder)).toEqual(['é'.repeat(127)])
  })
})

describe('what is in the way is said', () => {
  it.each([
    ['a missing folder', 'nowhere/a', /^Cannot write .*nowhere\/a: there is no folder .*nowhere\. Create it first\.$/],
    ['a folder of that name', 'sub', /sub: it is a folder\. Name a file in it\.$/],
    ['a file where a folder should be', 'file/a', /file is or leads through a file\. Name a folder\.$/],
    ['a name that is too long', 'x'.repeat(300), /its name is too long \(300 bytes in a path of \d+\)/],
  ])('%s', async (_, name, message) => {
    mkdirSync(at('sub'))
    writeFileSync(at('file'), '')
    const writing = writeAtomically(at(name), Uint8Array.of(1))
    await expect(writing).rejects.toThrow(message)
    await expect(writing).rejects.toBeInstanceOf(name.length < 300 ? UsageError : FileError)
    expect(readdirSync(folder).sort()).toEqual(['file', 'sub'])
  })

  it('a device, which root would replace by a file', async () => {
    await expect(writeAtomically('/dev/null', Uint8Array.of(1))).rejects.toThrow(
      'Cannot write /dev/null: it is a device, a pipe or a socket. Name a file.',
    )
    spawnSync('mkfifo', [at('pipe')])
    await expect(writeAtomically(at('pipe'), Uint8Array.of(1))).rejects.toThrow('it is a device, a pipe or a socket')
  })

  it('a folder that cannot be made', async () => {
    writeFileSync(at('file'), '')
    await expect(makeFolder(at('file'))).rejects.toThrow(/file is or leads through a file/)
    await expect(makeFolder(at('file/sub'))).rejects.toThrow(/file\/sub is or leads through a file/)
    await makeFolder(at('a/b'))
    await makeFolder(at('a/b'))
  })

  it.each([
    ['ENOSPC', /the disk of .* is full: the file takes 900\.0 TB or more, .* are free, .* are missing\. Make room/],
    ['EDQUOT', /your quota on the disk of .* is used up; the file takes 900\.0 TB or more\. Delete files of yours/],
    ['EROFS', /the file system of .* is read-only\. Name another folder\./],
    ['EACCES', /this user may not write to .*\. Change the permissions/],
    ['EPERM', /this user may not write to /],
    ['EFBIG', /larger than the file system of .* allows/],
    ['EIO', /the disk of .* reports an error of its own\. Check the disk\./],
    ['EMFILE', /too many files are open\. Raise the limit \(ulimit -n\)/],
    ['ENFILE', /too many files are open/],
    ['EBUSY', /another program keeps it busy/],
    ['EWHATEVER', /Cannot write .*a: write EWHATEVER\.$/],
  ])('%s', (code, message) => {
    const cause = Object.assign(new Error(`write ${code}`), { code })
    const error = writeError(at('a'), cause, 9e14)
    expect(error.message).toMatch(message)
    expect(error.message).toContain(at('a'))
    expect(error).toBeInstanceOf(FileError)
    expect(error.cause).toBe(cause)
  })

  it('an error that is none of the operating system stays what it is', () => {
    const bug = new TypeError('x is not a function')
    expect(writeError('a', bug)).toBe(bug)
  })
})

describeWith(mountedDisk)('a real disk', () => {
  let disk: SmallDisk
  beforeEach(() => {
    disk = smallDisk('1m', 8)!
  })
  afterEach(() => disk.remove())

  it('that is full: which file, what it takes, what is free; the older file stays', async () => {
    const path = join(disk.folder, 'a.npz')
    await writeAtomically(path, new Uint8Array(1000))
    const writing = writeStream(path, [new Uint8Array(600_000), new Uint8Array(700_000)])
    await expect(writing).rejects.toThrow(
      /^Cannot write .*a\.npz: the disk of .* is full: the file takes 1\.3 MB or more, .* free.*\. Make room there/,
    )
    expect(readdirSync(disk.folder)).toEqual(['a.npz'])
    expect(readFileSync(path)).toHaveLength(1000)
    await writeFile(at('big'), new Uint8Array(2_000_000))
    await expect(copyAtomically(at('big'), join(disk.folder, 'b'))).rejects.toThrow(/takes 2\.0 MB or more/)
    expect(readdirSync(disk.folder)).toEqual(['a.npz'])
  })

  it('without an entry for another file', async () => {
    for (let i = 0; i < 7; i++) writeFileSync(join(disk.folder, `${i}`), '')
    await expect(writeAtomically(join(disk.folder, 'a'), Uint8Array.of(1))).rejects.toThrow(
      /is full: it has no entry left for another file \(1\.0 MB are free\)/,
    )
  })

  it('that is read-only', async () => {
    disk.seal()
    await expect(writeAtomically(join(disk.folder, 'a'), Uint8Array.of(1))).rejects.toThrow(/is read-only/)
    await expect(makeFolder(join(disk.folder, 'b'))).rejects.toThrow(/is read-only/)
  })
})

describe('what a killed process left', () => {
  const left = () => readdirSync(folder).sort()

  it('goes with the first write into the folder, and nothing else does', async () => {
    const others = ['.notes.tmp', '.a.tmp', 'a.tmp', '.a.0b-1.tmp', `a.${dead}.tmp`]
    const fresh = `.a.elsewhere-17-000000000.tmp`
    const old = `.b.elsewhere-17-000000000.tmp`
    for (const name of [...others, fresh, old, `.a.${dead}.tmp`]) writeFileSync(at(name), 'half')
    mkdirSync(at(`.exported.${dead}.tmp`))
    writeFileSync(at(`.exported.${dead}.tmp/config.json`), 'half')
    const live = temporaryOf(at('live')).slice(folder.length + 1)
    writeFileSync(at(live), 'at work')
    utimesSync(at(old), new Date(0), new Date(0))
    await writeAtomically(at('done'), Uint8Array.of(1))
    expect(left()).toEqual([...others, fresh, live, 'done'].sort())
    expect(await sweep(folder)).toEqual([])
  })

  it('is told from what a process of the same number left before', async () => {
    const before = temporaryOf(at('a')).replace(/-[0-9a-f]{8}(\d+\.tmp)$/, '-00000000$1')
    writeFileSync(before, 'half')
    await sweep(folder)
    expect(left()).toEqual([])
  })
})
