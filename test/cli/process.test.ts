// `bin/distilled.js` as a process of its own: exit code, streams, Ctrl-C.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { npzBytes } from '../../src/checkpoint/npz.ts'
import { readImage } from '../../src/images/node/read.ts'
import { describeWith, itWith, posix } from '../requirements.ts'
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
    code: 0,
    stdout: '',
    stderr: '',
  })
  expect(await readImage(join(dir, '000000.png'))).toMatchObject({ width: 64 })
  expect((await ended(start('inspect', 'nowhere.pth'))).code).toBe(2)
})

itWith(posix)('Ctrl-C ends it with 130 and leaves whole files only', async () => {
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

describeWith(posix)('a signal is heard and told by the exit code', () => {
  /** The exit code after `name`, sent once `begun` holds. */
  async function stopped(name: NodeJS.Signals, argv: readonly string[], begun: (stderr: string) => boolean) {
    const child = start(...argv)
    let stderr = ''
    child.stderr.on('data', (text) => {
      stderr += text
    })
    const outcome = ended(child)
    await expect.poll(() => begun(stderr) || child.exitCode !== null, { timeout: 60_000, interval: 5 }).toBe(true)
    child.kill(name)
    return (await outcome).code
  }
  const many = (name: string) => [
    'sample',
    ...tinyVar,
    '--class',
    '1',
    '--count',
    '100000',
    '--out',
    join(folder, name),
  ]
  const written = (name: string) => () => existsSync(join(folder, name)) && readdirSync(join(folder, name)).length > 1

  it.each<[NodeJS.Signals, number]>([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
  ])('sample: %s ends with %i', async (name, code) => {
    expect(await stopped(name, many(name), written(name))).toBe(code)
  })

  it('evaluate: in the middle of eigenvalues', async () => {
    const n = 1500
    const sigma = Float64Array.from({ length: n * n }, (_, at) =>
      at % (n + 1) === 0 ? 2 : 1 / (1 + (at % n) + Math.floor(at / n)),
    )
    const samples = join(folder, 'samples.npz')
    const reference = join(folder, 'reference.npz')
    const features = Float32Array.from({ length: 64 * n }, (_, at) => Math.sin(at ** 1.5))
    writeFileSync(samples, npzBytes({ features: { shape: [64, n], data: features } }))
    writeFileSync(
      reference,
      npzBytes({ mu: { shape: [n], data: new Float64Array(n) }, sigma: { shape: [n, n], data: sigma } }),
    )
    const argv = [
      'evaluate',
      samples,
      '--reference',
      reference,
      '--metrics',
      'fid',
      '--threads',
      '1',
      '--device',
      'cpu',
    ]
    // Half a minute of arithmetic begins a moment after the note.
    let noted = Number.POSITIVE_INFINITY
    const begun = (stderr: string) => {
      if (stderr.includes('device: ')) noted = Math.min(noted, performance.now())
      return performance.now() - noted > 1500
    }
    expect(await stopped('SIGTERM', argv, begun)).toBe(143)
  })

  it('bench: between its runs', async () => {
    const argv = ['bench', '--model', 'sprites-var-dd', '--repeat', '1000', '--threads', '1']
    expect(await stopped('SIGTERM', argv, (stderr) => stderr.includes('student, one pass'))).toBe(143)
  })

  it('review open: while it waits', async () => {
    const review = join(folder, 'review')
    const made = ['review', 'run', '--model', 'sprites-var-dd', '--classes', '0', '--count', '1', '--out', review]
    expect((await ended(start(...made, '--quiet', '--threads', '1'))).code).toBe(0)
    expect(await stopped('SIGTERM', ['review', 'open', review, '--port', '0'], (text) => text.includes('Ctrl-C'))).toBe(
      143,
    )
  })
})
