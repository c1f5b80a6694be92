// A Backend makes the pictures that the views ask for. There are two: the HTTP server that serves the page, and ONNX Runtime in the
// page itself. Views use this interface and do not depend on which of them answers.

import type { NoiseOrigin, NoiseRecipe } from '../../../src/sampling/noise-recipe.ts'
import type { PlanOptions, TrajectoryPath } from '../../../src/sampling/plan-options.ts'
import type { SamplingPreset } from '../../../src/zoo/model-entry.ts'

export type { NoiseOrigin, NoiseRecipe, PlanOptions }

export interface ImageAsk {
  class: number
  noise: NoiseRecipe
}

export interface SampleAsk {
  model: string
  options: PlanOptions
  /** At most `mostImages` in one request. */
  images: ImageAsk[]
}

/** The most images of one request. */
export const mostImages = 10

export interface TrajectoryAsk {
  model: string
  class: number
  noise: NoiseRecipe
  by: TrajectoryPath
}

export interface Picture {
  /** Position in the request. */
  place: number
  class: number
  className: string
  /** PNG with its settings inside (text "distilled-decoding"), as `distilled sample` writes it. */
  png: Blob
  width: number
  height: number
  settings: Record<string, unknown>
  /** The policy marks images of this class. */
  flagged: boolean
}

/** A trajectory's state: the first `timestep` groups are data, the rest noise, decoded. */
export interface State {
  timestep: number
  steps: number
  picture: Picture
}

export interface Watch {
  signal?: AbortSignal | undefined
  onQueued?(ahead: number): void
  onStep?(step: number, steps: number): void
  onPicture?(picture: Picture): void
  onState?(state: State): void
}

export type Preset = Omit<SamplingPreset, 'published'>

export interface ModelInfo {
  id: string
  family: 'var' | 'llamagen'
  imageSize: number
  /** Tokens of every group. */
  groups: number[]
  classes: number
  student: boolean
  teacher: boolean
  presets: Preset[]
  defaultSteps: number
  /** Bytes to download before it runs in the page; undefined on a server. */
  bytes?: number
  device?: string
}

export interface ClassEntry {
  id: number
  name: string
  synonyms: string[]
  sensitive: boolean
  policy: 'allow' | 'flag' | 'deny'
}

export interface Opened {
  device: string
  threads: number
  /** Such as 'WebGPU is not there: wasm'. */
  notes: string[]
}

export interface Done {
  /** Seconds of computing, without the wait in a queue. */
  seconds: number
}

export interface Backend {
  readonly kind: 'server' | 'page'
  /** The default model first; BackendError when the server does not answer. */
  models(): Promise<ModelInfo[]>
  classes(model: string): Promise<ClassEntry[]>
  isOpen(model: string): boolean
  open(model: string, watch?: { signal?: AbortSignal; onDownload?(done: number, total: number): void }): Promise<Opened>
  sample(ask: SampleAsk, watch: Watch): Promise<Done>
  trajectory(ask: TrajectoryAsk, watch: Watch): Promise<Done>
}

/** The kinds of errors that the page distinguishes. */
export type FaultCode =
  /** The server does not answer. */
  | 'gone'
  | 'no_model'
  /** The policy denies the class. */
  | 'denied'
  /** 429: too many requests wait. */
  | 'queue_full'
  | 'timeout'
  /** The server requires its token. */
  | 'token'
  | 'invalid'
  | 'engine'

interface FaultDetails {
  remedy?: string | undefined
  /** Whether trying again may help. */
  again?: boolean
  code?: FaultCode
  /** Seconds to wait before trying again. */
  after?: number | undefined
  cause?: unknown
}

/** An error for a person: what happened, what to do, and whether trying again may help. */
export class BackendError extends Error {
  readonly remedy: string | undefined
  readonly again: boolean
  readonly code: FaultCode | undefined
  readonly after: number | undefined

  constructor(message: string, { remedy, again = false, code, after, cause }: FaultDetails = {}) {
    super(message, { cause })
    this.name = 'BackendError'
    this.remedy = remedy
    this.again = again
    this.code = code
    this.after = after
  }
}

/** Whether an error is a cancellation, which is not shown. */
export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError'
