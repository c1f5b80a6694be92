// The paper's comparison in miniature: the teacher with all its steps, the student in one and two, the teacher helping the
// student, and the two baselines of the paper. Every row: steps, seconds an image, Fréchet distance, precision, recall and
// class accuracy in the feature space of the classifier. These are not ImageNet figures.
//
// skip-k leaves out the teacher's last k groups: their embeddings are zero. onestep* draws every token on its own, from its
// frequency in the data at that position in that class.

import { uniforms } from '../core/random/philox.ts'
import { type Dataset, readBatch } from '../data/dataset.ts'
import { toBytes } from '../data/planes.ts'
import { type Engine, float32, hostData } from '../engine/types.ts'
import { joinRows } from '../evaluate/features.ts'
import { measure } from '../evaluate/measure.ts'
import type { FeatureReader } from '../evaluate/reader.ts'
import { secondsPerImage } from '../evaluate/seconds-per-image.ts'
import type { EvaluationSet } from '../evaluate/sets/set.ts'
import { toUint8 } from '../images/rgb.ts'
import type { TokenizerArchitecture } from '../models/architecture.ts'
import { lookupGraph } from '../models/student.ts'
import { type Family, tokensBefore } from '../sampling/family.ts'
import { noiseSource } from '../sampling/noise.ts'
import { type SamplingPlan, steps } from '../sampling/plan.ts'
import { type Programs, programCache } from '../sampling/programs.ts'
import { decoded, type SampledImage, sample } from '../sampling/sampler.ts'
import { memoryWeights } from './frozen.ts'
import { tokensOf } from './tasks/token-store.ts'
import { type TrainedParts, trainedFamily } from './trained-family.ts'

export interface TableRow {
  name: string
  steps: number
  /** One image at a time, decoding included; undefined for baselines made from other samples. */
  secondsPerImage?: number
  frechet: number
  precision: number
  recall: number
  /** Share of images that the classifier assigns to the requested class. */
  accuracy: number
}

export interface TableSampler {
  name: string
  plan: SamplingPlan
}

export interface TableOptions {
  engine: Engine
  parts: TrainedParts
  /** In whose features samples are compared; it has to know the classes. */
  reader: FeatureReader
  /** Where the reference comes from: images 0 .. count - 1. */
  reference: Dataset
  samplers: readonly TableSampler[]
  /** Groups that the skip baselines leave out; the first sampler has to be the teacher. */
  skips: readonly number[]
  count: number
  seed: number
  batch?: number
  signal?: AbortSignal | undefined
  onRow?(row: TableRow): void
  onProgress?(name: string, done: number, total: number): void
}

/** Samples and measures every row; images are not kept. */
export async function comparisonTable(options: TableOptions): Promise<TableRow[]> {
  const { engine, parts, reader, count, signal, batch = 100 } = options
  const family = trainedFamily(parts)
  const programs = programCache(engine)
  const groups = family.groups.length
  const labels = Array.from({ length: count }, (_, i) => i % family.numClasses)
  const reference = await referenceSet(options, family.imageSize, batch)
  const rows: TableRow[] = []
  const finish = async (name: string, stepCount: number, read: ReadPixels, seconds?: number) => {
    const samples = imageSet(name, labels, family.imageSize, read)
    const { metrics } = await measure({
      samples,
      reference,
      reader,
      engine,
      metrics: ['fid', 'precision', 'recall'],
      batch,
      signal,
      onProgress: (stage, done, total) => stage === 'samples' && options.onProgress?.(name, done, total),
    })
    const { fid: frechet = 0, precision = 0, recall = 0, accuracy = 0 } = metrics
    const timed = seconds === undefined ? {} : { secondsPerImage: seconds }
    const row: TableRow = { name, steps: stepCount, ...timed, frechet, precision, recall, accuracy }
    rows.push(row)
    options.onRow?.(row)
  }
  const pixelsOf = async (sequences: readonly Float32Array[]) => {
    const all = new Float32Array(sequences.reduce((size, { length }) => size + length, 0))
    let at = 0
    for (const sequence of sequences) {
      all.set(sequence, at)
      at += sequence.length
    }
    const pixels: Float32Array[] = []
    for await (const image of decoded(family, programs, all)) pixels.push(image.pixels)
    return pixels
  }
  try {
    for (const [i, { name, plan }] of options.samplers.entries()) {
      const sequences: Float32Array[] = []
      const read: ReadPixels = async (first, n) => {
        const made = await images(family, programs, plan, labels.slice(first, first + n), options, first)
        if (i === 0 && options.skips.length) sequences.push(...made.map(({ sequence }) => sequence))
        return made.map(({ pixels }) => pixels)
      }
      const seconds = await secondsPerImage((seed) => images(family, programs, plan, [0], { seed, batch: 1 }, 0))
      await finish(name, steps(plan, groups), read, seconds)
      for (const skip of i === 0 ? options.skips : []) {
        const kept = tokensBefore(family, groups - skip) * family.channels
        await finish(`skip-${skip}`, groups - skip, (first, n) =>
          pixelsOf(sequences.slice(first, first + n).map((sequence) => sequence.map((x, at) => (at < kept ? x : 0)))),
        )
      }
    }
    const independent = await independentTokens(family, programs, options, labels)
    await finish('onestep*', 1, async (first, n) => pixelsOf([await independent(first, n)]))
  } finally {
    await programs.close()
  }
  return rows
}

/** Pixels [3, S, S] in [0, 1] of images `first` to `first + count - 1`. */
type ReadPixels = (first: number, count: number) => Promise<Float32Array[]>

/** Images that are made as they are measured, 8 bits as in files. */
function imageSet(name: string, labels: readonly number[], side: number, read: ReadPixels): EvaluationSet {
  const size = 3 * side * side
  return {
    name,
    count: labels.length,
    images: {
      count: labels.length,
      format: 'none: made as they are measured',
      lossy: false,
      labels,
      async *read(first, count) {
        const data = new Uint8Array(count * size)
        for (const [i, pixels] of (await read(first, count)).entries()) data.set(toUint8(pixels, side, side), i * size)
        yield { data, shape: [count, side, side, 3] }
      },
    },
    sha256: async () => '',
    async close() {},
  }
}

/** The features of the reference, read once for all rows. */
async function referenceSet(
  { reference, reader, count, signal }: TableOptions,
  side: number,
  batch: number,
): Promise<EvaluationSet> {
  const parts = []
  for (let first = 0; first < count; first += batch) {
    signal?.throwIfAborted()
    const indices = Array.from({ length: Math.min(batch, count - first) }, (_, i) => first + i)
    const drawn = await Promise.all(indices.map((i) => reference.get(i)))
    const data = new Uint8Array(indices.length * 3 * side * side)
    for (const [i, { image }] of drawn.entries()) data.set(toBytes(image), i * 3 * side * side)
    parts.push((await reader.read({ data, shape: [indices.length, side, side, 3] })).features)
  }
  return {
    name: 'reference',
    count,
    matrices: { features: joinRows(parts) },
    sha256: async () => '',
    async close() {},
  }
}

/** Images of a plan in one batch after another. */
async function images(
  family: Family,
  programs: Programs,
  plan: SamplingPlan,
  labels: readonly number[],
  { seed, batch = 100, signal }: Pick<TableOptions, 'seed' | 'batch' | 'signal'>,
  firstIndex: number,
): Promise<SampledImage[]> {
  const values = tokensBefore(family, family.groups.length) * family.channels
  const noise = noiseSource('philox', seed, values, firstIndex + labels.length)
  const made: SampledImage[] = []
  for await (const one of sample(family, programs, { labels, plan, noise, seed, batch, firstIndex, signal }))
    made.push(one)
  return made
}

const COUNTED = 6000
const DRAW = 1_000_000_087

/** Sequences [n, L, C] of onestep*: token frequencies by class and position, counted over images behind the reference. */
async function independentTokens(
  family: Family,
  programs: Programs,
  { engine, parts, reference, count, seed, batch = 100, signal }: TableOptions,
  labels: readonly number[],
) {
  const arch = parts.tokenizer.architecture as TokenizerArchitecture
  const tokenizer = memoryWeights('tokenizer', parts.tokenizer.tensors)
  await using encoder = await engine.load({ indices: tokensOf(tokenizer, arch, family.imageSize) })
  const length = tokensBefore(family, family.groups.length)
  const columns = Array.from({ length: family.numClasses * length }, (): number[] => [])
  for (let first = 0; first < COUNTED; first += batch) {
    signal?.throwIfAborted()
    const wanted = Array.from({ length: batch }, (_, i) => (count + first + i) % reference.size)
    const { images, labels: classes } = await readBatch(reference, wanted)
    const out = await encoder.run({ images: float32(images, [batch, 3, family.imageSize, family.imageSize]) })
    const indices = hostData<BigInt64Array>(out.indices)
    for (let i = 0; i < indices.length; i++)
      columns[classes[Math.floor(i / length)]! * length + (i % length)]!.push(Number(indices[i]))
  }
  const lookup = await programs.get('lookup', () => lookupGraph(family.codebook()))
  return async (from: number, n: number): Promise<Float32Array> => {
    const rows = labels.slice(from, from + n)
    const drawn = rows.flatMap((label, b) => {
      const u = uniforms(seed, from + b, DRAW, length)
      return Array.from(u, (x, p) => {
        const seen = columns[label * length + p]!
        return BigInt(seen[Math.floor(x * seen.length)]!)
      })
    })
    const indices = { dtype: 'int64', shape: [rows.length, length], data: BigInt64Array.from(drawn) } as const
    return hostData((await lookup.run({ indices })).sequence)
  }
}
