// What this package did not write stays, whatever its name.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { itWith, posix } from '../../test/requirements.ts'
import { UsageError } from '../core/errors.ts'
import { hasMark, refuseReplacing } from './replacing.ts'

let folder: string
const at = (name: string) => join(folder, name)
const mark = /"kind": "ours"/
const refused = (name: string, options?: { force?: boolean }) =>
  refuseReplacing([{ name: '--save', path: at(name), mark }], options)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-replacing-'))
  await writeFile(at('ours.json'), '{ "kind": "ours" }')
  await writeFile(at('long'), `${'x'.repeat(200_000)}"kind": "ours"${'x'.repeat(60_000)}`)
  await writeFile(at('middle'), `${'x'.repeat(100_000)}"kind": "ours"${'x'.repeat(100_000)}`)
  await writeFile(at('notes.txt'), 'a person wrote this')
  await writeFile(at('empty'), '')
  await mkdir(at('folder'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('lets files be replaced that say that they are ours, at their start or end, and names that are free', async () => {
  for (const name of ['ours.json', 'long', 'free', 'no/such/folder']) await refused(name)
})

it.each(['notes.txt', 'middle', 'empty', 'folder'])('refuses %s', async (name) => {
  await expect(refused(name, { force: false })).rejects.toThrow(
    `--save would replace ${at(name)}, and that does not say that distilled wrote it for this purpose. Nothing was written. Name another path, move it away, or give \`force: true\` to replace it.`,
  )
  await expect(refused(name)).rejects.toThrow(/Name another path, or move it away\.$/)
  await refused(name, { force: true })
})

itWith(posix)('refuses a link to nowhere: its name would be taken', async () => {
  await symlink(at('gone'), at('link'))
  await expect(refused('link')).rejects.toBeInstanceOf(UsageError)
})

it('takes nothing for ours where no mark is given', async () => {
  await expect(refuseReplacing([{ name: '--out', path: at('ours.json') }])).rejects.toThrow('would replace')
  expect([await hasMark(at('ours.json'), mark), await hasMark(at('free'), mark)]).toEqual([true, false])
})
