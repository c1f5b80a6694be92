// Tests whether this machine computes the right images. A model's known answer is noise, labels and the images that a processor
// made of them; drivers and browsers with other results are found here, before a picture is shown.

import { openCheckpoint } from '../checkpoint/checkpoint.ts'
import { bufferSource } from '../checkpoint/sources.ts'
import type { StateDict } from '../checkpoint/types.ts'
import { CheckpointError, EngineError } from '../core/errors.ts'
import { figure } from '../core/format.ts'
import { toUint8 } from '../images/rgb.ts'
import { type Family, tokensBefore } from '../sampling/family.ts'
import { noiseSource } from '../sampling/noise.ts'
import type { SamplingPlan } from '../sampling/plan.ts'
import type { Programs } from '../sampling/programs.ts'
import { sample } from '../sampling/sampler.ts'

export interface KnownAnswer {
  labels: number[]
  /** float32 [N, L, C] */
  noise: Float32Array
  /** uint8 [N, H, W, 3]: the images of one step. */
  images: Uint8Array
  /** Levels of 255 that they may differ by on average. */
  within: number
}

/** Of fp32 networks: rounding moves single pixels by a level (export/bounds.ts). */
const WITHIN = 0.5
/** Few images, because the processor has to make the reference first. */
const COUNT = 2

/**
 * Reads a known answer: `labels`, `noise` and `steps_1.image`, as exports have it.
 * @param within levels, unless the file's metadata say it
 * @throws CheckpointError when something is missing
 */
export async function readAnswer(name: string, bytes: Uint8Array, within = WITHIN): Promise<KnownAnswer> {
  const checkpoint = await openCheckpoint(bufferSource(name, bytes))
  const tensors = checkpoint.tensors()
  const labels = new BigInt64Array((await tensor(name, tensors, 'labels')).buffer)
  const noise = new Float32Array((await tensor(name, tensors, 'noise')).buffer)
  const images = await tensor(name, tensors, 'steps_1.image')
  return { labels: Array.from(labels, Number), noise, images, within }
}

async function tensor(name: string, tensors: StateDict, key: string): Promise<Uint8Array<ArrayBuffer>> {
  const found = tensors.get(key)
  if (found) return found.read()
  throw new CheckpointError(`${name}: no tensor "${key}"; it holds ${[...tensors.keys()].join(', ')}.`, {
    remedy: 'Expected a known answer as `distilled export` writes it.',
  })
}

/** A known answer made by trusted programs: the processor's images of some noise. */
export async function makeAnswer(family: Family, programs: Programs, plan: SamplingPlan, signal?: AbortSignal) {
  const size = tokensBefore(family, family.groups.length) * family.channels
  const labels = Array.from({ length: COUNT }, (_, i) => Math.floor((i * family.numClasses) / COUNT))
  const noise = noiseSource('philox', 0, size, COUNT)(0, COUNT)
  const images = await imagesOf(family, programs, plan, { labels, noise }, signal)
  return { labels, noise, images, within: WITHIN } satisfies KnownAnswer
}

/**
 * Checks that the programs give the known answer.
 * @throws EngineError with the figures when they do not
 */
export async function checkAnswer(
  family: Family,
  programs: Programs,
  plan: SamplingPlan,
  answer: KnownAnswer,
  signal?: AbortSignal,
): Promise<void> {
  const images = await imagesOf(family, programs, plan, answer, signal)
  if (images.length !== answer.images.length) {
    throw new EngineError(`The known answer has ${answer.images.length} bytes of images, this model ${images.length}.`)
  }
  let sum = 0
  for (let i = 0; i < images.length; i++) sum += Math.abs(images[i]! - answer.images[i]!)
  const levels = sum / images.length
  if (levels <= answer.within) return
  throw new EngineError(
    `The images of the self-test are ${figure(levels)} levels of 255 away from the known answer on average, at most ${answer.within} is rounding.`,
    { remedy: 'A newer browser or driver may compute what it should.' },
  )
}

async function imagesOf(
  family: Family,
  programs: Programs,
  plan: SamplingPlan,
  { labels, noise }: Pick<KnownAnswer, 'labels' | 'noise'>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const side = family.imageSize
  const rows = noise.length / labels.length
  const request = {
    labels,
    plan,
    seed: 0,
    batch: labels.length,
    signal,
    noise: (first: number, count: number) => noise.slice(first * rows, (first + count) * rows),
  }
  const out = new Uint8Array(labels.length * side * side * 3)
  let at = 0
  for await (const { pixels } of sample(family, programs, request)) {
    out.set(toUint8(pixels, side, side), at)
    at += side * side * 3
  }
  return out
}
