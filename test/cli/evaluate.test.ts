import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { npzBytes } from '../../src/checkpoint/npz.ts'
import { centerCrop } from '../../src/data/crop.ts'
import { readImage } from '../../src/images/node/read.ts'
import { loadFixture } from '../fixtures.ts'
import { distilled, distilledJson, temporaryFolder } from './command-line.ts'

const folder = temporaryFolder()
const at = (...names: string[]) => join(folder, ...names)
const quick = ['--threads', '1', '--quiet']
const model = ['--model', 'sprites-var-dd', '--count', '48', ...quick]

describe('distilled evaluate', () => {
  it('evaluates an embedded model with one command, and names the protocol beside every figure', async () => {
    const { code, stdout } = await distilled('evaluate', '--model', 'sprites-var-dd', '--count', '48', '--threads', '1')
    expect(code).toBe(0)
    expect(stdout).toMatch(/Fréchet distance +\d+\.\d{3}\n/)
    for (const line of [
      'name +dd',
      'labels +random',
      'count +48',
      'sampling .*seed 0',
      'rounding +floor',
      'format +none',
      'features +sprites.*SHA-256 [0-9a-f]{64}',
      'reference +sprites .*SHA-256',
      'versions +distilled-decoding',
    ])
      expect(stdout).toMatch(new RegExp(`^ +${line}`, 'm'))
    expect(stdout).toContain('these are not ImageNet FIDs')
  })

  it('gives the same figures for images it makes, images on disk, their features, and an npz', async () => {
    const direct = await distilledJson('evaluate', ...model, '--save', at('direct.json'))
    await distilledJson('sample', '--labels', 'random', '--out', at('samples'), ...model)
    await distilledJson('sample', 'export', at('samples'), '--format', 'png', '--out', at('png'))
    await distilledJson('sample', 'export', at('samples'), '--format', 'npz', '--out', at('samples.npz'))
    await distilledJson('features', at('samples'), '--features', 'sprites', '--out', at('features'), ...quick)
    const common = ['--reference', 'sprites', '--features', 'sprites', ...quick]
    for (const [path, format] of [
      ['samples', 'npz'],
      ['png', 'PNG files'],
      ['samples.npz', 'npz'],
      ['features', 'features'],
    ] as const) {
      const result = await distilledJson('evaluate', at(path), ...common)
      expect(result.protocol).toMatchObject({ count: 48, format })
      for (const name of ['fid', 'is', 'precision', 'recall'])
        expect([result.metrics[name]]).toBeAllclose([direct.metrics[name]], { atol: 1e-6, rtol: 1e-6 })
    }
    expect(JSON.parse(await readFile(at('direct.json'), 'utf8'))).toMatchObject({
      grid: 'direct.png',
      sampler: { name: 'one step', steps: 1 },
    })
    expect(await readImage(at('direct.png'))).toMatchObject({ width: 12 * 34 + 2, height: 2 * 34 + 2 })
  })

  it('takes statistics that it saved as a reference', async () => {
    const saved = await distilledJson('evaluate', ...model, '--seed', '1', '--save-stats', at('mine.npz'))
    const result = await distilledJson('evaluate', ...model, '--reference', at('mine.npz'), '--metrics', 'fid')
    expect(saved.metrics.fid).toBeGreaterThan(0)
    expect(result.protocol.reference).toMatchObject({ name: at('mine.npz'), count: 48 })
    const itself = await distilledJson(
      'evaluate',
      ...model,
      '--seed',
      '1',
      '--reference',
      at('mine.npz'),
      '--metrics',
      'fid',
    )
    expect(itself.metrics.fid).toBeLessThan(1e-6)
  })

  it('agrees with the reference implementations on features of any extractor', async () => {
    const { arrays, meta } = loadFixture('metrics')
    const features = (name: string) => ({
      features: { shape: arrays(name).shape, data: arrays(name).data as Float64Array },
    })
    await writeFile(at('a.npz'), npzBytes(features('features_sample')))
    await writeFile(at('b.npz'), npzBytes(features('features_ref')))
    const { metrics } = await distilledJson('evaluate', at('a.npz'), '--reference', at('b.npz'), ...quick)
    expect([metrics.fid]).toBeAllclose([meta.values.fid], { atol: 0, rtol: 1e-6 })
    expect(metrics).toMatchObject({ precision: meta.values.precision_f64, recall: meta.values.recall_f64 })
  })

  it('says whether two results may be compared, and why not', async () => {
    await distilledJson('evaluate', ...model, '--steps', '2', '--save', at('two.json'))
    const same = await distilled('evaluate', '--compare', at('direct.json'), at('two.json'))
    expect(same).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^These results may be compared\.\n +Fréchet/),
    })
    expect(same.stdout).not.toMatch(/\bFID\b/)
    expect(same.stdout).toContain('what is compared: sampling.timesteps')
    await distilledJson('evaluate', ...model, '--labels', 'balanced', '--save', at('balanced.json'))
    const other = await distilled('evaluate', '--compare', at('direct.json'), at('balanced.json'))
    expect(other.stdout).toMatch(/^These results may not be compared\.\n +not comparable: labels/)
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('may not be compared: they differ in labels'),
    })
    const json = await distilled('evaluate', '--compare', at('direct.json'), at('balanced.json'), '--json')
    expect([json.code, JSON.parse(json.stdout).comparable]).toEqual([1, false])
  })

  it('measures the Inception Score of samples alone', async () => {
    const probs = { shape: [4, 2], data: Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1) }
    const features = { shape: [4, 1], data: Float32Array.of(1, 2, 3, 4) }
    await writeFile(at('scored.npz'), npzBytes({ features, probs }))
    const { code, stdout } = await distilled('evaluate', at('scored.npz'), '--metrics', 'is', ...quick.slice(0, 2))
    expect(code).toBe(0)
    expect(stdout).toMatch(/Inception Score +2\.00 \(one split\)\n/)
    expect(stdout).not.toContain('reference')
  })

  it('puts results on one page', async () => {
    const { code } = await distilled('report', at('direct.json'), at('two.json'), '--out', at('report.html'))
    expect(code).toBe(0)
    const page = await readFile(at('report.html'), 'utf8')
    expect(page).toContain('sprites-var-dd')
    expect(page).toContain('not ImageNet FIDs')
  })
})

describe('distilled evaluate, asked wrongly,', () => {
  beforeAll(() => mkdir(at('empty')))
  it.each([
    [[], /Nothing to evaluate.*--model NAME/],
    [['nowhere', '--reference', 'sprites'], /no file, folder or reference "nowhere"/],
    [['sprites'], /There is no reference/],
    [
      ['--model', 'sprites-var-dd', '--reference', 'imagenet-adm'],
      /imagenet-adm is not downloaded.*VIRTUAL_imagenet256_labeled.npz/,
    ],
    [['--model', 'sprites-var-dd', '--reference', 'imagenet-d'], /Did you mean "imagenet-dd"/],
    [['sprites', '--reference', 'sprites'], /need a network that reads them.*--features/],
    [['sprites', '--reference', 'sprites', '--features', 'missing.pth'], /pt_inception-2015-12-05-6726825d.pth/],
    [['sprites', '--reference', 'sprites', '--metrics', 'fod'], /metric.*fod/],
    [
      ['sprites', '--reference', 'sprites', '--features', 'sprites', '--metrics', 'sfid'],
      /sfid: .*has no spatial features/,
    ],
    [['--compare', 'a.json'], /--compare takes two results/],
    [['--model', 'sprites-var-dd', '--save', 'no/such/folder/a.json'], /--save: there is no folder no\/such\/folder/],
    [['--model', 'sprites-var-dd', '--save', '.'], /--save: \. is a folder/],
    [
      ['--model', 'sprites-var-dd', '--save', 'sheet.png'],
      /--save and the sheet of --save \(--save-grid names another\) would both write sheet\.png/,
    ],
    [['--model', 'sprites-var-dd', '--save-grid', 'sheet.bmp'], /sheet\.bmp is no name of an image/],
    [['--model', 'sprites-var-dd', '--metrics', 'is', '--save-stats', 'a.npz'], /Have fid among the --metrics/],
    [
      ['sprites', '--reference', 'sprites', '--count', '5', '--teacher-only', '--no-ema'],
      /--count, --teacher-only, --no-ema: only for samples that a model makes/,
    ],
    [['sprites', '--reference', 'sprites', '--kid-subset', '5'], /--kid-subset is for KID.*--metrics kid/],
    [['samples', '--compare', 'a.json', 'b.json'], /--compare reads results.*Evaluate samples with --save/],
  ])('%j: says what to do', async (flags, message) => {
    const { code, stderr } = await distilled('evaluate', ...flags)
    expect(code).toBeGreaterThan(0)
    expect(stderr).toMatch(message)
  })

  it('an output that is an input is refused, and nothing is written', async () => {
    const features = at('input.npz')
    await writeFile(features, npzBytes({ features: { shape: [4, 1], data: Float32Array.of(1, 2, 3, 4) } }))
    const before = await readFile(features)
    for (const flag of ['--save', '--save-stats']) {
      const { code, stderr } = await distilled(
        'evaluate',
        features,
        '--reference',
        features,
        '--metrics',
        'fid',
        flag,
        features,
      )
      expect(code).toBe(2)
      expect(stderr).toContain(`${flag} ${features} is what is being read (the samples: ${features})`)
    }
    expect(await readFile(features)).toEqual(before)
    await mkdir(at('set'))
    const inSet = await distilled('evaluate', at('set'), '--reference', 'sprites', '--save', at('set', 'a.json'))
    expect(inSet.stderr).toMatch(/a\.png would be part of what is being read/)
    const job = await distilled('features', at('set'), '--features', 'sprites', '--out', at('set'))
    expect(job.stderr).toMatch(/--out .*set is what is being read \(the samples/)
  })

  it('tells the figures even where their file cannot be written', async () => {
    const { code, stdout } = await distilled('evaluate', ...model.slice(0, -1), '--save', at(`${'a'.repeat(300)}.json`))
    expect(code).toBe(1)
    expect(stdout).toMatch(/Fréchet distance +\d/)
  })

  it('a sheet that lies elsewhere is none of the result', async () => {
    const sheet = ['--save', at('alone.json'), '--save-grid', at('empty', 'sheet.png')]
    expect(await distilledJson('evaluate', ...model, ...sheet)).not.toHaveProperty('grid')
    await rm(at('empty', 'sheet.png'))
  })

  it('an empty folder, a damaged result and half a job are named', async () => {
    expect((await distilled('evaluate', at('empty'), '--reference', 'sprites')).stderr).toMatch(/empty holds no image/)
    await writeFile(at('bad.json'), '{"kind": "distilled-evaluation"}')
    expect((await distilled('evaluate', '--compare', at('bad.json'), at('bad.json'))).stderr).toMatch(
      /is no result of an evaluation/,
    )
    await cp(at('samples'), at('half'), { recursive: true })
    await rm(at('half', 'samples-000000.npz'))
    const { stderr } = await distilled(
      'evaluate',
      at('half'),
      '--reference',
      'sprites',
      '--features',
      'sprites',
      ...quick,
    )
    expect(stderr).toMatch(/samples-000000.npz is missing.*distilled sample/)
  })
})

describe('--crop', () => {
  /** Photographs of several sizes, one of them turned by its EXIF. */
  async function photographs(): Promise<string> {
    await mkdir(at('photographs'), { recursive: true })
    for (let i = 0; i < 8; i++) {
      const width = 100 + i
      const height = 80
      const data = Uint8Array.from({ length: 3 * width * height }, (_, k) => (k * (i + 3) + Math.floor(k / 97)) % 256)
      const image = sharp(data, { raw: { width, height, channels: 3 } })
      await (i ? image : image.withMetadata({ orientation: 6 })).png().toFile(at('photographs', `${i}.png`))
    }
    return at('photographs')
  }

  it('makes of photographs what a training makes of them, and stands in the protocol', async () => {
    const folder = await photographs()
    await mkdir(at('cut'))
    for (let i = 0; i < 8; i++) {
      const { data } = centerCrop(await readImage(join(folder, `${i}.png`)), 32)
      await sharp(data, { raw: { width: 32, height: 32, channels: 3 } })
        .png()
        .toFile(at('cut', `${i}.png`))
    }
    const flags = ['--features', 'sprites', '--metrics', 'fid,precision', ...quick]
    const argv = ['evaluate', at('cut'), '--reference', folder, ...flags]
    expect((await distilled(...argv)).stderr).toMatch(/reads images of 32 x 32; these are 100 x 80.*--crop 32/)
    const { metrics, protocol } = await distilledJson(...argv, '--crop', '32', '--save', at('crop.json'))
    expect(metrics.fid).toBeCloseTo(0, 6)
    expect(metrics.precision).toBe(1)
    expect([protocol.crop, protocol.reference.crop]).toEqual([32, 32])

    await distilledJson('evaluate', at('cut'), '--reference', at('cut'), ...flags, '--save', at('uncut.json'))
    const compared = await distilled('evaluate', '--compare', at('crop.json'), at('uncut.json'))
    expect(compared.stdout).toContain('not comparable: reference.crop')

    const kept = await distilledJson(
      'features',
      folder,
      '--features',
      'sprites',
      '--crop',
      '32',
      '--out',
      at('crops'),
      ...quick,
    )
    expect(kept.settings).toMatchObject({ crop: 32 })
    const again = await distilledJson(
      'evaluate',
      at('cut'),
      '--reference',
      at('crops'),
      '--metrics',
      'fid',
      ...flags.slice(0, 2),
      ...quick,
    )
    expect(again.metrics.fid).toBeCloseTo(0, 6)
    expect(again.protocol.reference.crop).toBe(32)
  })

  it('is refused where no folder of images is read', async () => {
    const { code, stderr } = await distilled('evaluate', ...model, '--crop', '32')
    expect([code, stderr]).toEqual([2, expect.stringContaining('no folder of images is read')])
  })
})
