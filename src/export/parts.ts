// Which graphs an exported folder holds: a student for every pair of timestep and split that a preset of the student alone
// uses, and the decoder. Both students of a model share one file of weights, so a second step costs the bytes of its nodes.
// Presets in which the teacher takes part are left out: the KV cache and the random draws need a program, not only a graph.

import { presetsOf } from '../library/choose-plan.ts'
import type { Model } from '../library/node/model.ts'
import { tokensBefore } from '../sampling/family.ts'
import type { Published } from '../zoo/model-entry.ts'

export interface StudentPart {
  /** Name of the file, without its ending. */
  name: string
  /** What sampling/sampler.ts calls the program. */
  program: string
  timestep: number
  split: number
  /** Tokens of x that are data. */
  finishedTokens: number
  /** Tokens in front of the split. */
  splitTokens: number
}

/** One way to sample: the graphs to run in turn, then the decoder. */
export interface ExportedPreset {
  steps: number
  timesteps: readonly number[]
  split: number
  graphs: string[]
  published?: Published
}

export interface Parts {
  students: StudentPart[]
  presets: ExportedPreset[]
}

/**
 * @example
 * exportedParts(model).students.map(({ name }) => name) // ['student_t0']
 */
export function exportedParts({ presets: known, family }: Pick<Model, 'presets' | 'family'>): Parts {
  const alone = known.filter(({ teacherFrom }) => teacherFrom === undefined)
  const presets = presetsOf(alone, family)
  const pairs = new Map<string, { timestep: number; split: number }>()
  for (const { timesteps, split } of presets) {
    for (const timestep of timesteps) pairs.set(`student:${timestep}:${split}`, { timestep, split })
  }
  const all = [...pairs.values()]
  const nameOf = (timestep: number, split: number) => {
    const lone = all.filter((other) => other.timestep === timestep).length === 1
    return lone ? `student_t${timestep}` : `student_t${timestep}_s${split}`
  }
  return {
    students: Array.from(pairs, ([program, { timestep, split }]) => ({
      name: nameOf(timestep, split),
      program,
      timestep,
      split,
      finishedTokens: tokensBefore(family, timestep),
      splitTokens: tokensBefore(family, split),
    })),
    presets: presets.map(({ steps, timesteps, split, published }) => ({
      steps,
      timesteps,
      split,
      graphs: timesteps.map((timestep) => nameOf(timestep, split)),
      ...(published && { published }),
    })),
  }
}
