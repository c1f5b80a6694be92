// The paper's comparison in miniature: the teacher with all its steps, the student in one and two, the teacher helping the
// student, and the two baselines of the paper. Every row: steps, seconds an image, Fréchet distance, precision, recall and
// class accuracy in the feature space of the classifier. These are not ImageNet figures.
//
// skip-k leaves out the teacher's last k groups: their embeddings are zero. onestep* draws every token by itself from how
// often the data have it at that position in that class.

import { uniforms } from '../core/random/philox.ts'
import { inPieces } from '../core/steps.ts'
import { type Dataset, readBatch } from '../data/dataset.ts'
import { type Engine, float32, hostData } from '../engine/types.ts'
import { accuracyOf, type Collected, type Collector, collector } from '../evaluate/collect.ts'
import { frechetSteps } from '../evaluate/frechet.ts'
import { type Pairwise, pairwise } from '../evaluate/pairwise.ts'
import { precisionRecall } from '../evaluate/precision-recall.ts'
import type { FeatureReader } from '../evaluate/reader.ts'
import { toUint8 } from '../images/rgb.ts'
import type { TokenizerArchitecture } from '../models/architecture.ts'
import { lookupGraph } from '../models/student.ts'
import { type Family, tokensBefore } from '../sampling/family.ts'
import { noiseSource } from '../sampling/noise.ts'
import { type SamplingPlan, steps } from '../sampling/plan.ts'
import { type Programs, programCache } from '../sampling/programs.ts'
import { sample } from '../sampling/sampler.ts'
import { memoryWeights } from './frozen.ts'
import { joined } from './sheets.ts'
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
  /** Share of images that the classifier takes for the class that was asked for. */
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
  const { engine, parts, reader, reference, count, signal } = options
  const family = trainedFamily(parts)
  const programs = programCache(engine)
  await using products = await pairwise(engine, reader.width)
  const labels = Array.from({ length: count }, (_, i) => i % family.numClasses)
  const real = gatherer(reader, family.imageSize, labels)
  for (let first = 0; first < count; first += 250) {
    signal?.throwIfAborted()
    const indices = Array.from({ length: Math.min(250, count - first) }, (_, i) => first + i)
    await real.add((await readBatch(reference, indices)).images.map((x) => (x + 1) / 2))
  }
  const reals = real.result()
  const rows: TableRow[] = []
  const finish = async (name: string, stepCount: number, seen: Gatherer, secondsPerImage?: number) => {
    const figures = await measured(reals, seen.result(), products)
    const row = { name, steps: stepCount, ...(secondsPerImage !== undefined && { secondsPerImage }), ...figures }
    rows.push(row)
    options.onRow?.(row)
  }
  try {
    const groups = family.groups.length
    for (const [i, { name, plan }] of options.samplers.entries()) {
      const seen = gatherer(reader, family.imageSize, labels)
      const skipped =
        i === 0 ? options.skips.map((skip) => ({ skip, seen: gatherer(reader, family.imageSize, labels) })) : []
      const decode = decoderOf(family, programs)
      for await (const { images, sequences, done } of batches(family, programs, plan, labels, options)) {
        await seen.add(images)
        for (const { skip, seen: to } of skipped) await to.add(await decode(withoutTail(family, sequences, skip)))
        options.onProgress?.(name, done, count)
      }
      await finish(name, steps(plan, groups), seen, await secondsPerImage(family, programs, plan))
      for (const { skip, seen: from } of skipped) await finish(`skip-${skip}`, groups - skip, from)
    }
    const independent = gatherer(reader, family.imageSize, labels)
    for await (const sequences of independentTokens(family, programs, options, labels))
      await independent.add(await decoderOf(family, programs)(sequences))
    await finish('onestep*', 1, independent)
  } finally {
    await programs.close()
  }
  return rows
}

interface Gatherer {
  /** Images [N, 3, S, S] in [0, 1], which become 8 bits first, as in files. */
  add(images: Float32Array): Promise<void>
  result: Collector['result']
}

function gatherer(reader: FeatureReader, side: number, labels: readonly number[]): Gatherer {
  const all = collector({ keep: true, moments: true, spatial: false, score: false })
  const size = 3 * side * side
  let n = 0
  return {
    async add(images) {
      const count = images.length / size
      const data = new Uint8Array(images.length)
      for (let i = 0; i < count; i++) data.set(toUint8(images.subarray(i * size, (i + 1) * size), side, side), i * size)
      all.add(await reader.read({ data, shape: [count, side, side, 3] }), labels.slice(n, n + count))
      n += count
    },
    result: all.result,
  }
}

async function measured(real: Collected, made: Collected, { distances }: Pairwise) {
  const { precision, recall } = await precisionRecall(real.features!, made.features!, { distances })
  return {
    frechet: await inPieces(frechetSteps(real.gaussian!, made.gaussian!)),
    precision,
    recall,
    accuracy: accuracyOf(made) ?? 0,
  }
}

/** Images in [0, 1] and sequences of a plan, batch after batch. */
async function* batches(
  family: Family,
  programs: Programs,
  plan: SamplingPlan,
  labels: readonly number[],
  { seed, batch = 100, signal }: TableOptions,
) {
  const values = tokensBefore(family, family.groups.length) * family.channels
  const noise = noiseSource('philox', seed, values, labels.length)
  let images: Float32Array[] = []
  let sequences: Float32Array[] = []
  for await (const one of sample(family, programs, { labels, plan, noise, seed, batch, signal })) {
    images.push(one.pixels)
    sequences.push(one.sequence)
    if (images.length < batch && one.index + 1 < labels.length) continue
    yield { images: joined(images), sequences: joined(sequences), done: one.index + 1 }
    images = []
    sequences = []
  }
}

/** Sequences [B, L, C] with zeros for the last `skip` groups. */
function withoutTail(family: Family, sequences: Float32Array, skip: number): Float32Array {
  const groups = family.groups.length
  const [length, kept] = [tokensBefore(family, groups), tokensBefore(family, groups - skip)].map(
    (n) => n * family.channels,
  ) as [number, number]
  return sequences.map((x, i) => (i % length < kept ? x : 0))
}

/** Images [B, 3, S, S] in [0, 1] of sequences [B, L, C]. */
function decoderOf(family: Family, programs: Programs) {
  const length = tokensBefore(family, family.groups.length)
  return async (sequences: Float32Array) => {
    const program = await programs.get('decoder', () => family.decoder())
    const count = sequences.length / (length * family.channels)
    const out = await program.run({ sequence: float32(sequences, [count, length, family.channels]) })
    return hostData(out.image)
  }
}

const TIMED = 6

/** Median time of images made one at a time, after one that warms up. */
async function secondsPerImage(family: Family, programs: Programs, plan: SamplingPlan): Promise<number> {
  const values = tokensBefore(family, family.groups.length) * family.channels
  const times: number[] = []
  for (let i = 0; i <= TIMED; i++) {
    const started = performance.now()
    const noise = noiseSource('philox', i, values, 1)
    for await (const _ of sample(family, programs, { labels: [0], plan, noise, seed: i, batch: 1 }));
    if (i > 0) times.push((performance.now() - started) / 1000)
  }
  return times.toSorted((a, b) => a - b)[Math.floor(TIMED / 2)]!
}

const COUNTED = 6000
const DRAW = 1_000_000_087

/** Sequences [B, L, C] of onestep*: token frequencies by class and position, counted over images behind the reference. */
async function* independentTokens(
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
  for (let first = 0; first < labels.length; first += batch) {
    const rows = labels.slice(first, first + batch)
    const drawn = rows.flatMap((label, b) => {
      const u = uniforms(seed, first + b, DRAW, length)
      return Array.from(u, (x, p) => {
        const seen = columns[label * length + p]!
        return BigInt(seen[Math.floor(x * seen.length)]!)
      })
    })
    const indices = { dtype: 'int64', shape: [rows.length, length], data: BigInt64Array.from(drawn) } as const
    yield hostData((await lookup.run({ indices })).sequence)
  }
}
