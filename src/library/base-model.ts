// The library's face wherever it runs: options to plan, plan to images. Node's Model adds files and their encodings; in a page
// the same class lives in a worker.

import { UsageError } from '../core/errors.ts'
import type { Engine } from '../engine/types.ts'
import { type RgbImage, toUint8 } from '../images/rgb.ts'
import type { DType } from '../models/weights.ts'
import type { Family } from '../sampling/family.ts'
import { tokensBefore } from '../sampling/family.ts'
import { givenNoise, type NoiseSource, noiseSource } from '../sampling/noise.ts'
import { isMixed, type NoiseRecipe, recipeNoise } from '../sampling/noise-recipe.ts'
import { checkPlan, type SamplingPlan, steps, type TeacherSettings } from '../sampling/plan.ts'
import { type Programs, programCache } from '../sampling/programs.ts'
import { decoded, type SampledImage, sample } from '../sampling/sampler.ts'
import { trajectoryStates } from '../sampling/trajectory.ts'
import { type ClassInfo, type ClassList, classInfo, resolveClass } from '../zoo/class-list.ts'
import type { SamplingPreset } from '../zoo/model-entry.ts'
import { type Policy, requireAllowed } from '../zoo/policy.ts'
import { checkOptions } from './check-options.ts'
import { choosePlan } from './choose-plan.ts'
import {
  type PlanChoice,
  planOptionsSchema,
  type RunImage,
  type SampleOptions,
  type SampleResult,
  type SettledImage,
  sampleSchema,
  type TogetherOptions,
  type TrajectoryOptions,
  type TrajectoryState,
  togetherSchema,
  trajectorySchema,
} from './sample-options.ts'

export interface BaseModelFacts {
  name: string
  classes: ClassList
  presets: readonly SamplingPreset[]
  teacherDefaults: TeacherSettings
  /** How the weights were opened, as far as images depend on it. */
  weights: { dtype: DType; ema: boolean }
  policy?: Policy | undefined
}

interface FinishedRun {
  seed: number
  rng: string
  plan: SamplingPlan
  batched: boolean
  noise?: NoiseRecipe | undefined
}

/** A loaded model. Holds an engine and opened networks until `dispose`. */
export class BaseModel<Image extends RgbImage> implements AsyncDisposable {
  readonly name: string
  readonly family: Family
  readonly engine: Engine
  readonly classes: ClassList
  readonly presets: readonly SamplingPreset[]
  /** How the weights were opened, as far as images depend on it. */
  readonly weights: BaseModelFacts['weights']
  /** Which classes are denied or flagged. */
  readonly policy: Policy | undefined
  private readonly teacherDefaults: TeacherSettings
  private readonly programs: Programs
  private readonly createImage: (image: SettledImage) => Image
  private readonly close: () => Promise<void>

  /** @param networks the family, how its programs are opened (by default each graph once), and what to close in the end */
  constructor(
    facts: BaseModelFacts,
    networks: { family: Family; programs?: Programs; close(): Promise<void> },
    engine: Engine,
    createImage: (image: SettledImage) => Image,
  ) {
    this.name = facts.name
    this.classes = facts.classes
    this.presets = facts.presets
    this.weights = facts.weights
    this.policy = facts.policy
    this.teacherDefaults = facts.teacherDefaults
    this.family = networks.family
    this.engine = engine
    this.programs = networks.programs ?? programCache(engine)
    this.createImage = createImage
    this.close = () => networks.close()
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
  plan(options: PlanChoice = {}): SamplingPlan {
    checkOptions('plan', planOptionsSchema, options)
    return checkPlan(choosePlan(options, this.presets, this.teacherDefaults, this.family), this.family)
  }

  /**
   * Samples all images and returns them together.
   * @throws UsageError for unknown or denied classes or impossible settings; the signal's reason when aborted
   * @example
   * const { images } = await model.sample({ classes: [1, 7], seed: 0, steps: 1 })
   * await images[0].save('first.png')
   */
  async sample(options: SampleOptions): Promise<{ images: Image[]; results: SampleResult<Image>[] }> {
    const results = []
    for await (const result of this.stream(options)) results.push(result)
    return { images: results.map((r) => r.image), results }
  }

  /**
   * Yields images as they are finished, in order.
   * @throws UsageError for unknown or denied classes or impossible settings; the signal's reason when aborted
   * @example
   * for await (const { image, index } of model.stream({ classes: [7], count: 4 })) await image.save(`${index}.png`)
   */
  async *stream(options: SampleOptions): AsyncGenerator<SampleResult<Image>> {
    checkOptions('sample', sampleSchema, options)
    const plan = this.plan(options)
    const seed = options.seed ?? 0
    const labels = this.labels(options)
    const batch = options.batch ?? 8
    const run = { plan, batch, lean: options.lean, signal: options.signal, onProgress: options.onProgress }
    if (isRecipes(options.noise))
      return yield* this.rows(this.mixedRows(labels, options.noise), { ...run, images: labels.length })
    const firstIndex = options.firstIndex ?? 0
    const { channels, groups } = this.family
    const noise = this.noise(options, [firstIndex + labels.length, tokensBefore(this.family, groups.length), channels])
    const rng = options.noise ? 'given' : (options.rng ?? 'philox')
    const { onProgress, ...request } = { ...run, labels, noise, seed, firstIndex }
    for await (const details of sample(this.family, this.programs, { ...request, ...(onProgress && { onProgress }) })) {
      const batched = isBatched(details.index - firstIndex, labels.length, batch)
      yield this.finished(details, { seed, rng, plan, batched })
    }
  }

  /**
   * Yields images of several runs, computed in one batch: each is the very image that its own run gives in a batch of two or
   * more (float32; int8 rounds by what shares the batch).
   * @param rows in the order they are yielded
   * @throws UsageError for a denied class or impossible settings; the signal's reason when aborted
   * @example
   * for await (const { image } of model.together([{ class: 1, seed: 7, index: 0 }])) await image.save('1.png')
   */
  async *together(
    rows: readonly RunImage[],
    { signal, onProgress, ...options }: TogetherOptions = {},
  ): AsyncGenerator<SampleResult<Image>> {
    checkOptions('together', togetherSchema, { ...options, signal, onProgress })
    const plan = this.plan(options)
    if (!rows.length) return
    this.labels({ classes: rows.map((row) => row.class) })
    yield* this.batch(rows, { plan, signal, onProgress })
  }

  /**
   * Yields an image on its way from noise to data: the sequence that the plan leads to takes the place of the noise, group by
   * group, and every state is decoded.
   * @throws UsageError for an unknown or denied class or impossible settings; the signal's reason when aborted
   * @example
   * for await (const { timestep, image } of model.trajectory({ class: 1, noise: { seed: 7 }, steps: 1 }))
   *   await image.save(`${timestep}.png`)
   */
  async *trajectory(asked: TrajectoryOptions): AsyncGenerator<TrajectoryState<Image>> {
    checkOptions('trajectory', trajectorySchema, asked)
    const { class: label, noise, signal, onProgress, ...options } = asked
    const plan = this.plan(options)
    const { family } = this
    const rows = this.mixedRows(this.labels({ classes: [label] }), [noise])
    for await (const { details } of this.batch(rows, { plan, signal, onProgress })) {
      const states = trajectoryStates(family, details.noise, details.sequence)
      let timestep = 0
      for await (const { pixels } of decoded(family, this.programs, states)) {
        signal?.throwIfAborted()
        const state = this.finished({ ...details, pixels }, { ...runOf(rows[0]!), plan, batched: true })
        yield { ...state, timestep: timestep++, last: family.groups.length }
      }
    }
  }

  /**
   * Name and synonyms of a class, and whether it is one of the sensitive ones.
   * @throws UsageError when the model's list has no such id
   * @example
   * model.classInfo(7).sensitive // false
   */
  classInfo(id: number): ClassInfo {
    return classInfo(id, this.classes)
  }

  /** Closes networks, worker and files; what is still running is rejected. */
  async dispose(): Promise<void> {
    await this.programs.close()
    await this.engine.dispose()
    await this.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  /** One batch. A batch of one rounds differently from a larger one, so a single row is computed beside one that is dropped. */
  private batch(rows: readonly RunImage[], run: Pick<RowsRun, 'plan' | 'signal' | 'onProgress'>) {
    const [first] = rows
    const origins = rows.length > 1 ? rows : [first!, { ...first!, index: first!.index + 1, noise: undefined }]
    return this.rows(origins, { ...run, batch: origins.length, images: rows.length })
  }

  /** Samples rows of several runs and yields the first `images` of them. */
  private async *rows(rows: readonly RunImage[], run: RowsRun): AsyncGenerator<SampleResult<Image>> {
    const { plan, batch, images, lean, signal, onProgress } = run
    const recipes = rows.map((row) => row.noise ?? row)
    const noise = recipeNoise(recipes, this.family)
    const request = {
      labels: rows.map((row) => row.class),
      plan,
      noise,
      seed: rows[0]!.seed,
      batch,
      origins: rows,
      lean,
      signal,
      ...(onProgress && { onProgress }),
    }
    let done = 0
    for await (const details of sample(this.family, this.programs, request)) {
      const batched = isBatched(done, rows.length, batch)
      yield this.finished(details, { ...runOf(rows[done]!), plan, batched })
      if (++done === images) return
    }
  }

  private finished(details: SampledImage, run: FinishedRun): SampleResult<Image> {
    const { seed, rng, plan, batched, noise } = run
    const info = this.classInfo(details.label)
    const flagged = this.policy?.verdict(info.id) === 'flag'
    const settings = {
      model: this.name,
      class: details.label,
      className: info.name,
      seed,
      index: details.index,
      rng,
      plan,
      ...(noise && { noise }),
      steps: steps(plan, this.family.groups.length),
      ...this.weights,
      batched,
      ...(flagged && { flagged }),
    }
    const side = this.family.imageSize
    const image = this.createImage({ data: toUint8(details.pixels, side, side), width: side, height: side, settings })
    return { image, index: details.index, class: info, flagged, details }
  }

  private mixedRows(labels: readonly number[], recipes: readonly NoiseRecipe[]): RunImage[] {
    if (recipes.length !== labels.length)
      throw new UsageError(`${labels.length} images were asked for with ${recipes.length} recipes for their noise.`)
    return labels.map((label, i) => {
      const { seed, index = 0 } = recipes[i]!
      return { class: label, seed, index, ...(isMixed(recipes[i]!) && { noise: recipes[i]! }) }
    })
  }

  private noise({ noise, rng = 'philox', seed = 0 }: SampleOptions, shape: [number, number, number]): NoiseSource {
    if (typeof noise === 'function') return noise
    if (noise && !isRecipes(noise)) return givenNoise(noise.data, noise.shape, shape, this.family.name)
    return noiseSource(rng, seed, shape[1] * shape[2], shape[0])
  }

  private labels({ classes, count = 1 }: Pick<SampleOptions, 'classes' | 'count'>): number[] {
    if (!classes.length) throw new UsageError('No class was given.', { remedy: 'Name at least one, by id or name.' })
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

interface RowsRun extends Pick<SampleOptions, 'lean' | 'signal' | 'onProgress'> {
  plan: SamplingPlan
  batch: number
  /** The rows behind these keep others company. */
  images: number
}

const runOf = ({ seed, noise }: RunImage) => ({ seed, rng: 'philox', noise })

const isRecipes = (noise: SampleOptions['noise']): noise is readonly NoiseRecipe[] => Array.isArray(noise)

/** Whether an image shares its batch with others: products of a single row round differently. */
function isBatched(position: number, total: number, batch: number): boolean {
  const start = position - (position % batch)
  return Math.min(batch, total - start) > 1
}
