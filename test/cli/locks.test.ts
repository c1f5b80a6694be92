// Two processes and one folder: the second is told who is at work there, and writes nothing.
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { lockFolder } from '../../src/files/lock.ts'
import { distilled, temporaryFolder } from './command-line.ts'

const home = temporaryFolder()
const quick = ['--device', 'cpu', '--threads', '1']
const small = ['--model', 'sprites-var-dd', ...quick]

it.each<[string, string, string, (out: string) => string[]]>([
  [
    'sample --labels',
    '',
    'shard-0-of-1',
    (out) => ['sample', ...small, '--labels', 'random', '--count', '8', '--out', out],
  ],
  ['features', '', 'shard-0-of-1', (out) => ['features', 'sprites', '--features', 'sprites', ...quick, '--out', out]],
  [
    'review run',
    'images/sprites-var-dd',
    'run',
    (out) => ['review', 'run', ...small, '--classes', 'cat', '--out', out],
  ],
  ['reproduce', '', 'run', (out) => ['reproduce', 'sprites', '--family', 'var', '--quick', '--out', out]],
  ['train', '', 'run', (out) => ['train', 'classifier', '--data', 'sprites', '--steps', '1', '--out', out]],
])('%s', async (command, place, name, args) => {
  const out = join(home, command.replaceAll(' ', '-'))
  const folder = join(out, place)
  mkdirSync(folder, { recursive: true })
  {
    await using _ = await lockFolder(folder, 'a test', name)
    const { code, stderr } = await distilled(...args(out))
    expect(stderr).toMatch(
      new RegExp(
        `error: ${folder}: .* is at work there \\(process ${process.pid} on \\w+, since .*\\)\\. Wait until it is`,
      ),
    )
    expect(code).toBe(1)
    const written = readdirSync(folder).filter((file) => !['recipe.json', `.${name}.lock`].includes(file))
    expect(written).toEqual([])
  }
  expect(existsSync(join(folder, `.${name}.lock`))).toBe(false)
})

it('another shard of the same job is let in', async () => {
  const out = join(home, 'shards')
  mkdirSync(out)
  await using _ = await lockFolder(out, 'a test', 'shard-0-of-2')
  const asked = ['sample', ...small, '--labels', 'random', '--count', '8', '--chunk', '4', '--batch', '4', '--out', out]
  expect(await distilled(...asked, '--shard', '1/2')).toMatchObject({ code: 0 })
  expect((await distilled(...asked, '--shard', '0/2')).code).toBe(1)
})
