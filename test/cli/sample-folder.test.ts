// The folder of images holds one run: another's images are refused, removed when asked, and nothing else is touched.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/images/node/read.ts'
import { describeWith, mountedDisk } from '../requirements.ts'
import { type SmallDisk, smallDisk } from '../small-disk.ts'
import { distilled, distilledJson, temporaryFolder } from './command-line.ts'

const home = temporaryFolder()
const quick = ['--model', 'sprites-var-dd', '--device', 'cpu', '--threads', '1']
const sample = (out: string, ...more: string[]) =>
  distilled('sample', ...quick, '--class', 'cat', '--out', out, ...more)

let out: string
let number = 0
beforeEach(() => {
  out = join(home, `run${number++}`)
})
const names = () => readdirSync(out).sort()
const bytes = () => names().map((name) => readFileSync(join(out, name), 'latin1'))

describe('a folder of images', () => {
  it('takes the same run again', async () => {
    expect(await sample(out, '--count', '3')).toMatchObject({ code: 0 })
    const before = bytes()
    rmSync(join(out, '000001.png'))
    expect(await sample(out, '--count', '3')).toMatchObject({ code: 0 })
    expect(bytes()).toEqual(before)
  })

  it.each([
    ['another class', ['--class', 'fish'], '000000.png'],
    ['another seed', ['--seed', '1'], '000000.png'],
    ['other steps', ['--steps', '2'], '000000.png'],
    ['fewer images', ['--count', '2'], '000002.png'],
    ['a single image beside a grid', ['--count', '1'], '000001.png'],
    ['more images, of which the grid shows fewer', ['--count', '4'], 'grid.png'],
    ['another format', ['--format', 'webp'], '000000.png'],
    ['one file of all', ['--format', 'npz'], '000000.png'],
  ])('refuses %s, and --force cleans it', async (_, flags, first) => {
    const asked = ['sample', ...quick, '--count', '3', '--out', out]
    const merged = (more: readonly string[]) => {
      const given = new Map<string, string>()
      const all = [...asked.slice(1), '--class', 'cat', ...more]
      for (let i = 0; i < all.length; i += 2) given.set(all[i]!, all[i + 1]!)
      return ['sample', ...[...given].flat()]
    }
    expect(await distilled(...merged([]))).toMatchObject({ code: 0 })
    const before = bytes()
    const { code, stderr } = await distilled(...merged(flags))
    expect(stderr).toContain(`error: ${out} holds images of another run, such as ${first}, and they would be mixed.`)
    expect(stderr).toContain('Name another folder, or give --force to remove them.')
    expect(code).toBe(2)
    expect(bytes()).toEqual(before)
    writeFileSync(join(out, 'notes.txt'), 'mine')
    expect(await distilled(...merged(flags), '--force')).toMatchObject({ code: 0 })
    const fresh = join(home, `fresh${number}`)
    expect(await distilled(...merged([...flags, '--out', fresh]))).toMatchObject({ code: 0 })
    expect(names().filter((name) => name !== 'notes.txt')).toEqual(readdirSync(fresh).sort())
    expect(readFileSync(join(out, 'notes.txt'), 'utf8')).toBe('mine')
  })

  it('never removes what does not say that distilled wrote it', async () => {
    expect(await sample(out, '--count', '2', '--no-metadata')).toMatchObject({ code: 0 })
    const before = bytes()
    expect((await sample(out)).stderr).toContain('holds images of another run')
    const { code, stderr } = await sample(out, '--force')
    expect(stderr).toContain('000000.png does not say that distilled wrote it, and is not removed. Move it away')
    expect(code).toBe(2)
    expect(bytes()).toEqual(before)
  })

  it('leaves other files alone', async () => {
    mkdirSync(out)
    writeFileSync(join(out, 'notes.txt'), 'mine')
    expect(await sample(out)).toMatchObject({ code: 0 })
    expect(names()).toEqual(['000000.png', 'notes.txt'])
  })

  it.each([
    ['photographs', 'cat.PNG', 'other images, such as cat.PNG'],
    ['training data', 'cat/1.jpg', 'folders of images, such as cat/1.jpg'],
    ['a run of --labels', 'manifest.json', 'a run in shards (manifest.json)'],
    ['a shard of one', 'shard-0-of-4.json', 'a run in shards (shard-0-of-4.json)'],
    ['a training', 'log.jsonl', 'a training (log.jsonl)'],
    ['a reproduction', 'recipe.json', 'a reproduction (recipe.json)'],
    ['a review', 'images/sprites-var-dd/0-boat/000.png', 'a review (images)'],
    ['a review with verdicts', 'verdicts.jsonl', 'a review (verdicts.jsonl)'],
    ['an export', 'known_answer.safetensors', 'an exported model (known_answer.safetensors)'],
  ])('refuses %s, and with --force leaves them as they are', async (_, file, holds) => {
    mkdirSync(dirname(join(out, file)), { recursive: true })
    writeFileSync(join(out, file), 'mine')
    const { code, stderr } = await sample(out)
    expect(stderr).toContain(`error: ${out} holds ${holds}, and the images of this run would be mixed with it.`)
    expect(stderr).toContain('Name another folder, or give --force to write them beside it.')
    expect({ code, names: names() }).toEqual({ code: 2, names: [file.split('/')[0]] })
    expect(await sample(out, '--force')).toMatchObject({ code: 0 })
    expect(readFileSync(join(out, file), 'utf8')).toBe('mine')
    expect(names()).toContain('000000.png')
  })

  it.each([
    ['photographs', 'cat.png', 'other images, such as cat.png'],
    ['images of sample', '000000.png', 'images of another run, such as 000000.png'],
    ['training data', 'cat/1.jpg', 'folders of images, such as cat/1.jpg'],
    ['a training', 'log.jsonl', 'a training (log.jsonl)'],
  ])('of --labels refuses %s', async (_, file, holds) => {
    mkdirSync(dirname(join(out, file)), { recursive: true })
    writeFileSync(join(out, file), 'mine')
    const { code, stderr } = await distilled('sample', ...quick, '--labels', 'random', '--count', '4', '--out', out)
    expect(stderr).toContain(`error: ${out} holds ${holds}, and the files of this run would be mixed with it.`)
    expect({ code, names: names() }).toEqual({ code: 2, names: [file.split('/')[0]] })
  })

  it('refuses what the commands themselves write', async () => {
    const run = ['--labels', 'random', '--count', '4']
    expect(await distilled('sample', ...quick, ...run, '--out', out)).toMatchObject({ code: 0 })
    expect((await sample(out)).stderr).toContain(`${out} holds a run in shards (manifest.json)`)
    expect(await distilled('sample', ...quick, ...run, '--out', out)).toMatchObject({ code: 0 })
    const review = join(out, 'review')
    const made = ['--model', 'sprites-var-dd', '--classes', 'boat', '--count', '1', '--threads', '1', '--out', review]
    expect(await distilled('review', 'run', ...made)).toMatchObject({ code: 0 })
    expect((await sample(review)).stderr).toContain(`${review} holds a review (images)`)
  })

  it('of one .npz goes with --force', async () => {
    expect(await sample(out, '--count', '2', '--format', 'npz')).toMatchObject({ code: 0 })
    expect((await sample(out, '--count', '2', '--format', 'npz')).stderr).toContain('such as samples_2x32x32x3.npz')
    expect(await sample(out, '--force')).toMatchObject({ code: 0 })
    expect(names()).toEqual(['000000.png'])
  })
})

describe('what is read is not written over', () => {
  it('by --like, --dump and --noise', async () => {
    expect(await sample(out)).toMatchObject({ code: 0 })
    const image = join(out, '000000.png')
    const liked = await distilled('sample', '--like', image, '--out', out, '--device', 'cpu')
    expect(liked.stderr).toContain(`--out ${image} is what is being read (--like: ${image}). Nothing was written.`)
    const dumped = await sample(join(home, 'elsewhere'), '--dump', join(out, 'dump.npz'))
    expect(dumped.code).toBe(0)
    const noise = join(out, 'noise.npy')
    const npy = `\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1), }`
    writeFileSync(noise, Buffer.concat([Buffer.from(npy.padEnd(127), 'latin1'), Buffer.from('\n'), Buffer.alloc(4)]))
    const over = await sample(join(home, 'x'), '--noise', noise, '--dump', noise)
    expect(over.stderr).toContain(`--dump ${noise} is what is being read (--noise: ${noise})`)
  })

  it('by train, pairs, data preview and review report', async () => {
    const image = join(out, 'data', 'cat', 'a.png')
    mkdirSync(join(out, 'data', 'cat'), { recursive: true })
    mkdirSync(join(out, 'review', 'images', 'm'), { recursive: true })
    writeFileSync(image, 'a photograph')
    writeFileSync(join(out, 'model.safetensors'), 'weeks of work')
    const train = ['train', 'tokenizer', '--family', 'var', '--classifier', join(out, 'model.safetensors')]
    const isRead = (path: string, name: string) => `--out ${path} is what is being read (${name}: `
    const lines: [string[], string][] = [
      [[...train, '--data', 'sprites', '--out', out], isRead(join(out, 'model.safetensors'), '--classifier')],
      [
        [...train.slice(0, -1), 'sprites', '--init', out, '--out', out],
        'would be part of what is being read (--init: ',
      ],
      [['pairs', '--teacher', out, '--count', '1', '--out', out], isRead(out, '--teacher')],
      [
        ['data', 'preview', '--data', join(out, 'data'), '--out', image],
        `--out ${image} would be part of what is being`,
      ],
    ]
    for (const [line, message] of lines) {
      const { code, stderr } = await distilled(...line)
      expect(stderr).toContain(message)
      expect(code).toBe(2)
    }
    expect(readFileSync(join(out, 'model.safetensors'), 'utf8')).toBe('weeks of work')
    expect(readFileSync(image, 'utf8')).toBe('a photograph')
  })

  it('by export, whose .npz is one by its name', async () => {
    const run = join(out, 'run')
    await distilledJson('sample', ...quick, '--labels', 'random', '--count', '8', '--out', run)
    const onto = await distilled('sample', 'export', run, '--out', run)
    expect(onto.stderr).toContain('is what is being read (the samples: ')
    expect(await distilledJson('sample', 'export', run, '--out', join(out, 'run.npz'))).toMatchObject({ format: 'npz' })
    const both = await distilled('sample', 'export', run, '--format', 'png', '--out', join(out, 'run.npz'))
    expect(both.stderr).toContain('--format png writes a folder, and ')
    expect(both.code).toBe(2)
  })
})

it('an export goes on where it was stopped, and not into that of another run', async () => {
  const one = join(out, 'one')
  const other = join(out, 'other')
  const images = join(out, 'images')
  const make = (folder: string, seed: string) =>
    distilledJson('sample', ...quick, '--labels', 'random', '--count', '8', '--seed', seed, '--out', folder)
  await make(one, '1')
  await make(other, '2')
  await distilledJson('sample', 'export', one, '--out', images)
  rmSync(join(images, '000003.png'))
  await distilledJson('sample', 'export', one, '--out', images)
  expect(readdirSync(images)).toHaveLength(8)
  const refused = await distilled('sample', 'export', other, '--out', images)
  expect(refused.stderr).toContain('holds images of another run, such as 000000.png')
  expect(await distilled('sample', 'export', other, '--out', images, '--force')).toMatchObject({ code: 0 })
  expect((await readSettings(join(images, '000000.png')))?.seed).toBe(2)
})

describe('without a name', () => {
  it('a run takes the first folder that is free, and the same run its own', async () => {
    const place = process.cwd()
    mkdirSync(out)
    process.chdir(out)
    try {
      const made = async (...flags: string[]) =>
        (await distilledJson('sample', ...quick, ...flags)).files.map((file: string) => file)
      expect(await made('--class', 'cat')).toEqual(['samples/000000.png'])
      expect(await made('--class', 'fish')).toEqual(['samples-2/000000.png'])
      expect(await made('--class', 'cat')).toEqual(['samples/000000.png'])
      const again = await distilledJson('sample', '--like', 'samples/000000.png', '--device', 'cpu')
      expect(again.files).toEqual(['samples-3/000000.png'])
      copyFileSync('samples/000000.png', 'mine.png')
      expect(await made('--class', 'fish', '--force')).toEqual(['samples/000000.png'])
      expect(existsSync('mine.png')).toBe(true)
      mkdirSync('run')
      process.chdir('run')
      await made('--labels', 'random', '--count', '4').catch(() => {})
      expect(await made('--class', 'cat')).toEqual(['samples-2/000000.png'])
    } finally {
      process.chdir(place)
    }
  })
})

describeWith(mountedDisk)('a full disk', () => {
  let disk: SmallDisk
  let folder: string
  beforeAll(() => {
    disk = smallDisk('300k')!
    folder = disk.folder
  })
  afterAll(() => disk.remove())

  it('ends a command with one line: which file, what it takes, what is free', async () => {
    writeFileSync(join(folder, 'filler'), new Uint8Array(200_000))
    const made = [
      sample(join(folder, 'images'), '--count', '40', '--format', 'npz'),
      sample(join(out, 'images'), '--count', '8', '--dump', join(folder, 'dump.npz')),
      distilled('sample', ...quick, '--labels', 'random', '--count', '64', '--out', join(folder, 'run')),
      distilled('export', 'sprites-var-dd', '--out', join(folder, 'exported')),
    ]
    for (const { code, stderr } of await Promise.all(made)) {
      const [line] = stderr.trim().split('\n').slice(-1)
      expect(line).toMatch(
        /^error: Cannot write .*: the disk of .* is full: the file takes .* or more, .* free.*\. Make room there, or name/,
      )
      expect(code).toBe(1)
    }
    const left = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    expect(
      left.filter((name) => !['filler', 'images', 'run'].includes(name)).filter((n) => !/manifest|shard/.test(n)),
    ).toEqual([])
  })
})
