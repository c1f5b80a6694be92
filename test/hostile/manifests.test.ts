// Manifests from strangers: a few bytes of them ask for hours, gigabytes, raw errors and other people's shells.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { distilled, temporaryFolder } from '../cli/command-line.ts'

const home = temporaryFolder()
const settings = {
  model: 'sprites-var-dd',
  family: 'var',
  classes: 46,
  imageSize: 32,
  labels: 'random',
  seed: 0,
  rng: 'philox',
  sampler: 'student',
  timesteps: '0',
  split: 6,
  steps: 1,
  dtype: 'fp32',
  ema: true,
  batch: 8,
  device: 'cpu',
  rounding: 'as written',
}
const file = { name: 'samples-000000.npz', first: 0, count: 8, bytes: 10, sha256: '0'.repeat(64) }
const good = { kind: 'samples', madeBy: 'a test', settings, count: 8, chunk: 8, files: [file] }

let folder: string
let number = 0
beforeEach(() => {
  folder = join(home, `run ${number++}`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'samples-000000.npz'), 'ten bytes!')
})
const put = (manifest: unknown, name = 'manifest.json') =>
  writeFileSync(join(folder, name), typeof manifest === 'string' ? manifest : JSON.stringify(manifest))

/** The commands that read manifests, each with a second of CPU time for all it may be told. */
const readers: readonly [string, () => string[]][] = [
  ['sample merge', () => ['sample', 'merge', folder]],
  ['sample export', () => ['sample', 'export', folder, '--out', join(home, 'exported')]],
  ['sample export --format npz', () => ['sample', 'export', folder, '--format', 'npz', '--out', join(home, 'x.npz')]],
  ['features', () => ['features', folder, '--features', 'sprites', '--out', join(home, 'features')]],
]

const without = (key: keyof typeof settings) => {
  const { [key]: _, ...rest } = settings
  return { ...good, settings: rest }
}
const set = (changes: object) => ({ ...good, settings: { ...settings, ...changes } })

describe.each(readers)('%s', (_, args) => {
  it.each<[string, unknown, RegExp]>([
    ['a billion files', { ...good, count: 1e9, chunk: 1 }, /count: .*<=10000000/],
    ['more files than a folder should hold', { ...good, count: 1e7, chunk: 1 }, /are 10000000 files, at most 100000/],
    ['an unsafe count', { ...good, count: 2 ** 60 }, /count: /],
    ['a fractional chunk', { ...good, chunk: 0.5 }, /chunk: /],
    ['a size as text', set({ imageSize: '32' }), /settings\.imageSize: .*Expected number/],
    ['a size of 2^31', set({ imageSize: 2 ** 31 }), /settings\.imageSize: /],
    ['no size', without('imageSize'), /settings\.imageSize: /],
    ['a protocol nobody knows', set({ labels: 'mine' }), /settings\.labels: /],
    ['a billion classes', set({ classes: 1e9 }), /settings\.classes: /],
    ['a negative seed', set({ seed: -1 }), /settings\.seed: /],
    ['timesteps that are none', set({ timesteps: '0,x' }), /settings\.timesteps: /],
    ['a sampler nobody knows', set({ sampler: 'constructor' }), /settings\.sampler: /],
    [
      'ten thousand settings',
      set(Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => [`k${i}`, 1]))),
      /more than 100/,
    ],
    ['a setting that is a list', set({ split: [1] }), /settings/],
    ['a name of 10 MB', set({ model: 'm'.repeat(1e7) }), /settings\.model: /],
    ['a file elsewhere', { ...good, files: [{ ...file, name: '../x.npz' }] }, /files\.0\.name: /],
    ['a million files listed', { ...good, files: new Array(1e6).fill(1) }, /files: /],
    ['40 MB', `{"kind":"${'x'.repeat(4e7)}"}`, /40,000,011 bytes, at most 33,554,432 are read/],
    ['deep nesting', '['.repeat(1e6), /is not a manifest of samples/],
    ['another kind with escapes', { ...good, kind: '\u001b[2J' }, /it lists "\\u001b\[2J", not "samples"/],
    ['nothing', '', /is not a manifest of samples/],
  ])('%s', async (_, manifest, message) => {
    put(manifest)
    const before = process.cpuUsage()
    const { code, stderr } = await distilled(...args())
    const { user, system } = process.cpuUsage(before)
    expect(stderr).toMatch(message)
    expect(stderr).toContain('manifest.json is not a manifest of samples: ')
    expect(stderr.length).toBeLessThan(2000)
    expect(code).toBe(1)
    expect((user + system) / 1e6).toBeLessThan(2)
  })
})

it('a folder of that name is no manifest', async () => {
  mkdirSync(join(folder, 'manifest.json'))
  const { stderr } = await distilled('sample', 'merge', folder)
  expect(stderr).toContain('manifest.json is not a manifest of samples: it is not a regular file.')
})

it('what may be asked for is what may be read', async () => {
  const asked = [
    'sample',
    '--model',
    'sprites-var-dd',
    '--labels',
    'random',
    '--out',
    join(home, 'big'),
    '--device',
    'cpu',
  ]
  const { code, stderr } = await distilled(...asked, '--count', '1000000', '--batch', '1', '--chunk', '1')
  expect(stderr).toContain('1,000,000 images, 1 in a file, are 1,000,000 files. Take at most 100,000 files: 10 or more')
  expect(code).toBe(2)
  expect(existsSync(join(home, 'big'))).toBe(false)
})

describe('a recommended command', () => {
  /** The command of an error message, run by a shell in which `distilled` prints its arguments. */
  const asShellReads = (stderr: string): string[] => {
    const command = /distilled (?:sample|features|pairs) .*$/m.exec(stderr)![0]
    const script = `distilled() { printf '%s\\0' "$@"; }\n${command}`
    return execFileSync('sh', ['-c', script], { cwd: home, encoding: 'utf8' }).split('\0').slice(0, -1)
  }
  const hostile = 'x; touch OWNED #'

  it('of samples runs nothing that a manifest says, and keeps the spaces of a folder', async () => {
    put(set({ model: hostile, device: '$(touch OWNED)', dtype: '`touch OWNED`' }))
    const { stderr } = await distilled('sample', 'merge', folder)
    const words = asShellReads(stderr)
    expect(words).toContain(hostile)
    expect(words).toContain('$(touch OWNED)')
    expect(words).toContain('`touch OWNED`')
    expect(words).toContain(folder)
    expect(existsSync(join(home, 'OWNED'))).toBe(false)
  })

  it('of features', async () => {
    const facts = { images: '--out=/etc', reader: hostile, protocol: 'dd' }
    put({ ...good, kind: 'features', settings: facts, files: [{ ...file, name: 'features-000000.npz' }] })
    const { stderr } = await distilled('features', 'merge', folder)
    expect(asShellReads(stderr).slice(0, 4)).toEqual(['features', './--out=/etc', '--features', hostile])
    expect(existsSync(join(home, 'OWNED'))).toBe(false)
  })

  it('of pairs', async () => {
    const { model: _, imageSize: __, labels: ___, ...rest } = settings
    const facts = {
      teacher: hostile,
      tokenizer: "it's",
      family: 'var',
      classes: 3,
      length: 4,
      channels: 2,
      entries: 9,
      seed: 0,
      solver: 'dpm',
      odeSteps: 4,
      cfg: 1,
      cfgInterval: -1,
      topK: 0,
      topP: 0,
      temperature: 1,
    }
    put({ ...good, kind: 'pairs', settings: facts, files: [{ ...file, name: 'pairs-000000.safetensors' }] })
    const words = asShellReads((await distilled('pairs', 'merge', folder)).stderr)
    expect(words.slice(0, 5)).toEqual(['pairs', '--teacher', hostile, '--tokenizer', "it's"])
    put({ ...good, kind: 'pairs', settings: rest })
    expect((await distilled('pairs', 'merge', folder)).stderr).toContain(
      'is not a manifest of pairs: settings.teacher: ',
    )
  })

  it('after shards', async () => {
    put(good, 'shard-0-of-2.json')
    const { stderr } = await distilled('sample', 'export', folder, '--out', join(home, 'y'))
    expect(asShellReads(stderr)).toEqual(['sample', 'merge', folder])
  })
})
