// Sheets of sample images during training, made by the sampler that users call.

import { type Engine, float32, hostData, int64 } from '../engine/types.ts'
import { grid } from '../images/node/grid.ts'
import { GeneratedImage } from '../images/node/image.ts'
import { toUint8 } from '../images/rgb.ts'
import { lookupGraph } from '../models/student.ts'
import { type Family, tokensBefore } from '../sampling/family.ts'
import { type NoiseSource, noiseSource } from '../sampling/noise.ts'
import type { SamplingPlan } from '../sampling/plan.ts'
import { type Programs, programCache } from '../sampling/programs.ts'
import { sample } from '../sampling/sampler.ts'
import type { Pairs } from './read-pairs.ts'
import { type TrainedParts, trainedFamily } from './trained-family.ts'

const ROWS = 4
const MOST_COLUMNS = 20
const BATCH = 64

/** A sheet with one class a column, sampled by `plan`. */
export async function sampleSheet(engine: Engine, parts: TrainedParts, plan: SamplingPlan): Promise<GeneratedImage> {
  const family = trainedFamily(parts)
  const columns = Math.min(family.numClasses, MOST_COLUMNS)
  const labels = Array.from({ length: ROWS * columns }, (_, i) => i % columns)
  const noise = noiseSource('philox', 0, noiseSize(family), labels.length)
  const programs = programCache(engine)
  try {
    return imageGrid([await sampled(family, programs, plan, labels, noise)], family.imageSize, columns)
  } finally {
    await programs.close()
  }
}

/** Held-out pairs: the teacher's image of each, and below it what every plan makes of the same noise. */
export async function studentSheet(
  engine: Engine,
  parts: TrainedParts,
  plans: readonly SamplingPlan[],
  pairs: Pairs,
  heldOut: number,
): Promise<GeneratedImage> {
  const family = trainedFamily(parts)
  const columns = Math.min(family.numClasses, MOST_COLUMNS, heldOut)
  const first = pairs.count - heldOut
  const count = Math.min(ROWS * columns, heldOut - (heldOut % columns))
  const indices = Array.from({ length: count }, (_, i) => first + i)
  const labels = indices.map((index) => pairs.get(index).label)
  const noise: NoiseSource = (start, size) => joined(indices.slice(start, start + size).map((i) => pairs.noise(i)))
  const programs = programCache(engine)
  try {
    const rows: Float32Array[] = [await decodedTokens(family, programs, pairs, indices)]
    for (const plan of plans) rows.push(await sampled(family, programs, plan, labels, noise))
    return imageGrid(rows, family.imageSize, columns)
  } finally {
    await programs.close()
  }
}

const noiseSize = (family: Family) => tokensBefore(family, family.groups.length) * family.channels

/** Images in [-1, 1], float32 [N, 3, S, S]. */
async function sampled(
  family: Family,
  programs: Programs,
  plan: SamplingPlan,
  labels: readonly number[],
  noise: NoiseSource,
): Promise<Float32Array> {
  const images: Float32Array[] = []
  for await (const { pixels } of sample(family, programs, { labels, plan, noise, seed: 0, batch: BATCH }))
    images.push(pixels.map((p) => 2 * p - 1))
  return joined(images)
}

/** The images that the pairs' tokens stand for. */
async function decodedTokens(family: Family, programs: Programs, pairs: Pairs, indices: readonly number[]) {
  const tokens = indices.flatMap((index) => [...pairs.get(index).tokens])
  const lookup = await programs.get('lookup', () => lookupGraph(family.codebook()))
  const { sequence } = await lookup.run({ indices: int64(tokens, [indices.length, pairs.length]) })
  const decoder = await programs.get('decoder', () => family.decoder())
  const feeds = { sequence: float32(hostData(sequence), [indices.length, pairs.length, pairs.channels]) }
  return hostData((await decoder.run(feeds)).image).map((p) => 2 * p - 1)
}

/** Arrays one behind the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((n, part) => n + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Rows of images in [-1, 1]: of every array `columns` images, one row below the other. */
export function imageGrid(rows: readonly Float32Array[], side: number, columns: number): GeneratedImage {
  const size = 3 * side * side
  const count = rows[0]!.length / size
  const picture = (data: Float32Array, i: number) => {
    const planes = data.slice(i * size, (i + 1) * size).map((p) => (p + 1) / 2)
    return new GeneratedImage({ data: toUint8(planes, side, side), width: side, height: side })
  }
  const images: GeneratedImage[] = []
  for (let first = 0; first < count; first += columns)
    for (const row of rows) for (let i = first; i < Math.min(count, first + columns); i++) images.push(picture(row, i))
  return grid(images, { columns, padding: 1 })
}
