// The library's face: load a model, sample images. A Model holds an engine and the opened programs until it is disposed.

import { UsageError } from '../core/errors.ts'
import { checkCount } from '../core/random/seed.ts'
import type { Engine } from '../engine/types.ts'
import { GeneratedImage, toUint8 } from '../images/image.ts'
import type { DType } from '../models/weights.ts'
import type { Family } from '../sampling/family.ts'
import { tokensBefore } from '../sampling/family.ts'
import { type Generator, givenNoise, type NoiseSource, noiseSource } from '../sampling/noise.ts'
import { checkPlan, type SamplingPlan, steps, type TeacherSettings } from '../sampling/plan.ts'
import { type Programs, programCache } from '../sampling/programs.ts'
import { type SampledImage, type SampleProgress, sample } from '../sampling/sampler.ts'
import { type ClassInfo, type ClassList, classInfo, resolveClass } from '../zoo/classes.ts'
import type { SamplingPreset } from '../zoo/model-entry.ts'
import { type Policy, requireAllowed } from '../zoo/policy.ts'
import { choosePlan, type PlanOptions } from './choose-plan.ts'
import type { ModelFiles, OpenedModel } from './open.ts'

/** Noise as an array, row-major. */
export interface GivenNoise {
  data: Float32Array
  shape: readonly number[]
}

export interface SampleOptions extends PlanOptions {
  /** One image for every entry: an id, a name, or an unambiguous part of a name. */
  classes: readonly (string | number)[]
  /** Images of every class. */
  count?: number | undefined
  seed?: number | undefined
  /** How noise follows from the seed; 'torch' is torch.manual_seed(seed); torch.randn(images, tokens, channels). */
  rng?: Generator | undefined
  /** Own noise instead: float32 [firstIndex + images, tokens, channels], row-major, or what gives the rows asked for. */
  noise?: GivenNoise | NoiseSource | undefined
  /** Index of the first image in a longer run: image i there and image 0 here are the same for firstIndex i. */
  firstIndex?: number | undefined
  /** Images computed together; they do not depend on it, but for the last bits of one computed alone (and for int8). */
  batch?: number | undefined
  /** Close the transformers before the last images are decoded: less memory, but the next run opens them again. */
  lean?: boolean | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((event: SampleProgress) => void) | undefined
}

/** An image of some run: what it shows, and what its noise follows from. */
export interface RunImage {
  readonly class: number
  readonly seed: number
  readonly index: number
}

export interface TogetherOptions extends PlanOptions {
  signal?: AbortSignal | undefined
  onProgress?: ((event: SampleProgress) => void) | undefined
}

/** A finished image with the tensors it came from. */
export interface SampleResult {
  image: GeneratedImage
  index: number
  class: ClassInfo
  /** The policy marks images of this class. */
  flagged: boolean
  details: SampledImage
}

export interface ModelFacts {
  name: string
  classes: ClassList
  presets: readonly SamplingPreset[]
  teacherDefaults: TeacherSettings
  /** How the weights were opened, as far as images depend on it. */
  weights: { dtype: DType; ema: boolean }
  /** What it was opened from. */
  files?: ModelFiles
  policy?: Policy | undefined
}

/**
 * A loaded model; `load` makes them. Holds an engine (a worker thread) and opened networks until `dispose`.
 * @example
 * const { images } = await model.sample({ classes: [1], count: 2 })
 */
export class Model implements AsyncDisposable {
  readonly name: string
  readonly family: Family
  readonly engine: Engine
  readonly classes: ClassList
  readonly presets: readonly SamplingPreset[]
  /** How the weights were opened, as far as images depend on it. */
  readonly weights: ModelFacts['weights']
  /** Paths of the checkpoint files. */
  readonly files: ModelFiles
  /** Which classes are denied or flagged. */
  readonly policy: Policy | undefined
  private readonly facts: ModelFacts
  private readonly opened: OpenedModel
  private readonly programs: Programs

  constructor(facts: ModelFacts, opened: OpenedModel, engine: Engine) {
    this.name = facts.name
    this.classes = facts.classes
    this.presets = facts.presets
    this.weights = facts.weights
    this.files = facts.files ?? {}
    this.policy = facts.policy
    this.facts = facts
    this.opened = opened
    this.family = opened.family
    this.engine = engine
    this.programs = programCache(engine)
  }

  /** Side of the images in pixels. */
  get imageSize(): number {
    return this.family.imageSize
  }

  /**
   * The plan that the options ask for, checked against this model.
   * @throws UsageError when they contradict each other or this model cannot follow them
   * @example
   * model.plan({ timesteps: [0, 2], split: 2 }).kind // 'student'
   */
  plan(options: PlanOptions = {}): SamplingPlan {
    return checkPlan(choosePlan(options, this.presets, this.facts.teacherDefaults, this.family), this.family)
  }

  /**
   * Samples all images and returns them together.
   * @throws UsageError for unknown or denied classes or impossible settings; the signal's reason when aborted
   * @example
   * const { images } = await model.sample({ classes: ['goldfish', 207], seed: 0, steps: 1 })
   * await images[0].save('goldfish.png')
   */
  async sample(options: SampleOptions): Promise<{ images: GeneratedImage[]; results: SampleResult[] }> {
    const results: SampleResult[] = []
    for await (const result of this.stream(options)) results.push(result)
    return { images: results.map((r) => r.image), results }
  }

  /**
   * Yields images as they are finished, in order.
   * @throws UsageError for unknown or denied classes or impossible settings; the signal's reason when aborted
   * @example
   * for await (const { image, index } of model.stream({ classes: [207], count: 4 })) await image.save(`${index}.png`)
   */
  async *stream(options: SampleOptions): AsyncGenerator<SampleResult> {
    const plan = this.plan(options)
    const seed = options.seed ?? 0
    const labels = this.labels(options)
    const firstIndex = checkCount('firstIndex', options.firstIndex ?? 0)
    const total = firstIndex + labels.length
    const channels = this.family.channels
    const length = tokensBefore(this.family, this.family.groups.length)
    const noise = this.noise(options, [total, length, channels])
    const batch = options.batch ?? 8
    if (!(Number.isInteger(batch) && batch > 0))
      throw new UsageError(`batch must be a whole number above 0, got ${batch}.`)
    const request = {
      labels,
      plan,
      noise,
      seed,
      batch,
      firstIndex,
      lean: options.lean,
      signal: options.signal,
      ...(options.onProgress && { onProgress: options.onProgress }),
    }
    const rng = options.noise ? 'given' : (options.rng ?? 'philox')
    for await (const details of sample(this.family, this.programs, request)) {
      const batched = isBatched(details.index - firstIndex, labels.length, batch)
      yield this.finished(details, { seed, rng, plan, batched })
    }
  }

  /**
   * Yields images of several runs, computed in one batch: each is the very image that its own run gives in a batch of two or
   * more (float32; int8 rounds by what shares the batch). A single one has company that is dropped, so that it is, too.
   * @param rows in the order they are yielded
   * @throws UsageError for a denied class or impossible settings; the signal's reason when aborted
   * @example
   * for await (const { image } of model.together([{ class: 1, seed: 7, index: 0 }])) await image.save('1.png')
   */
  async *together(rows: readonly RunImage[], { signal, onProgress, ...options }: TogetherOptions = {}) {
    const plan = this.plan(options)
    const [first] = rows
    if (!first) return
    const origins = rows.length > 1 ? rows : [first, { ...first, index: first.index + 1 }]
    const labels = this.labels({ classes: origins.map((row) => row.class) })
    const size = tokensBefore(this.family, this.family.groups.length) * this.family.channels
    const noise: NoiseSource = (from, count) => {
      const out = new Float32Array(count * size)
      for (const [i, { seed, index }] of origins.slice(from, from + count).entries())
        out.set(noiseSource('philox', seed, size, index + 1)(index, 1), i * size)
      return out
    }
    const request = {
      ...{ labels, plan, noise, seed: first.seed, batch: labels.length, origins, signal },
      ...(onProgress && { onProgress }),
    }
    let done = 0
    for await (const details of sample(this.family, this.programs, request)) {
      yield this.finished(details, { seed: origins[done]!.seed, rng: 'philox', plan, batched: true })
      if (++done === rows.length) return
    }
  }

  private finished(details: SampledImage, run: FinishedRun): SampleResult {
    const { seed, rng, plan, batched } = run
    const info = this.classInfo(details.label)
    const flagged = this.policy?.verdict(info.id) === 'flag'
    const settings = {
      model: this.name,
      class: details.label,
      className: info.name,
      ...{ seed, index: details.index, rng, plan },
      steps: steps(plan, this.family.groups.length),
      ...this.weights,
      batched,
      ...(flagged && { flagged }),
    }
    const side = this.family.imageSize
    const image = new GeneratedImage({
      data: toUint8(details.pixels, side, side),
      width: side,
      height: side,
      settings,
    })
    return { image, index: details.index, class: info, flagged, details }
  }

  /**
   * Name and synonyms of a class, and whether it is one of the sensitive ones.
   * @throws UsageError when the model's list has no such id
   * @example
   * model.classInfo(1).name // 'goldfish'
   */
  classInfo(id: number): ClassInfo {
    return classInfo(id, this.classes)
  }

  /** Closes networks, worker and files; what is still running is rejected. */
  async dispose(): Promise<void> {
    await this.programs.close()
    await this.engine.dispose()
    await this.opened.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  private noise({ noise, rng = 'philox', seed = 0 }: SampleOptions, shape: [number, number, number]): NoiseSource {
    if (typeof noise === 'function') return noise
    return noise ? givenNoise(noise.data, noise.shape, shape) : noiseSource(rng, seed, shape[1] * shape[2], shape[0])
  }

  private labels({ classes, count = 1 }: SampleOptions): number[] {
    if (!Array.isArray(classes)) {
      throw new UsageError('classes must be an array with one entry for every image.', {
        remedy: "For example classes: ['goldfish', 207].",
      })
    }
    if (!classes.length) throw new UsageError('No class was given.', { remedy: 'Name at least one, by id or name.' })
    if (!(Number.isInteger(count) && count > 0))
      throw new UsageError(`count must be a whole number above 0, got ${count}.`)
    const ids = classes.map((label) => resolveClass(label, this.classes))
    const beyond = ids.find((id) => id >= this.family.numClasses)
    if (beyond !== undefined) {
      throw new UsageError(`This checkpoint knows classes 0 to ${this.family.numClasses - 1}, got ${beyond}.`)
    }
    requireAllowed(
      this.policy,
      [...new Set(ids)].map((id) => this.classInfo(id)),
    )
    return ids.flatMap((id) => new Array<number>(count).fill(id))
  }
}

interface FinishedRun {
  seed: number
  rng: string
  plan: SamplingPlan
  batched: boolean
}

/** Whether an image shares its batch with others: products of a single row round differently. */
function isBatched(position: number, total: number, batch: number): boolean {
  const start = position - (position % batch)
  return Math.min(batch, total - start) > 1
}
