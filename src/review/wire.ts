// The types of the messages between the page and the server. Also runs in a browser.
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
  /** Name of the folder, without its parents. */
  folder: string
  models: WireModel[]
  /** In the order of the review. */
  images: WireImage[]
  /** What the reviewer should know: missing images, torn lines. */
  faults: string[]
}

/** The answer to an action. */
export interface WireOutcome {
  /** The image of the action in its new state; null when there was nothing to undo. */
  image: WireImage | null
  /** What an undo took back. */
  undone?: 'verdict' | 'note'
}
