// Images by the thousand, as pixels and labels and nothing else, for evaluation. Image i is a function of (checkpoints,
// settings, seed, i): its label follows from i and the protocol, its noise and the teacher's draws from (seed, i), and it is
// computed with the same neighbours every time, in block floor(i / batch), because the size of a batch changes the last bits.

import { UsageError } from '../../core/errors.ts'
import { uniforms } from '../../core/random/philox.ts'
import { checkCount } from '../../core/random/seed.ts'
import { TorchGenerator } from '../../core/random/torch.ts'
import { type Family, tokensBefore } from '../../sampling/family.ts'
import type { Generator, NoiseSource } from '../../sampling/noise.ts'
import { type SamplingPlan, steps } from '../../sampling/plan.ts'
import type { SampleProgress } from '../../sampling/sampler.ts'
import { requireAllowed } from '../../zoo/policy.ts'
import type { Model } from './model.ts'

/**
 * How images get their classes. `random`: each drawn uniformly, as Distilled Decoding evaluates; `balanced`: every class
 * equally often, as VAR, LlamaGen and guided diffusion do (50 times at 50,000 images of ImageNet).
 */
export const labelProtocols = ['random', 'balanced'] as const
export type LabelProtocol = (typeof labelProtocols)[number]

export interface MassOptions {
  /** Images of the whole run; with balanced labels a multiple of the number of classes. */
  count: number
  labels: LabelProtocol
  /** 0 by default. */
  seed?: number | undefined
  rng?: Generator | undefined
  /** As `model.plan(...)` gives it; the model's own way with one step (or its teacher's) by default. */
  plan?: SamplingPlan | undefined
  /** Images computed together; another number may change the last bits. */
  batch?: number | undefined
  signal?: AbortSignal | undefined
  /** After every network evaluation, with the images done since the last batch, a fraction for those at work. */
  onProgress?: ((images: number) => void) | undefined
}

/** Images first, first + 1, ... of a run. */
export interface MassBatch {
  /** uint8 [n, H, W, 3] */
  readonly data: Uint8Array
  readonly shape: readonly [count: number, height: number, width: number, channels: 3]
  /** Their classes, [n]. */
  readonly labels: Int32Array
  readonly first: number
}

/** The last stream of Philox: the teacher's draws use those of its groups, from 0 on. */
const labelStream = 2 ** 32 - 2

/**
 * Class of image `index`; it depends neither on the count nor on the model, but for its number of classes.
 * @example
 * labelOf('balanced', 0, 1207, 1000) // 207
 */
export function labelOf(labels: LabelProtocol, seed: number, index: number, classes: number): number {
  if (labels === 'balanced') return index % classes
  return Math.floor(uniforms(seed, index, labelStream, 1)[0]! * classes)
}

/** A teacher that takes hundreds of steps reads all its weights in each: more images share the cost. */
export function defaultMassBatch(family: Pick<Family, 'name'>, plan: SamplingPlan): number {
  return plan.kind !== 'student' && family.name === 'llamagen' ? 32 : 8
}

/** Everything of a run that is not a file: checked, defaults filled in. */
export interface MassRun {
  readonly count: number
  readonly labels: LabelProtocol
  readonly seed: number
  readonly rng: Generator
  readonly plan: SamplingPlan
  readonly batch: number
}

/**
 * The run that options ask for.
 * @throws UsageError when a number is none, balanced labels do not come out even, or the model's policy denies a class
 */
export function massRun(model: Model, options: MassOptions): MassRun {
  const { labels, count, seed = 0, rng = 'philox', plan = model.plan() } = options
  const batch = options.batch ?? defaultMassBatch(model.family, plan)
  if (!labelProtocols.includes(labels))
    throw new UsageError(`labels must be ${labelProtocols.join(' or ')}, got ${JSON.stringify(labels)}.`)
  for (const [what, value] of Object.entries({ count, batch }))
    if (!checkCount(`The ${what}`, value)) throw new UsageError(`The ${what} must be above 0.`)
  checkCount('A seed', seed)
  const classes = model.family.numClasses
  if (labels === 'balanced' && count % classes) {
    const below = count - (count % classes)
    throw new UsageError(`Balanced labels need a multiple of the ${classes} classes, got ${count} images.`, {
      remedy: `The nearest are ${below ? `${below} and ` : ''}${below + classes}.`,
    })
  }
  requireAllowed(
    model.policy,
    Array.from({ length: classes }, (_, id) => model.classInfo(id)),
    `A run with ${labels} labels takes all ${classes} classes, and without some of them it is not the published protocol: ` +
      'evaluate without the policy where that is allowed, or sample the allowed classes alone and name them beside the figures.',
  )
  return { count, labels, seed, rng, plan, batch }
}

/**
 * Samples images `from` to `to` - 1 of a run and yields them block by block: the very pixels that `sampleMany` writes.
 * @param options `from` and `to`: 0 and the count by default
 * @throws UsageError for impossible settings or a class that the policy denies; the signal's reason when aborted
 * @example
 * for await (const { data, labels, first } of massBatches(model, { count: 20, labels: 'random', seed: 0 }))
 *   console.log(`images from ${first}: ${labels.length}, ${data.length} bytes`)
 */
export async function* massBatches(
  model: Model,
  options: MassOptions & { from?: number; to?: number },
): AsyncGenerator<MassBatch> {
  const run = massRun(model, options)
  const { from = 0, to = run.count } = options
  if (!(checkCount('from', from) <= checkCount('to', to) && to <= run.count))
    throw new UsageError(`from and to must be 0 <= from <= to <= ${run.count}, got ${from} and ${to}.`)
  yield* massSampler(model, run, options)(from, to)
}

type Watch = Pick<MassOptions, 'signal' | 'onProgress'>

/** Samples ranges of a run; those of torch's generator are cheapest in order. */
export function massSampler(model: Model, run: MassRun, { signal, onProgress }: Watch = {}) {
  const { batch, labels, seed, rng, plan } = run
  const { family, imageSize: side } = model
  const size = 3 * side * side
  const noise =
    rng === 'torch' ? torchRows(seed, tokensBefore(family, family.groups.length) * family.channels) : undefined
  const work = steps(plan, family.groups.length) + 1

  return async function* range(from: number, to: number): AsyncGenerator<MassBatch> {
    if (from >= to) return
    const start = from - (from % batch)
    const classes = Array.from({ length: Math.ceil((to - start) / batch) * batch }, (_, i) =>
      labelOf(labels, seed, start + i, family.numClasses),
    )
    let units = 0
    const watch = (event: SampleProgress) => {
      units += event.type === 'step' ? event.images.length : 1
      onProgress?.(units / work)
    }
    const options = { plan, classes, seed, rng, noise, batch, firstIndex: start, signal }
    let [first, rows]: [number, Uint8Array[]] = [from, []]
    for await (const { image, index } of model.stream({ ...options, onProgress: watch })) {
      if (index >= from && index < to) rows.push(image.data)
      const full = (index + 1) % batch === 0
      if (!full || !rows.length) continue
      const data = new Uint8Array(rows.length * size)
      for (const [i, row] of rows.entries()) data.set(row, i * size)
      const own = classes.slice(first - start, first - start + rows.length)
      units = 0
      yield { data, shape: [rows.length, side, side, 3], labels: Int32Array.from(own), first }
      first += rows.length
      rows = []
    }
  }
}

/** Rows of torch.manual_seed(seed); torch.randn(images, size), which need not be in memory: torch fills blocks of 16. */
function torchRows(seed: number, size: number): NoiseSource {
  if (size % 16) {
    throw new UsageError(
      `torch's noise of many images can be made row by row for rows of 16 n values only, not ${size}.`,
      {
        remedy: "Take `rng: 'philox'`.",
      },
    )
  }
  let generator = new TorchGenerator(seed)
  let next = 0
  return (first, count) => {
    if (first < next) [generator, next] = [new TorchGenerator(seed), 0]
    for (; next < first; next++) generator.randn(size)
    next += count
    return generator.randn(count * size)
  }
}
