// The types of a model's entry: its file, its architecture, how to sample from it, what was published.

import type { TokenizerArchitecture, TransformerArchitecture } from '../models/architecture.ts'
import type { ClassList } from './classes.ts'

/** A file of a Hugging Face repository; `mirrors` hold the same file under the same name. */
export interface HubFile {
  readonly repo: string
  readonly file: string
  readonly mirrors?: readonly string[]
}

/** A file that comes with this package, relative to its root. */
export interface PackageFile {
  readonly package: string
}

/** Figures printed by the authors, ImageNet 256x256, 50,000 samples; seconds an image on the authors' GPU. */
export interface Published {
  readonly source: 'DD' | 'VAR' | 'LlamaGen'
  readonly steps: number
  readonly fid: number
  readonly inceptionScore?: number
  readonly precision?: number
  readonly recall?: number
  readonly seconds?: number
  /** Against the teacher's own sampling. */
  readonly speedup?: number
}

/** One way to sample from a student. */
export interface SamplingPreset {
  /** Network evaluations for an image, the teacher's included. */
  readonly steps: number
  /** Finished groups at each student step. */
  readonly timesteps: readonly number[]
  /** Groups before this one take the arg-max codebook entry, the others the continuous head's output. */
  readonly split: number
  /** The teacher samples the groups from this one to the last timestep. */
  readonly teacherFrom?: number
  readonly published?: Published
}

/** How a teacher samples; topK 0 keeps all tokens. */
export interface TeacherSampling {
  readonly cfg: number
  readonly topK: number
  readonly topP: number
  readonly temperature: number
}

interface EntryBase {
  readonly name: string
  readonly source: HubFile | PackageFile
  /** Side of the images, in pixels. */
  readonly imageSize: number
  /** The classes it was trained on; ImageNet's unless given. */
  readonly classes?: ClassList
}

export interface StudentEntry extends EntryBase {
  readonly kind: 'student'
  readonly architecture: TransformerArchitecture
  readonly teacher?: string
  readonly tokenizer: string
  /** One step first. */
  readonly presets: readonly SamplingPreset[]
}

export interface TeacherEntry extends EntryBase {
  readonly kind: 'teacher'
  readonly architecture: TransformerArchitecture
  readonly tokenizer: string
  readonly sampling: TeacherSampling
  readonly published?: Published
}

export interface TokenizerEntry extends EntryBase {
  readonly kind: 'tokenizer'
  readonly architecture: TokenizerArchitecture
}

/** A model of the zoo; its kind tells which fields it has. */
export type ModelEntry = StudentEntry | TeacherEntry | TokenizerEntry
