// What evaluation refuses, and when: before an hour of work, and never with a figure that is of something else than it says.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sharedEngine } from '../../test/evaluate.ts'
import { npzBytes } from '../checkpoint/npz.ts'
import type { Engine } from '../engine/types.ts'
import { evaluate } from './evaluate.ts'
import { joinRows } from './features.ts'
import { extractFeatures, featureFiles } from './node/feature-files.ts'
import { openSet } from './node/sets/open.ts'
import type { FeatureReader, RgbBatch } from './reader.ts'
import { type MetricName, resultSchema } from './result.ts'
import { noteArray } from './sets/note.ts'
import { type EvaluationSet, unknownOrigin } from './sets/set.ts'

/** Nothing here multiplies on an engine. */
const engine = {} as Engine

let folder: string
const opened: EvaluationSet[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'refusals-'))
})
afterAll(async () => {
  for (const set of opened) await set.close()
  await rm(folder, { recursive: true })
})

type Arrays = Parameters<typeof npzBytes>[0]
let files = 0
async function set(what: string | Arrays): Promise<EvaluationSet> {
  const path = typeof what === 'string' ? what : join(folder, `${files++}.npz`)
  if (typeof what !== 'string') await writeFile(path, npzBytes(what))
  const found = await openSet(path, { sprites: 24 })
  opened.push(found)
  return found
}

const matrix = (n: number, width: number, value = (i: number) => Math.sin(i * i)) => ({
  shape: [n, width],
  data: Float32Array.from({ length: n * width }, (_, i) => value(i)),
})
const pictures = (n: number) => ({ shape: [n, 2, 2, 3], data: Uint8Array.from({ length: n * 12 }, (_, i) => i * 7) })
const unit = (width: number, mean = 0) => ({
  mu: { shape: [width], data: new Float64Array(width).fill(mean) },
  sigma: {
    shape: [width, width],
    data: Float64Array.from({ length: width ** 2 }, (_, i) => (i % (width + 1) ? 0 : 1)),
  },
})
const noted = (sha256: string, preprocessing = 'none') => ({
  distilled: noteArray({ count: 9, extractor: { name: 'net', sha256, preprocessing }, origin: unknownOrigin }),
})
const ours = 'ab'.repeat(32)
const theirs = 'cd'.repeat(32)

/** The first four bytes of an image as its features; knows the classes "even" and "odd". */
function firstBytes(): FeatureReader & { reads: number } {
  return {
    name: 'first bytes',
    sha256: ours,
    preprocessing: 'none',
    width: 4,
    offers: ['probabilities'],
    reads: 0,
    classes: ['even', 'odd'],
    async read({ data, shape: [n] }: RgbBatch) {
      this.reads++
      const features = Float32Array.from({ length: n * 4 }, (_, i) => data[Math.floor(i / 4) * 12 + (i % 4)]!)
      const probabilities = Float32Array.from({ length: n * 2 }, (_, i) => (i % 2 ? 0 : 1))
      return { features: { data: features, shape: [n, 4] }, probabilities: { data: probabilities, shape: [n, 2] } }
    },
    async dispose() {},
    async [Symbol.asyncDispose]() {},
  }
}

interface Asked {
  metrics?: MetricName[]
  reader?: FeatureReader
}
const resultOf = async (samples: string | Arrays, reference: string | Arrays, { metrics, reader }: Asked = {}) => {
  const sets = { samples: await set(samples), reference: await set(reference) }
  return (await evaluate({ ...sets, engine, reader, metrics, protocol: 'dd', versions: {} })).result
}
const refusal = (...asked: Parameters<typeof resultOf>) => resultOf(...asked).then(() => 'measured', String)

describe('a figure is of what its protocol says', () => {
  it('features in a file are measured, and named, whatever reader stands by', async () => {
    const reader = firstBytes()
    const both = { arr_0: pictures(9), features: matrix(9, 4) }
    const { protocol } = await resultOf(both, { features: matrix(8, 4) }, { reader, metrics: ['fid'] })
    expect(protocol).toMatchObject({ count: 9, format: 'features', features: { name: 'given features' } })
    expect(reader.reads).toBe(0)
  })

  it('features of equal width and another network have no distance', async () => {
    const samples = { features: matrix(9, 4), ...noted(ours) }
    expect(await refusal(samples, { ...unit(4), ...noted(theirs) }, { metrics: ['fid'] })).toMatch(
      /is of the features of net \(none; SHA-256 cdcdcdcdcdcd\), the samples of net \(none; SHA-256 abab.*same `reader`/,
    )
    expect(await refusal(samples, { ...unit(4), ...noted(ours, 'cropped') }, { metrics: ['fid'] })).toMatch(/cropped/)
    expect(await refusal(samples, { ...unit(4), ...noted(ours) }, { metrics: ['fid'] })).toBe('measured')
    expect(await refusal(samples, unit(4), { metrics: ['fid'] })).toBe('measured') // the reference does not say
  })

  it('statistics that do not say of how many images are no samples', async () => {
    expect(await refusal(unit(4), unit(4, 1), { metrics: ['fid'] })).toMatch(/do not say of how many images/)
    const { metrics, protocol } = await resultOf({ ...unit(4), ...noted(ours) }, unit(4, 1), { metrics: ['fid'] })
    expect([metrics.fid, protocol.count]).toEqual([4, 9])
  })

  it('labels of another list of classes tell no accuracy', async () => {
    const labels = (...ids: number[]) => ({ shape: [ids.length], data: BigInt64Array.from(ids, BigInt) })
    const of = (arr_1: Arrays[string]) =>
      resultOf({ arr_0: pictures(3), arr_1 }, unit(4), { reader: firstBytes(), metrics: ['is'] })
    expect((await of(labels(0, 1, 0))).metrics.accuracy).toBeCloseTo(2 / 3)
    expect((await of(labels(0, 1, 207))).metrics.accuracy).toBeUndefined()
  })

  it('labels of classes with other names tell no accuracy, and those without names warn', async () => {
    const arr_1 = { shape: [3], data: BigInt64Array.from([0n, 1n, 0n]) }
    const samples = await set({ arr_0: pictures(3), arr_1 })
    const reference = await set(unit(4))
    const of = async (classes?: readonly string[]) => {
      const warnings: string[] = []
      const { result } = await evaluate({
        samples: { ...samples, images: { ...samples.images!, classes } },
        reference,
        engine,
        reader: firstBytes(),
        metrics: ['is'],
        protocol: 'dd',
        versions: {},
        onWarning: (text) => warnings.push(text),
      })
      return { accuracy: result.metrics.accuracy, classes: result.classes, kept: result.warnings, warnings }
    }
    expect(await of(['circle', 'square'])).toEqual({
      warnings: ['no class accuracy: the samples are of circle, square, and the reader first bytes knows even, odd.'],
    })
    expect(await of(['even', 'odd'])).toMatchObject({ accuracy: 2 / 3, warnings: [] })
    const unnamed = await of()
    expect(unnamed.accuracy).toBe(2 / 3)
    expect(unnamed.kept).toEqual(unnamed.warnings)
    expect(unnamed.warnings[0]).toContain('nothing says which classes they are')
  })
})

describe('what a figure rests on', () => {
  const probs = { shape: [9, 2], data: Float32Array.from({ length: 18 }, (_, i) => (i % 2 ? 0.25 : 0.75)) }

  it('is warned of below one image a feature, on the side that it is about', async () => {
    const warnings: string[] = []
    const onWarning = (text: string) => void warnings.push(text)
    const sets = { samples: await set({ features: matrix(5, 6) }), reference: await set({ features: matrix(6, 6) }) }
    const { result } = await evaluate({ ...sets, engine, metrics: ['fid'], protocol: 'dd', versions: {}, onWarning })
    expect(warnings).toEqual([expect.stringMatching(/^the samples are 5 images for 6 features: below one image/)])
    expect(result.warnings).toEqual(warnings)
    expect((await resultOf({ features: matrix(6, 6) }, unit(6))).warnings).toBeUndefined()
  })

  it('are the subsets of KID', async () => {
    const sets = { samples: await set({ features: matrix(9, 4) }), reference: await set({ features: matrix(20, 4) }) }
    const job = {
      ...sets,
      engine: await sharedEngine(),
      metrics: ['kid'] as const,
      protocol: 'dd' as const,
      versions: {},
    }
    expect((await evaluate(job)).result.protocol.kid).toEqual({ subsets: 100, subsetSize: 9 })
    expect((await evaluate({ ...job, kidSubset: 3 })).result.protocol.kid).toEqual({ subsets: 100, subsetSize: 3 })
  })

  it('are the splits of the Inception Score, which needs no reference', async () => {
    const samples = await set({ features: matrix(9, 4), probs })
    const { result } = await evaluate({ samples, engine, metrics: ['is'], protocol: 'dd', versions: {} })
    expect(result.metrics).toEqual({ is: expect.closeTo(1, 12) })
    expect(result.protocol).toMatchObject({ inceptionScore: { splits: 1, splitSize: 9 } })
    expect(result.protocol.reference).toBeUndefined()
    expect(v.parse(resultSchema, result)).toEqual(result)
    const others = evaluate({ samples, engine, metrics: ['fid'], protocol: 'dd', versions: {} })
    await expect(others).rejects.toThrow(/fid: there is no reference/)
  })

  it('are several splits with their spread', async () => {
    const many = { shape: [5001, 2], data: Float32Array.from({ length: 10_002 }, (_, i) => (i % 2 ? 0.25 : 0.75)) }
    many.data.set([1, 0, 0, 1])
    const samples = await set({ features: matrix(5001, 1), probs: many })
    const { metrics, protocol } = (await evaluate({ samples, engine, metrics: ['is'], protocol: 'dd', versions: {} }))
      .result
    expect(protocol.inceptionScore).toEqual({ splits: 2, splitSize: 5000 })
    expect(metrics.isDeviation).toBeGreaterThan(0)
  })
})

describe('what cannot be told is said before images are read', () => {
  it.each<[why: string, reference: Arrays, metrics: MetricName[], message: RegExp]>([
    ['widths', unit(5), ['fid'], /reference has 5 features an image, the samples 4/],
    ['precision of three', { features: matrix(3, 4) }, ['precision'], /has 3 images, and this metric needs 4/],
    ['KID of one', { features: matrix(1, 4) }, ['kid'], /has 1 images, and this metric needs 2/],
    ['one image', { features: matrix(1, 4) }, ['fid'], /has 1 images, and this metric needs 2/],
  ])('%s', async (_, reference, metrics, message) => {
    const reader = firstBytes()
    expect(await refusal({ arr_0: pictures(9) }, reference, { reader, metrics })).toMatch(message)
    expect(reader.reads).toBe(0)
  })

  it('KID in subsets larger than a set', async () => {
    const sets = { samples: await set({ features: matrix(9, 4) }), reference: await set({ features: matrix(20, 4) }) }
    const job = evaluate({ ...sets, engine, metrics: ['kid'], kidSubset: 10, protocol: 'dd', versions: {} })
    await expect(job).rejects.toThrow(/kid: the samples .* has 9 images, and this metric needs 10/)
  })

  it('a reference of images needs a reader, and nothing to measure is no success', async () => {
    const samples = { features: matrix(9, 4) }
    expect(await refusal(samples, { arr_0: pictures(9) }, { metrics: ['precision'] })).toMatch(
      /needs a reader of images/,
    )
    expect(await refusal(samples, { arr_0: pictures(9) })).toMatch(/nothing to measure; fid: the reference .*`reader`/)
  })
})

describe('numbers that are none', () => {
  it.each<[why: string, samples: Arrays, reference: Arrays, metrics: MetricName[], message: RegExp]>([
    ['an infinite mean', { features: matrix(9, 4) }, unit(4, 1 / 0), ['fid'], /not finite/],
    ['a feature that is NaN', { features: matrix(9, 4, () => Number.NaN) }, unit(4), ['fid'], /needs finite numbers/],
    [
      'logits for probabilities',
      { features: matrix(9, 4), probs: matrix(9, 4, (i) => i % 4) },
      unit(4),
      ['is'],
      /add up to 6\.000, not to 1\. Take the softmax/,
    ],
  ])('%s: refused', async (_, samples, reference, metrics, message) => {
    expect(await refusal(samples, reference, { metrics })).toMatch(message)
  })

  it('images without pixels are no images', async () => {
    const empty = { arr_0: { shape: [5, 0, 0, 3], data: new Uint8Array(0) } }
    await expect(set(empty)).rejects.toThrow('arr_0 is uint8 [5, 0, 0, 3], expected uint8 [N, H, W, 3]')
  })

  it('rows of different widths do not become one matrix', () => {
    const row = (width: number) => ({ data: new Float32Array(width), shape: [1, width] as const })
    expect(() => joinRows([row(3), row(2), row(4)])).toThrow('Some images have 3 features and others 2.')
  })
})

describe('a folder of features', () => {
  const kept = () => join(folder, 'features')
  const copy = async (name: string) => {
    await cp(kept(), join(folder, name), { recursive: true })
    return (file: string) => join(folder, name, file)
  }
  beforeAll(async () => {
    const samples = await set({ arr_0: pictures(9) })
    const job = { samples, reader: firstBytes(), readerFile: 'net', protocol: 'dd', madeBy: 'a test', chunk: 4 }
    await extractFeatures({ ...job, folder: kept() })
    await extractFeatures({ ...job, folder: join(folder, 'half'), shard: { index: 0, count: 2 } })
  })

  it('is whole or refused, with the command that completes it', async () => {
    expect(await set(kept())).toMatchObject({ count: 9 })
    const changed = await copy('changed')
    const bytes = await readFile(changed('features-000001.npz'))
    bytes[140]! ^= 1
    await writeFile(changed('features-000001.npz'), bytes)
    await expect(set(changed(''))).rejects.toThrow(/features-000001\.npz is damaged.*distilled features .*--chunk 4/)
    const lost = await copy('lost')
    await rm(lost('features-000002.npz'))
    await expect(set(lost(''))).rejects.toThrow(/features-000002\.npz is missing/)
  })

  it('is not taken for a folder without images when its manifest is damaged or not made yet', async () => {
    const damaged = await copy('damaged')
    await writeFile(damaged('manifest.json'), '{"kind": "features"')
    await expect(set(damaged(''))).rejects.toThrow('is not a manifest of features')
    await expect(set(join(folder, 'half'))).rejects.toThrow(/nobody has merged.*distilled features merge/)
  })

  it('names the size of its files in the command that makes them again', () => {
    const settings = { images: 'samples', reader: 'sprites', protocol: 'dd' }
    const manifest = { kind: 'features', madeBy: 'a test', settings, count: 9, chunk: 4, files: [] }
    expect(featureFiles.command(manifest, 'features')).toBe(
      'distilled features samples --features sprites --protocol dd --chunk 4 --out features',
    )
  })
})
