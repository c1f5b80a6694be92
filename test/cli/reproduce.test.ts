// `distilled reproduce sprites --quick`: from nothing to a table, in a folder that refuses another recipe.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { stageNames } from '../../src/distill/reproduce.ts'
import { distilled, temporaryFolder } from './command-line.ts'

const folder = temporaryFolder()
const argv = (family: string, ...more: string[]) => [
  'reproduce',
  'sprites',
  '--family',
  family,
  '--out',
  join(folder, 'run'),
  '--threads',
  '1',
  ...more,
]

it('trains every network, makes pairs, and compares the samplers', { timeout: 300_000 }, async () => {
  const { code, stdout, stderr } = await distilled(...argv('llamagen', '--quick'))
  expect(code, stderr).toBe(0)
  const headings = [...stderr.matchAll(/^stage \d of 6: (\w+)$/gm)].map(([, name]) => name)
  expect(headings).toEqual(stageNames)
  expect(stdout).toMatch(/^sampler +steps +ms an image +Fréchet[^\n]*\nteacher +64 /)
  const student = join(folder, 'run', 'student', 'model.safetensors')
  expect(stdout).toContain(`weights: ${student}\n`)
  const { rows } = JSON.parse(readFileSync(join(folder, 'run', 'table', 'table.json'), 'utf8'))
  expect(rows.map(({ name }: { name: string }) => name)).toContain('onestep*')

  const weights = readFileSync(student)
  const again = await distilled(...argv('llamagen', '--quick'))
  expect(again).toMatchObject({ code: 0, stdout })
  expect(again.stderr).not.toContain('loss')
  expect(readFileSync(student).equals(weights)).toBe(true)

  const images = ['--class', 'boat', '--count', '2', '--steps', '2', '--threads', '1', '--out', join(folder, 'images')]
  const sampled = await distilled('sample', '--model', join(folder, 'run'), ...images)
  expect(sampled.code, sampled.stderr).toBe(0)

  const other = await distilled(...argv('var', '--quick'))
  expect(other.code).toBe(2)
  expect(other.stderr).toContain(`${join(folder, 'run')} holds a reproduction with another recipe`)
})

it('knows sprites and two families', async () => {
  expect((await distilled('reproduce', 'imagenet', '--family', 'var')).code).toBe(2)
  expect((await distilled('reproduce', 'sprites', '--family', 'gpt')).code).toBe(2)
  expect((await distilled('reproduce', 'sprites')).stderr).toContain("'--family <name>' not specified")
})
