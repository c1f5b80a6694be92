// What a newcomer types first, what a stranger's file says, and numbers that no machine can follow.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { npyBytes } from '../../src/checkpoint/npy.ts'
import { GeneratedImage } from '../../src/images/node/image.ts'
import { readSettings } from '../../src/images/node/read.ts'
import type { Settings } from '../../src/images/xmp.ts'
import { describeWith, itWith, linux, posix } from '../requirements.ts'
import { distilled, distilledJson, temporaryFolder } from './command-line.ts'

const folder = temporaryFolder()
const path = (name: string) => join(folder, name)
const quick = ['--device', 'cpu', '--threads', '1']

describe('sample without a model', () => {
  it('draws with the embedded one and says so', async () => {
    const { code, stderr, stdout } = await distilled('sample', '--class', 'boat', '--out', path('boat'), ...quick)
    expect([code, stdout]).toEqual([0, expect.stringContaining('000000.png')])
    expect(stderr).toContain('No --model was named: sprites-var-dd draws, which comes with the package')
    expect(await readSettings(path('boat/000000.png'))).toMatchObject({ model: 'sprites-var-dd' })
  })

  it('names one of its classes when none was given', async () => {
    expect((await distilled('sample')).stderr).toContain('No class was given. For example --class boat.')
  })

  it('does so for a run of many', async () => {
    const run = ['--labels', 'random', '--count', '4', '--out', path('run'), ...quick]
    expect(await distilled('sample', ...run)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('sprites-var-dd'),
    })
  })
})

describe('--like', () => {
  it.each(['webp', 'jpeg', 'png'])('makes a %s again as one', async (format) => {
    const first = ['sample', '--model', 'sprites-var-dd', '--class', 'cat', '--format', format, ...quick]
    const { files } = await distilledJson(...first, '--out', path(`${format}-1`))
    const again = await distilledJson('sample', '--like', files[0], '--out', path(`${format}-2`), ...quick)
    expect(again.files).toEqual([expect.stringMatching(new RegExp(`${format}-2/000000.${format}$`))])
    expect(readFileSync(again.files[0]).equals(readFileSync(files[0]))).toBe(true)
  })

  const own = {
    model: 'sprites-var-dd',
    class: 3,
    seed: 7,
    index: 0,
    rng: 'philox',
    dtype: 'fp32',
    ema: true,
    batched: true,
    plan: { kind: 'student', timesteps: [0], split: 3 },
  }
  const teacher = { cfg: 1.5, cfgInterval: -1, topK: 0, topP: 0, temperature: 1, greedy: false, prefixMask: 'none' }
  const strange = (settings: object) =>
    new GeneratedImage({ data: new Uint8Array(3), width: 1, height: 1, settings: settings as Settings })
  it.each<[string, object, RegExp]>([
    ['torch noise of a far image', { rng: 'torch', index: 1e6 }, /takes \d.* GB of memory\. Give --rng torch as well/],
    ['a billion images', { count: 1e9, classes: [1] }, /settings are not understood \(count: .*1000000/],
    ['more images than a grid', { count: 251, classes: [1, 2] }, /asks for 502 images, .*say with --class and --count/],
    ['more classes than a grid', { classes: new Array(501).fill(1) }, /asks for 501 images/],
    ['an index without another after it', { index: 2 ** 53 - 1 }, /\(index: must be .* to 4503599627370496\)/],
    [
      'a billion solver steps',
      { plan: { kind: 'teacher', teacher, flow: { solver: 'heun', steps: 1e9 } } },
      /flow\.steps/,
    ],
    ['an endless temperature', { plan: { kind: 'teacher', teacher: { ...teacher, temperature: 1e9 } } }, /temperature/],
    ['a huge batch', { batch: 1e9 }, /\(batch: /],
    ['a folder as its model', { model: '/etc' }, /made with "\/etc", which is no name from .* name it with --model/],
    ['a name that acts', { model: '\x1b[2J\x07evil\u202e' }, /made with "\\u001b\[2J\\u0007evil\\u202e"/],
    ['a name of 10 kB', { model: 'm'.repeat(1e4) }, /\(model: .*10000/],
  ])('refuses %s', async (_, changed, message) => {
    await strange({ ...own, ...changed }).save(path('strange.png'))
    const { code, stderr } = await distilled('sample', '--like', path('strange.png'), '--out', path('like'), ...quick)
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
    expect(stderr.length).toBeLessThanOrEqual(2000)
  })

  it('refuses settings of 10 MB before they are parsed', async () => {
    await strange({ ...own, model: 'm'.repeat(1e7) }).save(path('strange.png'))
    const { code, stderr } = await distilled('sample', '--like', path('strange.png'), '--out', path('like'), ...quick)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/has \d{8} bytes, expected at most 65536/)])
    expect(stderr.length).toBeLessThanOrEqual(2000)
  })
})

it('noise that is no number is named with its place', async () => {
  const noise = new Float32Array(130 * 16)
  noise[3 * 16 + 2] = Number.NaN
  writeFileSync(path('noise.npy'), npyBytes([1, 130, 16], noise))
  const { code, stderr } = await distilled('sample', '--class', 'boat', '--noise', path('noise.npy'), ...quick)
  expect([code, stderr]).toEqual([2, expect.stringContaining('noise.npy: the value at [0, 3, 2] is NaN')])
})

describe('numbers out of range', () => {
  it.each<string[]>([
    ['sample', '--class', 'boat', '--count', '1000000000'],
    ['sample', '--labels', 'random', '--count', '1000000000'],
    ['sample', '--seed', '99999999999999999999'],
    ['sample', '--batch', '1e9'],
    ['pairs', '--count', '1000000000'],
    ['evaluate', '--model', 'sprites-var-dd', '--count', '1000000000'],
    ['features', 'x', '--features', 'sprites', '--chunk', '1000000000'],
    ['bench', '--repeat', '1000000000'],
    ['review', 'run', '--count', '1000000000'],
    ['data', 'preview', '--rows', '1000000000'],
    ['serve', '--threads', '1000000000'],
  ])('%s %s: the range and what came', async (...argv) => {
    const { code, stderr } = await distilled(...argv)
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/'[\de]+' is invalid\. Expected a whole number from .* to /),
    ])
  })

  it('also where a range names classes, or a product is too large', async () => {
    expect((await distilled('sample', '--class', '0-1000000000')).code).toBe(2)
    expect((await distilled('sample', '--class', '0,1', '--count', '1000000', ...quick)).stderr).toContain(
      '2,000,000 images are more than',
    )
    const sheet = ['--rows', '12', '--columns', '100', '--image-size', '1024', '--out', path('sheet.png')]
    expect((await distilled('data', 'preview', ...sheet)).stderr).toContain('1,258,291,200 pixels')
  })
})

it('an option that takes one value is given once', async () => {
  for (const argv of [
    ['sample', '--model', 'a', '-m', 'b'],
    ['models', '--classes', 'a', '--classes', 'b'],
    ['train', 'classifier', '--steps', '1', '--steps', '2'],
    ['sample', 'export', 'run', '--out', 'a', '--out', 'b'],
  ]) {
    expect(await distilled(...argv)).toMatchObject({ code: 2, stderr: expect.stringContaining('is given twice') })
  }
})

describeWith(posix)('what is neither a file nor a folder', () => {
  it.each<[string, () => string, string]>([
    ['a FIFO', () => fifo(), 'is a FIFO'],
    ['a device', () => '/dev/zero', 'is a device'],
    ['standard output', () => '-', 'not read or written as files'],
  ])('%s is refused by every command, as input and as output', async (_, special, message) => {
    const it = special()
    for (const argv of [
      ['inspect', it],
      ['sample', '--student', it],
      ['sample', '--class', 'boat', '--out', it],
      ['sample', '--like', it],
      ['sample', '--noise', it, '--class', 'boat'],
      ['sample', 'merge', it],
      ['export', 'sprites-var-dd', '--out', it],
      ['evaluate', it, '--reference', 'sprites'],
      ['evaluate', '--compare', it, it],
      ['features', it, '--features', 'sprites'],
      ['report', it],
      ['pairs', '--teacher', it, '--count', '1'],
      ['train', 'classifier', '--config', it],
      ['data', 'preview', '--data', it],
      ['serve', '--policy', it],
      ['review', 'open', it],
    ]) {
      const { code, stderr } = await distilled(...argv)
      expect([argv.join(' '), code, stderr]).toEqual([argv.join(' '), 2, expect.stringContaining(message)])
    }
  })

  itWith(linux)('nor is a file of /proc', async () => {
    expect((await distilled('inspect', '/proc/self/maps')).stderr).toContain('is in /proc')
    expect((await distilled('sample', '--class', 'boat', '--out', '/proc/new')).stderr).toContain('is in /proc')
  })

  it('a socket, too', async () => {
    const server = createServer().listen(path('socket'))
    try {
      await new Promise((resolve) => server.once('listening', resolve))
      expect((await distilled('inspect', path('socket'))).stderr).toContain('is a socket')
    } finally {
      server.close()
    }
  })

  function fifo(): string {
    spawnSync('mkfifo', [path('fifo')])
    return path('fifo')
  }
})

it('--version is there before a model could be loaded', () => {
  // As installed: a clone checks first whether it is built.
  const main = new URL('../../dist/cli/main.js', import.meta.url).href
  const script = `process.argv.push('distilled', '--version'); await (await import(${JSON.stringify(main)})).main()`
  const time = (...argv: string[]) => {
    const times = Array.from({ length: 5 }, () => {
      const started = performance.now()
      execFileSync(process.execPath, argv)
      return performance.now() - started
    })
    return Math.min(...times)
  }
  const bare = time('-e', '0')
  const version = time('--input-type=module', '-e', script)
  expect(version).toBeLessThan(4 * bare + 50) // all commands loaded: ten times
})
