// `distilled train` as a person types it: tiny networks, a few steps each, killed and gone on with.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type EventOf, readLog } from '../../src/distill/run-log.ts'
import { loadState } from '../../src/distill/train-state.ts'
import { readTrained } from '../../src/distill/trained-file.ts'
import { writeWeights } from '../../src/distill/weights-file.ts'
import { fileSha256 } from '../../src/jobs/node/manifest.ts'
import { lpipsShapes } from '../../src/models/lpips.ts'
import { runProgram } from '../policy/child.ts'
import { itWith, openMpi, posix } from '../requirements.ts'
import { distilled, distilledJson, overridden, temporaryFolder } from './command-line.ts'

const bin = fileURLToPath(new URL('../../bin/distilled.js', import.meta.url))
const folder = temporaryFolder()
const patience = { timeout: 180_000 }

const small = ['--batch', '4', '--micro-batch', '4', '--held-out', '8', '--threads', '1']
const classifier = (out: string, ...more: string[]) =>
  overridden(['train', 'classifier', '--out', out, '--channels', '4,8,8,8', '--steps', '3', ...small], ...more)
const tokenizer = (out: string, ...more: string[]) => {
  const start = [
    'train',
    'tokenizer',
    '--family',
    'var',
    '--classifier',
    file('classifier'),
    '--out',
    out,
    '--steps',
    '3',
  ]
  const size = [
    '--ch',
    '8',
    '--ch-mult',
    '1,1,1',
    '--norm-groups',
    '4',
    '--vocab-size',
    '32',
    '--patch-nums',
    '1,2,4,8',
  ]
  return overridden([...start, ...size, ...small], ...more)
}
const file = (name: string) => join(folder, name, 'model.safetensors')

/** The classifier that the others start from, trained once. */
async function trainedClassifier(): Promise<void> {
  if (!existsSync(file('classifier'))) await distilledJson(...classifier(join(folder, 'classifier')))
}

it('trains classifier, tokenizer, teacher and student, and says where they are', patience, async () => {
  await trainedClassifier()
  const first = await distilled(...tokenizer(join(folder, 'tokenizer')))
  expect(first.code, first.stderr).toBe(0)
  expect(first.stdout).toBe(`weights: ${file('tokenizer')}\nreport: ${join(folder, 'tokenizer', 'report.html')}\n`)
  expect(first.stderr).toMatch(/device: cpu, 1 thread[\s\S]*step 3 of 3, loss/)

  const teacher = ['--depth', '1', '--dim', '32', '--heads', '2', '--images', '16', '--steps', '2', ...small]
  const out = (name: string) => ['--out', join(folder, name)]
  const code = ['--tokenizer', file('tokenizer')]
  expect(await distilledJson('train', 'teacher', ...code, ...out('teacher'), ...teacher)).toMatchObject({
    kind: 'teacher',
    weights: file('teacher'),
    settings: { depth: 1, steps: 2, lr: 0.0015 },
    validation: { loss: expect.any(Number), accuracy: expect.any(Number) },
  })
  const both = ['--teacher', file('teacher'), ...code]
  const count = ['--count', '12', '--ode-steps', '4', '--threads', '1', '--device', 'cpu']
  await distilledJson('pairs', ...both, ...out('pairs'), ...count)
  const student = ['--pairs', join(folder, 'pairs'), '--classifier', file('classifier'), '--timesteps', '0,2']
  const last = await distilledJson('train', 'student', ...both, ...student, ...out('student'), ...small, '--steps', '2')
  expect(readFileSync(last.report, 'utf8')).toContain('<figure')
  const images = ['--class', 'boat', '--steps', '2', '--threads', '1', '--out', join(folder, 'images')]
  const files = ['--student', file('student'), '--tokenizer', file('tokenizer')]
  for (const model of [files, ['--model', join(folder, 'student')]]) {
    const { settings } = await distilledJson('sample', ...model, ...images, '--force')
    expect(settings.plan).toEqual({ kind: 'student', timesteps: [0, 2], split: 3 })
  }
  const made = await readTrained(last.weights, 'student')
  expect(made).toMatchObject({ architecture: { family: 'var', depth: 1, embedDim: 32 }, imageSize: 32 })
  expect(made.classes).toContain('fish')

  const sample = ['--student', file('student'), ...code, '--class', 'fish', ...out('samples'), '--device', 'cpu']
  expect((await distilledJson('sample', ...sample)).images).toMatchObject([{ className: 'fish' }])
})

describe('settings', () => {
  it('come from defaults, a config file over them, and flags over it', patience, async () => {
    const config = join(folder, 'settings.json')
    writeFileSync(config, '{ "steps": 50, "lr": 0.002, "checkpointEvery": 1 }')
    const { settings } = await distilledJson(...classifier(join(folder, 'config'), '--config', config, '--steps', '2'))
    expect(settings).toMatchObject({ steps: 2, lr: 0.002, checkpointEvery: 1, channels: [4, 8, 8, 8], floor: 0.02 })
    const saved = JSON.parse(readFileSync(join(folder, 'config', 'config.json'), 'utf8'))
    expect(saved).toEqual({ kind: 'classifier', data: 'sprites', settings })
    const own = join(folder, 'config', 'config.json') // a run's settings are a config file, too
    const again = await distilledJson(...classifier(join(folder, 'config-again'), '--config', own, '--steps', '1'))
    expect(again.settings).toEqual({ ...settings, steps: 1 })
  })

  it.each([
    ['a flag that is none', ['--stepz', '3'], "unknown option '--stepz' (Did you mean --steps?)"],
    ['a value that cannot be', ['--lr', '-1'], '--lr must be a number above 0, got -1.'],
    ['a batch that does not divide', ['--batch', '6'], 'A batch of 6 does not divide into micro-batches of 4'],
    ['data that are not there', ['--data', 'nowhere'], 'Cannot read images from nowhere: there is no such folder.'],
  ])('refuse %s', patience, async (_, flags, words) => {
    const { code, stdout, stderr } = await distilled(...classifier(join(folder, 'refused'), ...flags))
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(words)
  })

  it('refuse a name in the file that is none', async () => {
    const config = join(folder, 'wrong.json')
    writeFileSync(config, '{ "stepz": 3 }')
    const { code, stderr } = await distilled(...classifier(join(folder, 'refused'), '--config', config))
    expect([code, stderr]).toEqual([2, `error: ${config}: there is no setting "stepz". Did you mean "steps"?\n`])
  })

  it('refuse a student that does not know what looks alike, or knows it twice', async () => {
    const flags = ['--teacher', 'a', '--tokenizer', 'b', '--pairs', 'c', '--vgg', 'd', '--out', join(folder, 'refused')]
    for (const more of [[], ['--lpips', 'e', '--classifier', 'f']]) {
      const { code, stderr } = await distilled('train', 'student', ...flags, ...more)
      expect(code).toBe(2)
      expect(stderr).toContain('Either --classifier FILE, or LPIPS with --vgg FILE --lpips FILE.')
    }
  })

  it('refuse a tokenizer in the same way', async () => {
    const flags = ['train', 'tokenizer', '--family', 'var', '--out', join(folder, 'refused')]
    for (const more of [[], ['--vgg', 'd'], ['--vgg', 'd', '--lpips', 'e', '--classifier', 'f']]) {
      const { code, stderr } = await distilled(...flags, ...more)
      expect(code).toBe(2)
      expect(stderr).toContain('Either --classifier FILE, or LPIPS with --vgg FILE --lpips FILE.')
    }
  })

  it('name the classifier of the package with one word', patience, async () => {
    const argv = overridden(tokenizer(join(folder, 'with-sprites')), '--classifier', 'sprites', '--steps', '1')
    const { code, stderr } = await distilled(...argv)
    expect(code, stderr).toBe(0)
    const { classifier } = JSON.parse(readFileSync(join(folder, 'with-sprites', 'config.json'), 'utf8'))
    expect(classifier).toBe(
      await fileSha256(fileURLToPath(new URL('../../models/sprites-classifier.safetensors', import.meta.url))),
    )
  })

  it('let LPIPS stand for the classifier of a tokenizer', patience, async () => {
    const place = (part: string) => join(folder, `${part}.safetensors`)
    for (const [part, shapes] of Object.entries(lpipsShapes())) {
      const random = ([name, shape]: readonly [string, readonly number[]]) => {
        const size = shape.reduce((product, side) => product * side, 1)
        const data = Float32Array.from(
          { length: size },
          (_, i) => ((i * 7919) % 101) / 2000 - (part === 'lin' ? 0 : 0.025),
        )
        return [name, { shape, data }] as const
      }
      await writeWeights(place(part), new Map([...shapes].map(random)), { format: 'pt' })
    }
    const classifier = ['--classifier', file('classifier')]
    const argv = tokenizer(join(folder, 'with-lpips'), '--steps', '1').filter((word) => !classifier.includes(word))
    const { code, stderr } = await distilled(...argv, '--vgg', place('vgg'), '--lpips', place('lin'))
    expect(code, stderr).toBe(0)
    const { lpips } = JSON.parse(readFileSync(join(folder, 'with-lpips', 'config.json'), 'utf8'))
    expect(lpips).toBe(`${await fileSha256(place('vgg'))} ${await fileSha256(place('lin'))}`)
  })

  it('name what is missing', async () => {
    const { code, stderr } = await distilled('train', 'teacher')
    expect([code, stderr]).toEqual([2, "error: required option '--tokenizer <file>' not specified\n"])
    expect((await distilled('train', 'teacher', '--tokenizer', 'nowhere', '--out', folder)).stderr).toContain(
      'nowhere: there is no such file.',
    )
  })
})

describe('a run in its folder', () => {
  it('stays when it is finished, and is refused to other settings', patience, async () => {
    const out = join(folder, 'finished')
    expect((await distilled(...classifier(out))).code).toBe(0)
    const before = readFileSync(join(out, 'model.safetensors'))
    const again = await distilled(...classifier(out))
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining(`${out} was finished before.`) })
    const other = await distilled(...classifier(out, '--lr', '0.5'))
    expect(other.code).toBe(2)
    expect(other.stderr).toContain(`${out} holds a run with other settings, 3 steps long.`)
    expect(readFileSync(join(out, 'model.safetensors')).equals(before)).toBe(true)
  })

  it('stops at a loss that is no number, names the step, and keeps the checkpoint before', patience, async () => {
    const out = join(folder, 'diverged')
    const { code, stderr } = await distilled(
      ...classifier(out, '--lr', '1e30', '--checkpoint-every', '1', '--clip', '0'),
    )
    expect(code).toBe(1)
    const [, step] = /error: The (?:loss of|gradient of "[\w.]+" is not finite in) step (\d+)/.exec(stderr)!
    const state = await loadState(out, expect.unreachable)
    expect(state!.step).toBe(Number(step) - 1)
    for (const { data } of state!.tensors.model.values()) expect(data.every(Number.isFinite)).toBe(true)
    expect((await readLog(out)).at(-1)).toMatchObject({ type: 'error', step: Number(step) - 1 })
    expect(existsSync(join(out, 'model.safetensors'))).toBe(false)
    expect(existsSync(join(out, 'report.html'))).toBe(true)
  })
})

const start = (argv: readonly string[]): ChildProcess =>
  spawn(process.execPath, [bin, ...argv], { stdio: ['ignore', 'ignore', 'pipe'] })

async function ended(child: ChildProcess) {
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code, signal] = await once(child, 'close')
  return { code, signal, stderr }
}

const steps = 24
const long = ['--steps', `${steps}`, '--checkpoint-every', '2', '--revive-every', '5', '--sheet-every', '8']
const checkpoints = (out: string) => {
  const place = join(out, 'checkpoints')
  return existsSync(place) ? readdirSync(place).filter((name) => name.startsWith('step-')) : []
}
const losses = async (out: string) =>
  (await readLog(out))
    .filter((event): event is EventOf<'step'> => event.type === 'step')
    .map(({ step, loss }) => [step, loss])

describe('as a process', () => {
  it('killed again and again, it makes what an undisturbed run makes, bit for bit', patience, async () => {
    await trainedClassifier()
    const whole = join(folder, 'whole')
    const broken = join(folder, 'broken')
    expect((await distilled(...tokenizer(whole, ...long))).code).toBe(0)
    let kills = 0
    for (;;) {
      const child = start(tokenizer(broken, ...long))
      const outcome = ended(child)
      const before = checkpoints(broken).join()
      if (kills < 4) {
        const moved = () => child.exitCode !== null || checkpoints(broken).join() !== before
        await expect.poll(moved, { timeout: 150_000, interval: 2 }).toBe(true)
        await new Promise((resolve) => setTimeout(resolve, 100 * Math.random()))
        child.kill('SIGKILL')
      }
      const { code, signal, stderr } = await outcome
      if (signal === null) expect(code, stderr).toBe(0)
      if (signal === null) break
      kills++
    }
    expect(kills).toBeGreaterThan(0)
    const weights = (out: string) => readFileSync(join(out, 'model.safetensors'))
    expect(weights(broken).equals(weights(whole))).toBe(true)
    expect(await losses(broken)).toEqual(await losses(whole))
    expect((await losses(whole)).map(([step]) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1))
  })

  itWith(posix, patience)('Ctrl-C saves the step and says how to go on', async () => {
    const out = join(folder, 'interrupted')
    const argv = classifier(out, '--steps', '100000')
    const child = start(argv)
    const outcome = ended(child)
    const log = join(out, 'log.jsonl')
    await expect
      .poll(() => existsSync(log) && readFileSync(log, 'utf8').includes('"step"'), { timeout: 150_000 })
      .toBe(true)
    child.kill('SIGINT')
    const { code, stderr } = await outcome
    expect(code).toBe(130)
    const { step } = (await loadState(out, expect.unreachable))!
    expect(stderr).toContain(`Interrupted; step ${step} is saved in ${out}. The same command goes on from there.\n`)
    expect(await losses(out)).toHaveLength(step)
  })

  itWith(openMpi, patience)('two ranks share the batches and make what one process makes', async () => {
    const one = join(folder, 'one')
    const two = join(folder, 'two')
    const shared = (out: string) => classifier(out, '--micro-batch', '2')
    expect((await distilled(...shared(one))).code).toBe(0)
    const env = { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }
    const job = await runProgram('mpirun', ['--oversubscribe', '-n', '2', process.execPath, bin, ...shared(two)], {
      env,
      timeout: 120_000,
    })
    expect(job.code, job.stderr).toBe(0)
    expect(job.stdout).toBe(`weights: ${join(two, 'model.safetensors')}\nreport: ${join(two, 'report.html')}\n`)
    const [a, b] = [
      await readTrained(join(one, 'model.safetensors'), 'classifier'),
      await readTrained(join(two, 'model.safetensors'), 'classifier'),
    ]
    // Sums of two micro-batches in float32, in whatever order: the last bits of three steps.
    for (const [name, { data }] of a.tensors) expect(b.tensors.get(name)!.data).toBeAllclose(data, { atol: 1e-6 })
  })
})
