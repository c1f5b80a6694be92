// What sampling may be asked for, as the schemas that check it; the types with their words are in asked.ts and choose-plan.ts.

import * as v from 'valibot'
import { solvers } from '../sampling/flow-schedule.ts'
import { generators } from '../sampling/noise.ts'
import type { TeacherSettings } from '../sampling/plan.ts'
import type { SampleOptions, TogetherOptions, TrajectoryOptions } from './asked.ts'
import { callback, flag, oneOfThese, signal, wholeAbove0, wholeNumber } from './check-options.ts'
import type { PlanOptions } from './choose-plan.ts'

const number = v.optional(v.number('must be a number'))

const teacher = v.strictObject(
  {
    ...{ cfg: number, cfgInterval: number, topK: number, topP: number, temperature: number },
    greedy: v.optional(flag),
    prefixMask: v.optional(oneOfThese(['none', 'causal'])),
  } satisfies Record<keyof TeacherSettings, v.GenericSchema>,
  'must be settings such as { cfg: 2 }',
)

const flow = v.strictObject({ solver: v.optional(oneOfThese(solvers)), steps: number }, 'must be true or settings')

const plan = {
  steps: v.optional(wholeAbove0),
  timesteps: v.optional(v.array(v.number('must be a whole number'), 'must be a list such as [0, 5]')),
  split: number,
  teacherFrom: number,
  teacherOnly: v.optional(flag),
  flow: v.optional(v.union([flag, flow], 'must be true or settings')),
  teacher: v.optional(teacher),
} satisfies Record<keyof PlanOptions, v.GenericSchema>

const watch = { signal: v.optional(signal), onProgress: v.optional(callback) }

const sample = {
  ...plan,
  classes: v.array(
    v.union([v.string(), v.number()], 'must be a class id or a name'),
    'must be an array such as ["goldfish", 207]',
  ),
  count: v.optional(wholeAbove0),
  seed: v.optional(wholeNumber),
  rng: v.optional(oneOfThese(generators)),
  noise: v.optional(
    v.union(
      [v.function(), v.array(v.looseObject({})), v.looseObject({})],
      'must be an array with its shape, recipes, or a function',
    ),
  ),
  firstIndex: v.optional(wholeNumber),
  batch: v.optional(wholeAbove0),
  lean: v.optional(flag),
  ...watch,
} satisfies Record<keyof SampleOptions, v.GenericSchema>

export const sampleSchema = v.strictObject(sample)
/** `plan` takes whatever sampling takes, so that one object serves both. */
export const planSchema = v.strictObject({ ...sample, classes: v.optional(sample.classes) })
export const togetherSchema = v.strictObject({ ...plan, ...watch } satisfies Record<
  keyof TogetherOptions,
  v.GenericSchema
>)
export const trajectorySchema = v.strictObject({
  ...plan,
  ...watch,
  class: v.union([v.string(), v.number()], 'must be a class id or a name'),
  noise: v.looseObject({}, 'must be a recipe such as { seed: 7 }'),
} satisfies Record<keyof TrajectoryOptions, v.GenericSchema>)
