// A model in Node: loaded from files, its images on their way into others. `load` makes them.

import type { Engine } from '../engine/types.ts'
import { GeneratedImage } from '../images/image.ts'
import type { SampleResult as ResultOf, TrajectoryState as StateOf } from './asked.ts'
import { BaseModel, type BaseModelFacts } from './base-model.ts'
import type { ModelFiles, OpenedModel } from './open.ts'

export type { GivenNoise, RunImage, SampleOptions, TogetherOptions, TrajectoryOptions } from './asked.ts'

export type SampleResult = ResultOf<GeneratedImage>
export type TrajectoryState = StateOf<GeneratedImage>

export interface ModelFacts extends BaseModelFacts {
  /** What it was opened from. */
  files?: ModelFiles
}

/**
 * A loaded model; `load` makes them. Holds an engine (a worker thread) and opened networks until `dispose`.
 * @example
 * const { images } = await model.sample({ classes: [1], count: 2 })
 */
export class Model extends BaseModel<GeneratedImage> {
  /** Paths of the checkpoint files. */
  readonly files: ModelFiles

  constructor(facts: ModelFacts, opened: OpenedModel, engine: Engine) {
    super(facts, opened, engine, (image) => new GeneratedImage(image))
    this.files = facts.files ?? {}
  }
}
