// `bin/distilled.js` as a process of its own: exit code, streams, Ctrl-C.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { readImage } from '../../src/images/read.ts'
import { temporaryFolder, tinyVar } from './command-line.ts'

const bin = fileURLToPath(new URL('../../bin/distilled.js', import.meta.url))
const folder = temporaryFolder()

const start = (...argv: string[]) => spawn(process.execPath, [bin, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })

async function ended(child: ChildProcess) {
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk
    })
  }
  const [code] = await once(child, 'close')
  return { code, ...text }
}

it('runs from a clone, building first when needed', async () => {
  expect(await ended(start('--version'))).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  const dir = join(folder, 'one')
  expect(await ended(start('sample', ...tinyVar, '--class', '1', '--out', dir, '--quiet'))).toEqual({
    ...{ code: 0, stdout: '', stderr: '' },
  })
  expect(await readImage(join(dir, '000000.png'))).toMatchObject({ width: 64 })
  expect((await ended(start('inspect', 'nowhere.pth'))).code).toBe(1)
})

it.skipIf(process.platform === 'win32')('Ctrl-C ends it with 130 and leaves whole files only', async () => {
  const dir = join(folder, 'interrupted')
  const child = start('sample', ...tinyVar, '--class', '1', '--count', '100000', '--batch', '1', '--out', dir)
  const outcome = ended(child)
  await expect
    .poll(() => readdirSync(folder).includes('interrupted') && readdirSync(dir).length > 3, { timeout: 30_000 })
    .toBe(true)
  child.kill('SIGINT')
  const { code, stderr } = await outcome
  expect(code).toBe(130)
  const files = readdirSync(dir)
  expect(stderr).toContain(`Interrupted: ${files.length} of 100000 images written to ${dir}.`)
  for (const file of files) {
    expect(file).toMatch(/^\d{6}\.png$/)
    expect(await readImage(join(dir, file))).toMatchObject({ width: 64, height: 64 })
  }
})
