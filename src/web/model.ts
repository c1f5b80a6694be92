// The model in a page: the same methods as Node's Model, run by a worker. Plans are made and checked here, so that a wrong
// setting fails before a message is sent.

import { UsageError } from '../core/errors.ts'
import type { WebDevice } from '../engine/web-runtime.ts'
import { choosePlan } from '../library/choose-plan.ts'
import type {
  SampleOptions as BaseOptions,
  SampleResult as BaseResult,
  TrajectoryState as BaseState,
  PlanChoice,
  RunImage,
  SettledImage,
  TogetherOptions,
  TrajectoryOptions,
} from '../library/sample-options.ts'
import type { NoiseSource } from '../sampling/noise.ts'
import { checkPlan, type SamplingPlan } from '../sampling/plan.ts'
import type { SampleProgress } from '../sampling/sampler.ts'
import { type ClassInfo, type ClassList, classInfo } from '../zoo/class-list.ts'
import type { SamplingPreset } from '../zoo/model-entry.ts'
import { WebImage } from './image.ts'
import type { Link } from './link.ts'
import type { FamilyFacts, Method, Opened } from './protocol.ts'

/** As in Node, but noise is an array or recipes: a function cannot be sent to the worker. */
export type SampleOptions = Omit<BaseOptions, 'noise'> & { noise?: Exclude<BaseOptions['noise'], NoiseSource> }
export type SampleResult = BaseResult<WebImage>
export type TrajectoryState = BaseState<WebImage>

interface Watch {
  signal?: AbortSignal | undefined
  onProgress?: ((event: SampleProgress) => void) | undefined
}

/**
 * A model in a worker of this page; `load` makes them.
 * @example
 * const { images } = await model.sample({ classes: ['boat'], seed: 7 })
 * document.querySelector('img').src = URL.createObjectURL(await images[0].blob())
 */
export class WebModel implements AsyncDisposable {
  readonly name: string
  /** Token groups, channels, classes, size of the images, and whether student and teacher are there. */
  readonly family: FamilyFacts
  readonly classes: ClassList
  readonly presets: readonly SamplingPreset[]
  /** What it computes on, after the self-test. */
  readonly device: WebDevice
  /** Threads of the processor. */
  readonly threads: number
  /** What differs from the request or could be faster: no WebGPU, wrong results on it, only one thread. */
  readonly notes: readonly string[]
  private readonly facts: Opened
  private readonly link: Link

  constructor(facts: Opened, link: Link) {
    this.facts = facts
    this.link = link
    this.name = facts.name
    this.family = facts.family
    this.classes = facts.classes
    this.presets = facts.presets
    this.device = facts.device
    this.threads = facts.threads
    this.notes = facts.notes
  }

  /** Side of the images in pixels. */
  get imageSize(): number {
    return this.family.imageSize
  }

  /**
   * The plan that the options ask for, checked against this model.
   * @throws UsageError when they contradict each other or this model cannot follow them
   */
  plan(options: PlanChoice = {}): SamplingPlan {
    const { presets, teacherDefaults, family } = this.facts
    const plan = choosePlan(options, presets, teacherDefaults, family)
    if (plan.kind !== 'student' && !family.teacher) {
      throw new UsageError('This way of sampling needs the teacher, and it is not loaded.', {
        remedy: 'Load the model with needTeacher: true, or with the address of its teacher.',
      })
    }
    return checkPlan(plan, family)
  }

  /**
   * Samples all images and returns them together.
   * @throws UsageError for unknown classes or impossible settings; the signal's reason when aborted
   */
  async sample(options: SampleOptions): Promise<{ images: WebImage[]; results: SampleResult[] }> {
    const results: SampleResult[] = []
    for await (const result of this.stream(options)) results.push(result)
    return { images: results.map((r) => r.image), results }
  }

  /** Yields images as they are finished, in order; leaving the loop stops the work. */
  async *stream({ signal, onProgress, ...options }: SampleOptions): AsyncGenerator<SampleResult> {
    this.plan(options)
    if (typeof options.noise === 'function') {
      throw new UsageError('A function cannot go into the worker.', {
        remedy: 'Give noise as an array, or as recipes.',
      })
    }
    yield* this.items<SampleResult>('stream', options, { signal, onProgress })
  }

  /** Yields images of several runs, computed in one batch: each is the very image that its own run gives in a batch. */
  async *together(
    rows: readonly RunImage[],
    { signal, onProgress, ...options }: TogetherOptions = {},
  ): AsyncGenerator<SampleResult> {
    this.plan(options)
    yield* this.items<SampleResult>('together', { rows, options }, { signal, onProgress })
  }

  /** Yields an image on its way from noise to data, decoded after every token group. */
  async *trajectory({ signal, onProgress, ...options }: TrajectoryOptions): AsyncGenerator<TrajectoryState> {
    this.plan(options)
    yield* this.items<TrajectoryState>('trajectory', options, { signal, onProgress })
  }

  /**
   * Name and synonyms of a class, and whether it is one of the sensitive ones.
   * @throws UsageError when the model's list has no such id
   */
  classInfo(id: number): ClassInfo {
    return classInfo(id, this.classes)
  }

  /** Ends the worker and frees what it holds; what is still running is rejected. */
  async dispose(): Promise<void> {
    this.link.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  private async *items<T extends { image: WebImage }>(
    method: Method,
    params: unknown,
    { signal, onProgress }: Watch,
  ): AsyncGenerator<T> {
    signal?.throwIfAborted()
    const leaving = new AbortController()
    const waiting: T[] = []
    let wake = () => {}
    let done = false
    const call = this.link
      .call(method, params, {
        signal: signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal,
        onEvent({ type, value }) {
          if (type === 'progress') onProgress?.(value as SampleProgress)
          else {
            const item = value as T & { image: SettledImage }
            waiting.push({ ...item, image: new WebImage(item.image) })
          }
          wake()
        },
      })
      .finally(() => {
        done = true
        wake()
      })
    call.catch(() => {}) // it is awaited below, unless the loop is left before
    try {
      for (;;) {
        const item = waiting.shift()
        if (item) yield item
        else if (done) break
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
      await call
    } finally {
      leaving.abort()
    }
  }
}
