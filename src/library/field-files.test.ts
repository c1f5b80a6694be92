// Files as people have them instead of as they were released: with luggage, with prefixes, zipped again. The images are the same.

import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync, zipSync } from 'fflate'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fixturePath } from '../../test/fixtures.ts'
import { selectStateDict } from '../checkpoint/checkpoint.ts'
import { openFile } from '../checkpoint/node/file-source.ts'
import { writeSafetensors } from '../checkpoint/safetensors.ts'
import { load } from './node/load.ts'
import type { LoadProgress } from './node/load-options.ts'

const original = { student: fixturePath('llamagen_tiny_dd.pt'), tokenizer: fixturePath('llamagen_tiny_vq.pt') }
const config = { heads: 2, tokens: 16 }
let folder: string
let expected: number[]

async function pixels(files: { student: string; tokenizer: string }, onProgress?: (event: LoadProgress) => void) {
  const model = await load({ ...files, config, device: 'cpu', threads: 1, onProgress })
  try {
    const [image] = (await model.sample({ classes: [1], seed: 7 })).images
    return Array.from(image!.data)
  } finally {
    await model.dispose()
  }
}

/** The student's averaged weights under other names. */
async function renamed(name: (name: string) => string): Promise<string> {
  const checkpoint = await openFile(original.student)
  const { tensors } = selectStateDict(checkpoint, ['ema'])
  const copies = await Promise.all(
    Array.from(tensors.values(), async ({ name: own, dtype, shape, read }) => ({
      name: name(own),
      dtype,
      shape,
      data: await read(),
    })),
  )
  await checkpoint.close()
  const path = join(folder, 'renamed.safetensors')
  await writeFile(path, Buffer.concat(writeSafetensors(copies)))
  return path
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-field-'))
  process.env.DISTILLED_CACHE = join(folder, 'cache')
  expected = await pixels(original)
})

afterAll(async () => {
  delete process.env.DISTILLED_CACHE
  await rm(folder, { recursive: true })
})

it('a .pth that was unpacked and zipped again gives the same images, through the cache of derived weights', async () => {
  const files = { student: join(folder, 'student.pt'), tokenizer: join(folder, 'vq.pt') }
  for (const role of ['student', 'tokenizer'] as const) {
    await writeFile(files[role], zipSync(unzipSync(readFileSync(original[role])), { level: 6 }))
  }
  expect(await pixels(files)).toEqual(expected)
  const cached = await readdir(join(folder, 'cache'))
  expect(cached.length).toBeGreaterThan(0)
  expect(await pixels(files)).toEqual(expected)
  expect(await readdir(join(folder, 'cache'))).toEqual(cached)
})

it('names with a common prefix give the same images, and the prefix is said', async () => {
  const said: string[] = []
  const student = await renamed((name) => `_orig_mod.module.${name}`)
  const note = (event: LoadProgress) => void (event.type === 'note' && said.push(event.text))
  expect(await pixels({ ...original, student }, note)).toEqual(expected)
  expect(said).toEqual(['renamed.safetensors: every name begins with "_orig_mod.module.", which is left out.'])
})

it('a prefix on some of the names is not taken off', async () => {
  const student = await renamed((name) => (name === 'norm.weight' ? name : `module.${name}`))
  await expect(pixels({ ...original, student })).rejects.toThrow(
    /renamed\.safetensors holds neither a VAR nor a LlamaGen/,
  )
})
