// Small data of one's own from images to samples; runs that are extended, started from weights, or lose their data midway.
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { imageFolder } from '../../src/data/node/folder.ts'
import { type EventOf, type RunEvent, readLog } from '../../src/distill/run-log.ts'
import { examples } from '../../src/distill/tasks/examples.ts'
import { loadState } from '../../src/distill/train-state.ts'
import { readTrained } from '../../src/distill/trained-file.ts'
import { fileSha256 } from '../../src/jobs/node/manifest.ts'
import { distilled, distilledJson, overridden, temporaryFolder } from './command-line.ts'

const folder = temporaryFolder()
const patience = { timeout: 180_000 }
const path = (...names: string[]) => join(folder, ...names)
const file = (name: string) => path(name, 'model.safetensors')

/** `count` images a class: grey levels by class and number. */
async function photos(name: string, classes: readonly string[], count: number): Promise<string> {
  for (const [c, label] of classes.entries()) {
    mkdirSync(path(name, label), { recursive: true })
    for (let i = 0; i < count; i++) {
      const background = { r: 80 * c, g: 10 * i, b: 128 }
      const image = sharp({ create: { width: 20, height: 18, channels: 3, background } })
      await image.png().toFile(path(name, label, `${String(i).padStart(2, '0')}.png`))
    }
  }
  return path(name)
}

const brief = ['--steps', '2', '--batch', '8', '--micro-batch', '4', '--image-size', '16', '--threads', '1']
const classifier = (data: string, out: string, ...more: string[]) =>
  overridden(
    [
      'train',
      'classifier',
      '--data',
      data,
      '--out',
      path(out),
      '--channels',
      '4,4,4,4',
      ...brief,
      '--schedule',
      'cosine',
    ],
    ...more,
  )
const events = async <T extends RunEvent['type']>(out: string, type: T) =>
  (await readLog(path(out))).filter((event): event is EventOf<T> => event.type === type)
const losses = async (out: string) => (await events(out, 'step')).map(({ step, loss }) => [step, loss])
const refused = async (argv: string[], ...words: string[]) => {
  const { code, stdout, stderr } = await distilled(...argv)
  expect([code, stdout], stderr).toEqual([2, ''])
  for (const word of words) expect(stderr).toContain(word)
}

let data: string
beforeAll(async () => {
  data = await photos('photos', ['ant', 'bee', 'cat'], 20)
  const { validation } = await distilledJson(...classifier(data, 'classifier'))
  expect((6 * validation.accuracy) % 1).toBe(0) // of 6 held-out images
}, 60_000)

it('60 images of 3 classes become a student and its samples', patience, async () => {
  const tokenizer = ['--family', 'var', '--ch', '4', '--ch-mult', '1,2', '--norm-groups', '2', '--vocab-size', '16']
  const more = ['--patch-nums', '1,2,4,8', '--data', data, '--classifier', path('classifier')]
  await distilledJson('train', 'tokenizer', ...tokenizer, ...more, ...brief, '--out', path('tokenizer'))
  const sizes = ['--depth', '1', '--dim', '16', '--heads', '2']
  const code = ['--tokenizer', file('tokenizer')]
  await distilledJson('train', 'teacher', '--data', data, ...code, ...sizes, ...brief, '--out', path('teacher'))
  const both = ['--teacher', file('teacher'), ...code]
  const count = ['--count', '12', '--ode-steps', '4', '--threads', '1', '--device', 'cpu']
  await distilledJson('pairs', ...both, ...count, '--out', path('pairs'))
  const run = ['--pairs', path('pairs'), '--classifier', file('classifier'), '--timesteps', '0,2', '--split', '2']
  const steps = ['--steps', '2', '--batch', '8', '--micro-batch', '4', '--threads', '1']
  const student = ['train', 'student', ...run, ...steps]
  await distilledJson(...student, ...both, '--out', path('student'))
  const sample = ['sample', '--student', file('student'), ...code, '--class', 'cat', '--out', path('samples')]
  expect((await distilledJson(...sample, '--device', 'cpu')).images).toMatchObject([{ className: 'cat' }])

  // A second teacher of the same sizes is another file.
  await distilledJson(
    'train',
    'teacher',
    '--data',
    data,
    ...code,
    ...sizes,
    ...brief,
    '--seed',
    '1',
    '--out',
    path('other'),
  )
  const made = await fileSha256(file('teacher'))
  const given = await fileSha256(file('other'))
  await refused(
    [...student, '--teacher', path('other'), ...code, '--out', path('refused')],
    `The pairs in ${path('pairs')} were made with the teacher model.safetensors of SHA-256 ${made}, but ${file('other')} has SHA-256 ${given}.`,
  )
  await refused(
    overridden([...student, ...both, '--out', path('refused')], '--split', '5'),
    'split must be a whole number from 0 to 4 for this model, got 5.',
  )
  await refused(
    ['train', 'teacher', '--data', data, ...code, ...sizes, '--out', path('refused')],
    'was trained on images of 16 x 16 pixels',
    'Give --image-size 16.',
  )
})

it('a class of its own is not enough for a classifier, and one image for nothing', patience, async () => {
  await refused(classifier(await photos('alone', ['ant'], 4), 'refused'), 'has one class, "ant"', 'leave out --data')
  await refused(
    classifier(await photos('single', ['a', 'b'], 0).then(() => path('single')), 'refused'),
    'holds no image',
  )
  const two = await photos('two', ['a', 'b'], 1)
  expect((await distilled(...classifier(two, 'two-images'))).code).toBe(0)
})

it('images of a kind that is not read are counted and named before the training', patience, async () => {
  const mixed = await photos('mixed', ['a', 'b'], 4)
  writeFileSync(path('mixed', 'a', 'x.gif'), 'GIF89a')
  writeFileSync(path('mixed', 'b', 'y.BMP'), 'BM')
  writeFileSync(path('mixed', 'b', 'notes.txt'), 'no image')
  const { code, stderr } = await distilled(...classifier(mixed, 'mixed-run', '--steps', '1'))
  expect(code, stderr).toBe(0)
  expect(stderr).toContain(
    `note: 2 images are left out, of a kind that is not read, such as ${path('mixed', 'a', 'x.gif')}. Convert such images to PNG`,
  )
})

describe('a finished run', () => {
  it('goes on with more steps, under a constant rate as if it had always been that long', patience, async () => {
    const constant = ['--schedule', 'constant', '--warmup-steps', '1']
    await distilledJson(...classifier(data, 'long', ...constant, '--steps', '5'))
    await distilledJson(...classifier(data, 'grown', ...constant, '--steps', '2'))
    const short = readFileSync(file('grown'))
    await distilledJson(...classifier(data, 'grown', ...constant, '--steps', '5'))
    expect(readFileSync(file('grown')).equals(short)).toBe(false)
    expect((await readTrained(file('grown'), 'classifier')).tensors).toEqual(
      (await readTrained(file('long'), 'classifier')).tensors,
    )
    expect(await losses('grown')).toEqual(await losses('long'))
    expect((await events('grown', 'end')).map(({ step }) => step)).toEqual([2, 5])
    expect(readFileSync(path('grown', 'report.html'), 'utf8')).toContain('<span class="finished">')
    await refused(
      classifier(data, 'grown', ...constant, '--steps', '3'),
      'holds a run of 5 steps',
      'Ask for 5 steps or more',
    )
    await refused(
      classifier(data, 'grown', '--steps', '9'),
      'They differ in settings.schedule ("constant" there, "cosine" here)',
    )
  })

  it('keeps the weights that other things were made with, and says so', patience, async () => {
    await distilledJson(...classifier(data, 'kept', '--steps', '2'))
    const short = readFileSync(file('kept'))
    const longer = await distilled(...classifier(data, 'kept', '--steps', '3'))
    expect(longer.code, longer.stderr).toBe(0)
    const earlier = path('kept', 'model-2.safetensors')
    expect(longer.stderr).toContain(
      `note: ${path('kept')} was finished at 2 steps and is made longer. Pairs, students and other runs that were made with its ` +
        `present weights go on belonging to them; they are kept as ${earlier}.`,
    )
    expect(readFileSync(earlier).equals(short)).toBe(true)
    expect(readFileSync(file('kept')).equals(short)).toBe(false)
  })

  it('called again without --steps, is finished and stays as it is', patience, async () => {
    await distilledJson(...classifier(data, 'again', '--steps', '2'))
    const before = readFileSync(file('again'))
    const without = classifier(data, 'again').filter((word, i, all) => word !== '--steps' && all[i - 1] !== '--steps')
    expect(without).not.toContain('--steps')
    const { code, stderr } = await distilled(...without)
    expect(code, stderr).toBe(0)
    expect(stderr).toContain(
      `${path('again')} was finished before. It is 2 steps long; a larger --steps makes it longer.`,
    )
    expect(readFileSync(file('again')).equals(before)).toBe(true)
  })

  it('whose checkpoints are missing is not trained anew over its weights', patience, async () => {
    await distilledJson(...classifier(data, 'bare', '--steps', '2'))
    const before = readFileSync(file('bare'))
    rmSync(path('bare', 'checkpoints'), { recursive: true })
    await refused(
      classifier(data, 'bare', '--steps', '2'),
      `${path('bare')} holds weights and no checkpoints`,
      '--force',
    )
    expect(readFileSync(file('bare')).equals(before)).toBe(true)
    expect((await distilled(...classifier(data, 'bare', '--steps', '2', '--force'))).code).toBe(0)
  })

  it('killed between its last checkpoint and its weights, an extended run writes them', patience, async () => {
    await distilledJson(...classifier(data, 'cut', '--steps', '2'))
    const short = readFileSync(file('cut'))
    await distilledJson(...classifier(data, 'cut', '--steps', '4'))
    const long = readFileSync(file('cut'))
    writeFileSync(file('cut'), short)
    await distilledJson(...classifier(data, 'cut', '--steps', '4'))
    expect(readFileSync(file('cut')).equals(long)).toBe(true)
  })
})

describe('--init', () => {
  it('starts from the weights of a file or a run, with a new optimiser', patience, async () => {
    const from = await readTrained(file('classifier'), 'classifier')
    const frozen = ['--steps', '1', '--lr', '1e-30', '--weight-decay', '0']
    const { stderr } = await distilled(...classifier(data, 'tuned', ...frozen, '--init', path('classifier')))
    expect(stderr).toContain(`Starts from ${file('classifier')}: 10 of 10 tensors taken.`)
    expect((await readTrained(file('tuned'), 'classifier')).tensors).toEqual(from.tensors)
    expect((await loadState(path('tuned'), expect.unreachable))!.step).toBe(1)
    await refused(classifier(data, 'tuned', ...frozen), 'They differ in init ("')
  })

  it('takes a checkpoint of a run that did not finish', patience, async () => {
    await cp(path('classifier'), path('unfinished'), { recursive: true })
    rmSync(file('unfinished'))
    const { code, stderr } = await distilled(...classifier(data, 'from-state', '--init', path('unfinished')))
    expect([code, stderr]).toEqual([0, expect.stringContaining('step-00000002.safetensors: 10 of 10 tensors taken.')])
  })

  it('starts the rows of other classes anew and says so', patience, async () => {
    const four = await photos('four', ['a', 'b', 'c', 'd'], 3)
    const { stderr } = await distilled(...classifier(four, 'four-classes', '--init', path('classifier')))
    expect(stderr).toContain(
      '8 of 10 tensors taken; of other classes and started anew: head.weight [3, 4], head.bias [3].',
    )
  })

  it('refuses what does not fit', patience, async () => {
    const init = (what: string, ...more: string[]) => classifier(data, 'refused', '--init', what, ...more)
    await refused(
      init(file('classifier'), '--channels', '4,4,8,4'),
      'tensor "conv.2.weight" is [4, 4, 3, 3]; this run has',
    )
    await refused(init(path('nowhere')), `--init ${path('nowhere')}: there is no such file.`)
    await refused(init(data), 'holds neither model.safetensors nor checkpoints of a run')
    const { code, stderr } = await distilled(
      ...init(new URL('../../models/sprites-var.safetensors', import.meta.url).pathname),
    )
    expect([code, stderr]).toEqual([1, expect.stringContaining('is a teacher; a classifier cannot start from it.')])
  })
})

describe('data that change', () => {
  it(
    'a damaged image ends the run with its name and all steps before it; mended, the run goes on',
    patience,
    async () => {
      const own = await photos('damaged', ['a', 'b'], 5)
      const settings = ['--steps', '4', '--held-out', '1', '--batch', '4']
      const argv = (out: string) => classifier(own, out, ...settings)
      expect((await distilled(...argv('undisturbed'))).code).toBe(0)
      const log = await losses('undisturbed')
      const { index } = examples(await imageFolder(own, { imageSize: 16 }), { seed: 0, heldOut: 1, heldOutShare: 0.1 })
      const ninth = index(8) // of nine that are trained on: the third step reads it
      const image = path('damaged', ninth < 5 ? 'a' : 'b', `0${ninth % 5}.png`)
      copyFileSync(image, path('whole.png'))
      writeFileSync(image, readFileSync(image).fill(0, 8, 40)) // as large as before
      const { code, stderr } = await distilled(...argv('disturbed'))
      expect(code).toBe(1)
      expect(stderr).toContain(`Step 2 is saved in ${path('disturbed')}; the same command goes on from there.`)
      expect(stderr).toMatch(new RegExp(`error: .*0${ninth % 5}.png`))
      expect((await events('disturbed', 'error')).map(({ step }) => step)).toEqual([2])
      expect((await loadState(path('disturbed'), expect.unreachable))!.step).toBe(2)
      renameSync(path('whole.png'), image)
      const saved = await loadState(path('disturbed'), expect.unreachable)
      if (saved) expect(stderr).toContain(`Step ${saved.step} is saved in ${path('disturbed')}`)
      expect((await distilled(...argv('disturbed'))).code).toBe(0)
      expect(await losses('disturbed')).toEqual(log)
      expect(readFileSync(file('disturbed')).equals(readFileSync(file('undisturbed')))).toBe(true)
    },
  )

  it('a folder with other images is refused to its run, the same images elsewhere are not', patience, async () => {
    const own = await photos('changing', ['a', 'b'], 4)
    expect((await distilled(...classifier(own, 'changed'))).code).toBe(0)
    renameSync(own, path('moved'))
    const longer = () => classifier(path('moved'), 'changed', '--steps', '3')
    expect((await distilled(...longer())).code).toBe(0)
    copyFileSync(path('moved', 'a', '00.png'), path('moved', 'a', '09.png'))
    await refused(longer(), 'data.images (8 there, 9 here)', 'Its images changed', '--init')
  })
})

describe('settings out of range', () => {
  it.each([
    ['{"batch": 1e9}', '"batch" must be at most 65536 (every micro-batch', 'got 1000000000.'],
    ['{"microBatch": 1e9}', '"microBatch" must be at most 4096'],
    ['{"steps": 1e300}', '"steps" must be at most 99999999 (names of checkpoints have eight digits)'],
    ['{"imageSize": 1e6}', '"imageSize" must be at most 1024'],
    ['{"heldOut": 1e12}', '"heldOut" must be at most 1000000'],
    ['{"channels": [4, 4, 4]}', '"channels" must be a list of 4 numbers (one for each convolution)'],
    ['{"channels": [4, 4, 4, 1e9]}', '"channels", item 3, must be at most 4096'],
    ['{"betas": [1, 1]}', '"betas", item 0, must be a number from 0 to 0.999999'],
    ['{"seed": 1e300}', '"seed" must be at most 9007199254740991'],
    [
      '{"microBatch": 4096, "batch": 4096, "imageSize": 1024}',
      'A micro-batch of 4096 images of 1024 x 1024 pixels is too large',
    ],
    ['{"stepz": 3}', 'there is no setting "stepz". Did you mean "steps"?'],
  ])('%s', async (text, ...words) => {
    const config = path('config.json')
    writeFileSync(config, text)
    const bare = ['train', 'classifier', '--out', path('refused'), '--data', data, '--config', config]
    await refused(bare, ...(words as string[]))
  })

  it('a text of any length makes a short error', async () => {
    const config = path('config.json')
    writeFileSync(config, JSON.stringify({ lr: 'x'.repeat(10_000) }))
    const { code, stderr } = await distilled(...classifier(data, 'refused', '--config', config))
    expect([code, stderr]).toEqual([2, expect.stringContaining('"lr" must be a number above 0, got "xxx')])
    expect(stderr.length).toBeLessThan(300)
  })

  it('a file of settings is a file of reasonable size', async () => {
    const config = path('config.json')
    writeFileSync(config, ' '.repeat(2 ** 20 + 1))
    await refused(classifier(data, 'refused', '--config', config), 'has 1,048,577 bytes, at most 1,048,576 are read')
    await refused(classifier(data, 'refused', '--config', '/dev/zero'), '"/dev/zero" is a device')
  })

  it.each([
    [['--image-size', '12'], 'has to be a multiple of 8; got 12'],
    [['--image-size', '16', '--micro-batch', '3', '--batch', '8'], 'does not divide'],
  ])('together: %j', async (flags, words) => {
    await refused(['train', 'classifier', '--out', path('refused'), '--data', data, ...flags], words)
  })

  it.each([
    [['--image-size', '18'], 'it has to be a multiple of 4'],
    [['--norm-groups', '5'], '5 groups (--norm-groups) do not divide the 16 channels of a level (--ch 16 times 1).'],
    [['--patch-nums', '1,2,3'], 'have to grow up to 8', 'For example 1,2,3,5,7,8.'],
    [['--patch-nums', '8,8'], 'have to grow up to 8'],
    [['--ch', '1024', '--ch-mult', '64,64,64'], 'parameters cannot be trained here: 1000000000 are the limit.'],
  ])('of a tokenizer together: %j', async (flags, ...words) => {
    const argv = ['train', 'tokenizer', '--family', 'var', '--classifier', file('classifier'), '--out', path('refused')]
    await refused([...argv, '--data', data, ...flags], ...(words as string[]))
  })
})
