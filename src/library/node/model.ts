// A model in Node: loaded from files, its images on their way into others. `load` makes them.

import type { Engine } from '../../engine/types.ts'
import { GeneratedImage } from '../../images/node/image.ts'
import type { Family } from '../../sampling/family.ts'
import type { Programs } from '../../sampling/programs.ts'
import { BaseModel, type BaseModelFacts } from '../base-model.ts'
import type { SampleResult as ResultOf, TrajectoryState as StateOf } from '../sample-options.ts'
import type { ModelFiles } from './open.ts'

export type { GivenNoise, RunImage, SampleOptions, TogetherOptions, TrajectoryOptions } from '../sample-options.ts'

export type SampleResult = ResultOf<GeneratedImage>
export type TrajectoryState = StateOf<GeneratedImage>

export interface ModelFacts extends BaseModelFacts {
  /** What it was opened from. */
  files?: OpenedFiles
}

/** Paths of checkpoints, or of an exported folder's config.json, which has the hashes of all its files. */
export interface OpenedFiles extends ModelFiles {
  exported?: string | undefined
}

/**
 * A loaded model; `load` makes them. Holds an engine (a worker thread) and opened networks until `dispose`.
 * @example
 * const { images } = await model.sample({ classes: [1], count: 2 })
 */
export class Model extends BaseModel<GeneratedImage> {
  readonly files: OpenedFiles

  constructor(
    facts: ModelFacts,
    opened: { family: Family; programs?: Programs; close(): Promise<void> },
    engine: Engine,
  ) {
    super(facts, opened, engine, (image) => new GeneratedImage(image))
    this.files = facts.files ?? {}
  }
}
