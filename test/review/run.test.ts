// `distilled review run` with the embedded model: the folder it makes, how it goes on, and what it refuses.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../src/cli/main.ts'
import { readSettings } from '../../src/images/node/read.ts'
import { distilled, distilledJson, overridden, temporaryFolder } from '../cli/command-line.ts'
import { dead } from '../dead-owner.ts'

const home = temporaryFolder()
const whole = join(home, 'whole')
const one = ['review', 'run', '--model', 'sprites-var-dd', '--classes', 'fish,cat', '--count', '3']
const flags = (out: string, ...more: string[]) =>
  overridden([...one, '--out', out, '--device', 'cpu', '--threads', '1'], ...more)
const model = (out: string, ...rest: string[]) => join(out, 'images', 'sprites-var-dd', ...rest)
const contents = (out: string) =>
  readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [path.slice(out.length), readFileSync(path, 'latin1')])

beforeAll(async () => {
  expect(await distilled(...flags(whole))).toMatchObject({ code: 0 })
})

describe('the folder', () => {
  it('has one folder for every model and class, and a manifest with hashes', () => {
    expect(readdirSync(model(whole)).sort()).toEqual(['0-fish', '5-cat', 'manifest.json'])
    expect(readdirSync(model(whole, '5-cat'))).toEqual(['000.png', '001.png', '002.png'])
    const manifest = JSON.parse(readFileSync(model(whole, 'manifest.json'), 'utf8'))
    expect(manifest).toMatchObject({ kind: 'distilled-review', model: 'sprites-var-dd', sampler: '1 step' })
    expect(manifest.settings).toMatchObject({ seed: 0, plan: 'student', timesteps: [0], split: 3, device: 'cpu' })
    expect(manifest.checkpoints.map(({ role }: { role: string }) => role)).toEqual(['student', 'tokenizer'])
    expect(manifest.images).toHaveLength(6)
    expect(manifest.images[4]).toMatchObject({ class: 5, n: 1, index: 5001, file: '5-cat/001.png' })
  })

  it('holds images that `sample --like` makes again', async () => {
    const image = model(whole, '5-cat', '001.png')
    expect(await readSettings(image)).toMatchObject({ model: 'sprites-var-dd', class: 5, index: 5001, batched: true })
    const out = join(home, 'like')
    expect(await distilled('sample', '--like', image, '--out', out, '--threads', '1', '--quiet')).toMatchObject({
      code: 0,
    })
    const [again] = readdirSync(out).filter((name) => name.endsWith('.png'))
    expect(readFileSync(join(out, again!)).equals(readFileSync(image))).toBe(true)
  })
})

describe('going on', () => {
  it('makes what is missing or damaged, to the same bytes, and says so', async () => {
    const out = join(home, 'damaged')
    await distilled(...flags(out))
    rmSync(model(out, '0-fish', '001.png'))
    writeFileSync(model(out, '5-cat', '002.png'), 'half')
    appendFileSync(model(out, '0-fish', `.000.png.${dead}.tmp`), 'left by a crash')
    const { code, stderr } = await distilled(...flags(out))
    expect(code).toBe(0)
    expect(stderr).toContain('0-fish/001.png is missing; it is made again.')
    expect(stderr).toContain('5-cat/002.png is not what its manifest says; it is made again.')
    expect(contents(out)).toEqual(contents(whole))
  })

  it('continues after Ctrl-C', async () => {
    const out = join(home, 'stopped')
    const stop = new AbortController()
    let stderr = ''
    const write = (text: string) => {
      stderr += text
      if (/of 6 images/.test(text)) stop.abort()
    }
    const io = { stdout: { write: () => {} }, stderr: { write }, signal: stop.signal }
    expect(await run(flags(out), io)).toBe(130)
    expect(stderr).toContain('Interrupted. Run the same command again; finished images are kept.')
    expect(contents(out).length).toBeLessThan(contents(whole).length)
    expect(await distilled(...flags(out))).toMatchObject({ code: 0 })
    expect(contents(out)).toEqual(contents(whole))
  })

  it('continues after kill -9 to the bytes of a run that was left alone', async () => {
    const killed = join(home, 'killed')
    const alone = join(home, 'alone')
    const argv = (out: string) => [
      'review',
      'run',
      '--model',
      'sprites-var',
      '--classes',
      '0-4',
      '--count',
      '5',
      '--batch',
      '2',
      '--out',
      out,
      '--device',
      'cpu',
      '--threads',
      '1',
      '--quiet',
    ]
    const bin = fileURLToPath(new URL('../../bin/distilled.js', import.meta.url))
    const names = () => (existsSync(killed) ? readdirSync(killed, { recursive: true, encoding: 'utf8' }) : [])
    const images = () => names().filter((name) => /\d\d\d\.png$/.test(name)).length
    for (const least of [3, 9]) {
      const child = spawn(process.execPath, [bin, ...argv(killed)], { stdio: 'ignore' })
      const ended = once(child, 'close')
      await expect.poll(images, { timeout: 120_000, interval: 5 }).toBeGreaterThanOrEqual(least)
      child.kill('SIGKILL')
      expect((await ended)[1]).toBe('SIGKILL')
    }
    expect(images()).toBeLessThan(25)
    expect(await distilled(...argv(killed))).toMatchObject({ code: 0, stderr: '' })
    await distilled(...argv(alone))
    expect(contents(killed)).toEqual(contents(alone))
  })

  it('depends on neither batch nor on what was asked for before', async () => {
    const out = join(home, 'grown')
    const grow = (...more: string[]) => distilled(...flags(out, ...more))
    await grow('--classes', 'cat', '--count', '1')
    await grow('--classes', 'fish', '--count', '2', '--batch', '2')
    expect(await grow()).toMatchObject({ code: 0 })
    expect(contents(out)).toEqual(contents(whole))
  })

  it('adds models beside each other: other steps, a teacher', async () => {
    const out = join(home, 'models')
    const made = await distilledJson(
      ...flags(out, '--count', '1'),
      '--model',
      'sprites-var-dd:2',
      '--model',
      'sprites-var',
    )
    const rows = made.models.map(({ id, sampler }: { id: string; sampler: string }) => [id, sampler])
    expect(rows).toEqual([
      ['sprites-var-dd', '1 step'],
      ['sprites-var-dd-2-steps', '2 steps'],
      ['sprites-var', 'teacher, 6 steps'],
    ])
    expect(made.models[2].settings).toMatchObject({ plan: 'teacher', cfg: 1.5, topK: 0 })
    const only = await distilledJson(...flags(out, '--teacher-only', '--count', '1'))
    expect(only.models[0].images).toEqual(made.models[2].images)
  })

  it('does not mix settings', async () => {
    const { code, stderr } = await distilled(...flags(whole, '--seed', '1'))
    expect(code).toBe(2)
    expect(stderr).toContain('was made with other settings than asked for now: seed 0 and 1. Take the same settings')
  })
})

describe('what is asked wrongly', () => {
  const ask = (...argv: string[]) => distilled('review', 'run', '--out', join(home, 'none'), ...argv)
  it.each([
    ['no model', [], 'No model was named. For example --model var-dd-d16.'],
    [
      'a model without sensitive classes',
      ['--model', 'sprites-var-dd'],
      'sprites-var-dd knows 12 classes (the sprites), and none of them is marked as sensitive. Name classes, such as --classes fish,house, or take --classes all.',
    ],
    ['a preset there is not', ['--model', 'sprites-var-dd:7'], 'no preset with 7 steps (it has 1, 2, 3, 4)'],
    ['steps of a teacher', ['--model', 'sprites-var:2'], 'sprites-var is a teacher, which takes all its steps.'],
    ['a tokenizer', ['--model', 'sprites-var-vqvae'], 'is a tokenizer'],
    ['one model twice', ['--model', 'sprites-var-dd', '--model', 'sprites-var-dd', '--classes', 'all'], 'named twice'],
    ['a class there is not', ['--model', 'sprites-var-dd', '--classes', 'fsh'], 'Did you mean "fish"'],
    ['no images', ['--model', 'sprites-var-dd', '--count', '0'], 'from 1 to 1,000'],
  ])('%s', async (_, argv, message) => {
    const { code, stderr } = await ask(...argv)
    expect(stderr).toContain(message)
    expect(code).toBe(2)
    expect(readdirSync(home)).not.toContain('none')
  })

  it('a folder that is no review', async () => {
    mkdirSync(join(home, 'empty'))
    for (const command of ['open', 'report']) {
      const { code, stderr } = await distilled('review', command, join(home, 'empty'))
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining('is not a review folder: it holds no manifest. Make one with: distilled'),
      ])
    }
  })

  it('help has examples', async () => {
    for (const command of [[], ['run'], ['open'], ['report']]) {
      const { code, stdout } = await distilled('review', ...command, '--help')
      expect([code, stdout]).toEqual([0, expect.stringContaining('Examples:\n  $ distilled review run')])
    }
  })
})
