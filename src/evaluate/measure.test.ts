import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sharedEngine } from '../../test/evaluate.ts'
import { fixturePath, loadFixture } from '../../test/fixtures.ts'
import { npzBytes } from '../checkpoint/npz.ts'
import { GeneratedImage } from '../images/node/image.ts'
import type { Settings } from '../images/xmp.ts'
import { evaluate } from './evaluate.ts'
import { measure } from './measure.ts'
import { extractFeatures, mergeFeatures } from './node/feature-files.ts'
import { openSet } from './node/sets/open.ts'
import { saveStatistics } from './node/statistics-file.ts'
import type { FeatureReader, RgbBatch } from './reader.ts'
import { mixture, originCounter } from './sets/origin.ts'
import { type EvaluationSet, unknownOrigin } from './sets/set.ts'

const { arrays, meta } = loadFixture('metrics')
const values = meta.values as Record<string, number>

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evaluate-'))
  const array = (name: string) => ({ shape: arrays(name).shape, data: arrays(name).data as Float64Array })
  const probabilities = arrays('probs')
  const probs = { shape: [500, 60], data: (probabilities.data as Float32Array).slice(0, 500 * 60) }
  await writeFile(join(folder, 'reference.npz'), npzBytes({ features: array('features_ref') }))
  await writeFile(join(folder, 'samples.npz'), npzBytes({ features: array('features_sample'), probs }))
})
afterAll(async () => {
  for (const set of opened) await set.close()
  await rm(folder, { recursive: true, force: true })
})

const opened: EvaluationSet[] = []
const open = async (path: string) => {
  const set = await openSet(path, { sprites: 24 })
  opened.push(set)
  return set
}
const file = (name: string) => open(join(folder, name))
const all = async (runs: AsyncIterable<RgbBatch>) => {
  const found: RgbBatch[] = []
  for await (const run of runs) found.push(run)
  return found
}

/** Mean, spread and corner of the colours: 6 features, and two "classes", dark and light. */
function colours(): FeatureReader & { batches: number[] } {
  const batches: number[] = []
  return {
    name: 'colours',
    sha256: 'ab'.repeat(32),
    preprocessing: 'none',
    width: 6,
    offers: ['probabilities'],
    classes: ['dark', 'light'],
    batches,
    async read({ data, shape: [n, height, width] }: RgbBatch) {
      batches.push(n)
      const size = height * width * 3
      const features = new Float32Array(n * 6)
      const probabilities = new Float32Array(n * 2)
      for (let i = 0; i < n; i++) {
        const one = data.subarray(i * size, (i + 1) * size)
        for (let c = 0; c < 3; c++) {
          let sum = 0
          for (let at = c; at < size; at += 3) sum += one[at]!
          features[i * 6 + c] = sum / (size / 3) / 255
          features[i * 6 + 3 + c] = one[c]! / 255
        }
        const light = (features[i * 6]! + features[i * 6 + 1]! + features[i * 6 + 2]!) / 3
        probabilities.set([1 - light, light], i * 2)
      }
      return { features: { data: features, shape: [n, 6] }, probabilities: { data: probabilities, shape: [n, 2] } }
    },
    async dispose() {},
    async [Symbol.asyncDispose]() {},
  }
}

/** Images [n, side, side, 3] of noise whose brightness drifts with the index. */
function pixels(n: number, side: number, seed: number): Uint8Array {
  let state = seed
  return Uint8Array.from({ length: n * side * side * 3 }, (_, at) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.min(255, ((state >> 16) & 127) + 3 * Math.floor(at / (side * side * 3)))
  })
}

describe('evaluation of given features', () => {
  it('agrees with the reference implementations', async () => {
    const { metrics } = await measure({
      samples: await file('samples.npz'),
      reference: await file('reference.npz'),
      engine: await sharedEngine(),
      metrics: ['fid', 'precision', 'recall'],
    })
    expect([metrics.fid!]).toBeAllclose([values.fid!], { atol: 0, rtol: 1e-6 })
    expect(metrics).toMatchObject({ precision: values.precision_f64, recall: values.recall_f64 })
  })

  it.each(['metrics_reference.npz', 'metrics_statistic.pth'])(
    'agrees with them on the statistics of %s',
    async (name) => {
      const { metrics } = await measure({
        samples: await file('samples.npz'),
        reference: await open(fixturePath(name)),
        engine: await sharedEngine(),
        metrics: ['fid'],
      })
      // The .pth holds its mean as float32.
      expect([metrics.fid!]).toBeAllclose([values.fid!], { atol: 0, rtol: name.endsWith('.pth') ? 1e-5 : 1e-6 })
    },
  )

  it('says before it starts what cannot be told, and why', async () => {
    const sets = { samples: await file('samples.npz'), reference: await open(fixturePath('metrics_reference.npz')) }
    const engine = await sharedEngine()
    const asked = measure({ ...sets, engine, metrics: ['fid', 'recall'] })
    await expect(asked).rejects.toThrow(/recall: the reference \(.*\) has no features, only statistics/)
    await expect(measure({ ...sets, engine, metrics: ['sfid'] })).rejects.toThrow('has no spatial features')
    const skipped: string[] = []
    const { result } = await evaluate({
      ...sets,
      engine,
      protocol: 'adm',
      versions: {},
      onSkip: (metric, why) => skipped.push(`${metric}: ${why.replace(/\(.*\) /, '')}`),
    })
    expect(Object.keys(result.metrics)).toEqual(['is', 'fid'])
    expect(skipped).toEqual([
      'sfid: the samples has no spatial features',
      'precision: the reference has no features, only statistics',
      'recall: the reference has no features, only statistics',
    ])
  })
})

describe('evaluation of images', () => {
  it('is the same whatever the batch, within 1e-9', async () => {
    await writeFile(join(folder, 'a.npz'), npzBytes({ arr_0: { shape: [60, 8, 8, 3], data: pixels(60, 8, 1) } }))
    await writeFile(join(folder, 'b.npz'), npzBytes({ arr_0: { shape: [50, 8, 8, 3], data: pixels(50, 8, 2) } }))
    const of = async (batch: number) => {
      const reader = colours()
      const { metrics } = await measure({
        samples: await file('a.npz'),
        reference: await file('b.npz'),
        reader,
        engine: await sharedEngine(),
        batch,
        metrics: ['fid', 'is', 'precision', 'recall'],
      })
      expect(Math.max(...reader.batches)).toBe(batch)
      return metrics
    }
    const one = await of(7)
    const other = await of(32)
    expect(one.fid).toBeGreaterThan(0)
    expect(Object.values(one)).toBeAllclose(Object.values(other), { atol: 1e-9, rtol: 1e-9 })
  })

  it('counts right answers by class where the classes asked for are known', async () => {
    const dark = new Uint8Array(4 * 48).fill(20)
    const light = new Uint8Array(4 * 48).fill(230)
    const data = new Uint8Array([...dark, ...light])
    const labels = { shape: [8], data: BigInt64Array.from([0, 0, 0, 1, 1, 1, 1, 1], BigInt) }
    await writeFile(join(folder, 'labelled.npz'), npzBytes({ arr_0: { shape: [8, 4, 4, 3], data }, arr_1: labels }))
    const { result } = await evaluate({
      samples: await file('labelled.npz'),
      reference: await file('a.npz'),
      reader: colours(),
      protocol: 'dd',
      engine: await sharedEngine(),
      metrics: ['is'],
      versions: { 'distilled-decoding': '1' },
    })
    expect(result.metrics.accuracy).toBe(7 / 8)
    expect(result.classes).toEqual([
      { id: 0, name: 'dark', count: 3, accuracy: 1 },
      { id: 1, name: 'light', count: 5, accuracy: 0.8 },
    ])
    expect(result.protocol).toMatchObject({ name: 'dd', count: 8, format: 'npz', labels: 'unknown' })
  })

  it('reads folders in the order of their paths, whatever the sizes, and warns of lossy files', async () => {
    const images = join(folder, 'images')
    await rm(images, { recursive: true, force: true })
    await mkdir(join(images, 'deep'), { recursive: true })
    const write = (name: string, side: number, value: number) =>
      sharp({
        create: { width: side, height: side, channels: 3, background: { r: value, g: value, b: value } },
      }).toFile(join(images, name))
    await write('b.png', 8, 10)
    await write('a.png', 8, 20)
    await write('deep/c.webp', 4, 30)
    await write('grid.png', 64, 200)
    const set = await open(images)
    expect(set.images).toMatchObject({ count: 3, lossy: true, format: 'PNG and WEBP files' })
    const runs = await all(set.images!.read(0, 3))
    expect(runs.map(({ shape, data }) => [shape[0], shape[1], data[0]])).toEqual([
      [2, 8, 20],
      [1, 4, 30],
    ])
    const before = await set.sha256()
    await write('a.png', 8, 21)
    expect(await set.sha256()).not.toBe(before)
  })

  it('reads files whose names are no text, and nothing that is no file', async () => {
    const images = join(folder, 'odd-names')
    await mkdir(images)
    const red = await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
      .png()
      .toBuffer()
    await writeFile(join(images, 'line\nend\u001b[2J.png'), red)
    if (process.platform === 'linux') {
      await writeFile(Buffer.concat([Buffer.from(`${images}/`), Buffer.from([0xff, 0xfe]), Buffer.from('.png')]), red)
      execFileSync('mkfifo', [join(images, 'pipe.png')])
    }
    const set = await open(images)
    const [run] = await all(set.images!.read(0, set.count!))
    expect(run!.shape).toEqual([process.platform === 'linux' ? 2 : 1, 2, 2, 3])
    expect(await set.sha256()).toMatch(/^[0-9a-f]{64}$/)
  })

  it('tells what a file is by its first bytes, and refuses what only has the name of an image', async () => {
    const images = join(folder, 'kinds')
    await mkdir(images)
    const red = sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
    await writeFile(join(images, 'a.png'), await red.jpeg().toBuffer())
    expect((await open(images)).images).toMatchObject({ format: 'JPEG files', lossy: true })
    await writeFile(join(images, 'b.png'), '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    await expect(open(images)).rejects.toThrow(/b\.png: The first bytes are those of no PNG, JPEG or WebP file/)
  })

  it('hears of every image where it comes from, not of the first alone', async () => {
    const images = join(folder, 'origins')
    await mkdir(images)
    const pixels = { data: new Uint8Array(12), width: 2, height: 2 }
    const made = (name: string, settings?: object) =>
      new GeneratedImage({ ...pixels, settings: settings as Settings }).save(join(images, name))
    await made('0.png', { model: 'a', seed: 0, plan: { kind: 'student', timesteps: [0, 5] } })
    await made('1.webp', { model: 'a', seed: 0, plan: { kind: 'student', timesteps: [0, 5] } })
    expect((await open(images)).origin).toEqual({
      labels: 'as the files say (not a labelled protocol)',
      sampling: { model: 'a', seed: 0, 'plan.kind': 'student', 'plan.timesteps': '0,5' },
      rounding: 'floor(clamp(255 x + 0.5, 0, 255)) in float32',
    })
    await made('2.jpg', { model: 'b', seed: 0, plan: { kind: 'teacher' } })
    const mixed = (await open(images)).origin!
    expect(mixed.sampling).toEqual({
      model: 'mixed: a, b',
      seed: 0,
      'plan.kind': 'mixed: student, teacher',
      'plan.timesteps': 'mixed: 0,5, not recorded',
    })
    expect(mixture(mixed)).toMatch(/^model is mixed: a, b; plan\.kind is mixed/)
    await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } }).toFile(join(images, '3.png'))
    const partly = (await open(images)).origin!
    expect(partly).toMatchObject({ labels: 'unknown for 1 of 4 images', rounding: 'unknown for 1 of 4 images' })
    expect(partly.sampling.recorded).toBe('3 of 4 images')
    expect(mixture(partly)).toMatch(/^the origin is unknown for 1 of 4 images; model is mixed/)
  })

  it('keeps little of what strangers write into their images', () => {
    const counter = originCounter()
    const deep = JSON.parse(`${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`)
    const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, i]))
    for (let seed = 0; seed < 100; seed++) counter.add({ model: 'x'.repeat(1e6), seed, plan: wide, rng: deep })
    const { sampling } = counter.origin()
    expect(sampling.model).toHaveLength(200)
    expect(sampling.seed).toBe('mixed: 0, 1, 2, 3 and others')
    expect(Object.keys(sampling).length).toBeLessThanOrEqual(64)
    expect(mixture({ ...unknownOrigin, sampling: { seed: 1 } })).toBeUndefined()
  })

  it('refuses a folder of which some images would not be counted', async () => {
    const images = join(folder, 'some')
    await mkdir(join(images, 'more'), { recursive: true })
    await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } }).toFile(join(images, 'a.png'))
    await symlink(join(images, 'more'), join(images, 'link'))
    await expect(open(images)).rejects.toThrow(/link is a link to a folder, which is not followed/)
    await rm(join(images, 'link'))
    await writeFile(join(images, 'more', 'b.TIF'), '')
    await expect(open(images)).rejects.toThrow(/b\.TIF is an image of a kind that is not read.*PNG/)
  })

  it('draws sprites as a reference, and hashes what it drew', async () => {
    const set = await open('sprites')
    const again = await open('sprites')
    const [run] = await all(set.images!.read(0, 24))
    expect(run!.shape).toEqual([24, 32, 32, 3])
    expect(await set.sha256()).toBe(await again.sha256())
  })
})

describe('features and statistics for later', () => {
  it('give the figures that the images give', async () => {
    const samples = await file('a.npz')
    const reference = await file('b.npz')
    const engine = await sharedEngine()
    const metrics = ['fid', 'is', 'precision'] as const
    const direct = await measure({ samples, reference, reader: colours(), engine, metrics })
    const out = join(folder, 'features')
    const extract = (index: number, count: number) =>
      extractFeatures({
        folder: out,
        samples,
        reader: colours(),
        protocol: 'dd',
        readerFile: 'colours',
        madeBy: 'test',
        chunk: 16,
        shard: { index, count },
      })
    await extract(0, 3)
    await extract(2, 3)
    await expect(mergeFeatures([out])).rejects.toThrow(/features-000001.npz \(images 16 to 31\) is in no manifest/)
    await extract(1, 3)
    await mergeFeatures([out])
    const through = await open(out)
    expect(through).toMatchObject({ count: 60, extractor: { name: 'colours' } })
    const later = await measure({ samples: through, reference, reader: colours(), engine, metrics })
    expect(Object.values(later.metrics)).toBeAllclose(Object.values(direct.metrics), { atol: 1e-9, rtol: 1e-9 })

    const path = join(folder, 'statistics.npz')
    const origin = { labels: 'unknown', sampling: {}, rounding: 'unknown' }
    const extractor = { name: 'colours', sha256: 'ab'.repeat(32), preprocessing: 'none' }
    await saveStatistics(path, direct.reference!, { extractor, origin })
    const saved = await open(path)
    expect(saved).toMatchObject({ count: 50, extractor })
    const again = await measure({ samples, reference: saved, reader: colours(), engine, metrics: ['fid'] })
    expect(again.metrics.fid).toBeCloseTo(direct.metrics.fid!, 12)
  })
})

describe('images as pytorch-fid reads them', () => {
  it('are neither turned nor blended with black nor corrected by a profile', async () => {
    const images = join(folder, 'plain')
    await mkdir(images)
    const rgba = Buffer.from([200, 100, 50, 0, 10, 20, 30, 255])
    await sharp(rgba, { raw: { width: 2, height: 1, channels: 4 } })
      .png()
      .toFile(join(images, 'a.png'))
    const upright = sharp({ create: { width: 4, height: 2, channels: 3, background: 'red' } })
    await upright.jpeg().withMetadata({ orientation: 6 }).toFile(join(images, 'b.jpg'))
    const set = await open(images)
    const [png, jpeg] = await all(set.images!.read(0, 2))
    expect(Array.from(png!.data)).toEqual([200, 100, 50, 10, 20, 30])
    expect(jpeg!.shape).toEqual([1, 2, 4, 3])
  })
})
