// What the page and the server say to each other, as types. Runs in a browser, too.
import type { Verdict } from './events.ts'

export interface WireImage {
  /** The file in the review's folder; what verdicts name. */
  path: string
  /** Its bytes, and its address: /images/<sha256>.png */
  sha256: string
  model: string
  class: number
  className: string
  synonyms: string[]
  n: number
  index: number
  verdict?: { verdict: Verdict; reviewer: string; time: string }
  note?: { text: string; reviewer: string }
  /** A verdict was given on other bytes and does not count. */
  changed?: true
}

export interface WireModel {
  id: string
  sampler: string
  /** "seed 0", "timesteps 0", ... */
  settings: string[]
  /** "student sprites-var-dd.safetensors 1a2b3c4d5e6f" */
  checkpoints: string[]
}

export interface WireReview {
  /** Name of the folder, without what leads there. */
  folder: string
  models: WireModel[]
  /** In the order they are looked at. */
  images: WireImage[]
  /** What the reviewer should know: missing images, torn lines. */
  faults: string[]
}

/** The answer to an action. */
export interface WireOutcome {
  /** The image that it was about, as it stands now; null when there was nothing to undo. */
  image: WireImage | null
  /** What an undo took back. */
  undone?: 'verdict' | 'note'
}
