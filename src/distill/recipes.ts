// What `distilled reproduce` trains, per family: everything in which a run departs from the defaults of settings.ts, and
// the pairs between teacher and student. `quickened` turns a recipe into a short demonstration without useful results.

import { defaultFlow } from '../sampling/flow-schedule.ts'
import type { Resolved } from './knobs.ts'
import type { classifierSettings, studentSettings, teacherSettings, tokenizerSettings } from './settings.ts'
import type { FamilyName } from './stages.ts'

export interface Recipe {
  classifier: Partial<Resolved<typeof classifierSettings>>
  tokenizer: Partial<Resolved<typeof tokenizerSettings>>
  teacher: Partial<Resolved<typeof teacherSettings>>
  /** How many, and how the teacher samples them. */
  pairs: { count: number; cfg: number; topK: number; topP: number; odeSteps: number }
  student: Partial<Resolved<typeof studentSettings>>
  /** Images of every row, as many of each of the twelve classes; groups from which the teacher helps, and how many of its last groups the skip baselines leave out. */
  table: { count: number; teacherFrom: readonly number[]; skips: readonly number[] }
}

const classifier = { steps: 1200 }
const tokenizer = { steps: 2200, lr: 1.2e-3, reviveEvery: 40, sheetEvery: 400 }
const flow = { topK: 0, topP: 1, odeSteps: defaultFlow.steps }
const transformer = { batch: 32, microBatch: 16, checkpointEvery: 150 }

export const recipes: Readonly<Record<FamilyName, Recipe>> = {
  var: {
    classifier,
    tokenizer,
    teacher: { ...transformer, steps: 2100, depth: 6, dim: 128, heads: 4, validateEvery: 300, sheetEvery: 700 },
    pairs: { ...flow, count: 30_000, cfg: 1.5 },
    student: { ...transformer, steps: 3000, timesteps: [0, 3], split: 3, sheetEvery: 400 },
    table: { count: 9996, teacherFrom: [2, 1, 0], skips: [1, 2] },
  },
  llamagen: {
    classifier,
    tokenizer,
    teacher: { ...transformer, steps: 2600, depth: 6, dim: 160, heads: 5, cfg: 2, validateEvery: 300, sheetEvery: 700 },
    pairs: { ...flow, count: 30_000, cfg: 2 },
    student: { ...transformer, steps: 3800, timesteps: [0, 24], split: 48, sheetEvery: 400 },
    table: { count: 9996, teacherFrom: [16, 8, 0], skips: [16, 32] },
  },
}

/** A recipe of about a minute on two cores: few steps of small networks, whose images are blots. */
export function quickened({ classifier, tokenizer, teacher, pairs, student, table }: Recipe): Recipe {
  const brief = { steps: 30, batch: 16, microBatch: 16, warmupSteps: 2, heldOut: 32, validateEvery: 30, sheetEvery: 30 }
  return {
    classifier: { ...classifier, ...brief, channels: [8, 16, 16, 16] },
    tokenizer: { ...tokenizer, ...brief, ch: 8, normGroups: 4, vocabSize: 64, reviveEvery: 10 },
    teacher: { ...teacher, ...brief, depth: 2, dim: 64, heads: 2, images: 256 },
    pairs: { ...pairs, count: 128, odeSteps: 8 },
    student: { ...student, ...brief },
    table: { ...table, count: 96 },
  }
}
