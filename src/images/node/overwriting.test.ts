import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type InputPath, refuseOverwriting } from './overwriting.ts'

let folder: string
const at = (...parts: string[]) => join(folder, ...parts)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'overwriting-'))
  await mkdir(at('set', 'deep'), { recursive: true })
  await writeFile(at('a.json'), '1')
  await writeFile(at('b.json'), '2')
  await writeFile(at('set', '0.png'), 'p')
  await link(at('a.json'), at('hard.json'))
  await symlink(at('a.json'), at('soft.json'))
  await symlink(at('set'), at('linked'))
})

afterAll(() => rm(folder, { recursive: true }))

const check = (input: Omit<InputPath, 'name'>, ...outputs: string[]) =>
  refuseOverwriting(
    [{ name: 'the samples', ...input }],
    outputs.map((path, i) => ({ name: `--out-${i}`, path })),
  )
const images = (file: string) => file.endsWith('.png')

describe('an output', () => {
  it.each([['a.json'], ['hard.json'], ['soft.json'], ['set/../a.json']])(
    'that leads to the input is refused: %s',
    async (name) => {
      await expect(check({ path: at('a.json') }, `${folder}/${name}`)).rejects.toThrow(
        /^--out-0 .* is what is being read/,
      )
    },
  )

  it('that leads nowhere near it may be written', async () => {
    await check({ path: at('a.json') }, at('b.json'), at('new.json'), at('set', 'new.json'))
    await check({ path: at('missing.json') }, at('missing.json'))
    await check({ path: 'sprites' }, at('new.json'))
  })

  it('in a folder that is read is refused where it would be read, through links and at any depth', async () => {
    const set = { path: at('set'), reads: images }
    for (const name of ['set/1.png', 'linked/1.png', 'set/deep/1.png'])
      await expect(check(set, at(name))).rejects.toThrow(/would be part of what is being read/)
    await check(set, at('set', 'result.json'), at('set', 'deep'))
    await expect(check({ path: at('set') }, at('set', 'result.json'))).rejects.toThrow(/would be part/)
  })

  it('folder is not the input folder', async () => {
    await expect(check({ path: at('set'), reads: images }, at('linked'))).rejects.toThrow(/is what is being read/)
  })

  it('has a path of its own', async () => {
    await expect(check({ path: at('b.json') }, at('new.json'), at('set/../new.json'))).rejects.toThrow(
      /^--out-0 and --out-1 would both write/,
    )
    await expect(check({ path: at('b.json') }, at('a.json'), at('hard.json'))).rejects.toThrow(/would both write/)
  })

  it('is told with both names and what to do', async () => {
    await expect(check({ path: at('a.json') }, at('soft.json'))).rejects.toThrow(
      `--out-0 ${at('soft.json')} is what is being read (the samples: ${at('a.json')}). Nothing was written. Give --out-0 another path.`,
    )
  })
})
