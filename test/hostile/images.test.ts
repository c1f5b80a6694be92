// Images as large as are decoded, one after another: what a process takes for them beyond what it takes for small ones.
import { spawnSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'large-images-'))
afterAll(() => rmSync(folder, { recursive: true }))

const COUNT = 4
/** Three bits of noise on a pattern: neither constant nor larger than files may be. */
function noise(width: number, height: number): Sharp {
  const data = Buffer.alloc(3 * width * height)
  let state = 1
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    data[i] = ((i >> 12) & 0xf8) | (state >>> 29)
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
}

/** A data set of one image under several names. */
async function dataset(name: string, ending: string, image: Sharp): Promise<string> {
  const path = join(folder, name, 'class')
  mkdirSync(path, { recursive: true })
  const first = join(path, `0.${ending}`)
  await image.toFile(first)
  for (let i = 1; i < COUNT; i++) linkSync(first, join(path, `${i}.${ending}`))
  return join(folder, name)
}

/** What `distilled data preview` takes in a process of its own. */
function cost(data: string): { megabytes: number; seconds: number } {
  const main = new URL('../../dist/cli/main.js', import.meta.url).href
  const argv = [
    'data',
    'preview',
    '--data',
    data,
    '--columns',
    `${COUNT}`,
    '--out',
    join(folder, 'sheet.png'),
    '--quiet',
  ]
  const code = `
    import { run } from ${JSON.stringify(main)}
    const { stdout, stderr } = process
    const code = await run(${JSON.stringify(argv)}, { stdout, stderr, signal: new AbortController().signal })
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
    console.log(JSON.stringify({ code, megabytes: maxRSS / 1024, seconds: (userCPUTime + systemCPUTime) / 1e6 }))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const { code: exit, ...used } = JSON.parse(stdout)
  expect(exit).toBe(0)
  return used
}

let small: ReturnType<typeof cost>
beforeAll(async () => {
  small = cost(await dataset('small', 'png', noise(64, 64)))
})

it.each([
  ['PNG files of 26 megapixels', 'png', () => noise(6400, 4096).png({ compressionLevel: 1 })],
  [
    'JPEG files of 26 megapixels that are turned',
    'jpg',
    () => noise(6400, 4096).withMetadata({ orientation: 6 }).jpeg(),
  ],
  ['progressive JPEG files of 12 megapixels', 'jpg', () => noise(4096, 3072).jpeg({ progressive: true })],
  ['WebP files of 12 megapixels', 'webp', () => noise(4096, 3072).webp({ effort: 0 })],
] as const)('%s take less than a second each and 200 MB in all', { timeout: 120_000 }, async (name, ending, image) => {
  const large = cost(await dataset(name.replaceAll(' ', '-'), ending, image()))
  expect(large.megabytes - small.megabytes).toBeLessThan(200)
  expect((large.seconds - small.seconds) / COUNT).toBeLessThan(1)
})
