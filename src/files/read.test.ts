import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { itWith, posix } from '../../test/requirements.ts'
import { readText, readWhole } from './read.ts'

const folder = mkdtempSync(join(tmpdir(), 'distilled-read-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('reads a file that is not too large', async () => {
  const path = join(folder, 'a.json')
  writeFileSync(path, '{"ä": 1}')
  expect(await readText(path)).toBe('{"ä": 1}')
  expect(await readWhole(path, 9)).toHaveLength(9)
  await expect(readWhole(path, 8)).rejects.toThrow(`${path} has 9 bytes, at most 8 are read.`)
})

it('passes on that there is no file', async () => {
  await expect(readText(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' })
})

itWith(posix)('waits for no FIFO, and reads no folder', async () => {
  const path = join(folder, 'fifo')
  execFileSync('mkfifo', [path])
  await expect(readText(path)).rejects.toThrow(`${path} is not a regular file.`)
  await expect(readText(folder)).rejects.toThrow(/not a regular file/)
})
