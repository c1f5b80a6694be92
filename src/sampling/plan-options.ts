// Every option of sampling, once: its name, bounds, unit and description. From this table are made the options of the library, the
// flags of the command line, the parameters of requests, the settings of a mass run and the bodies that the web app sends.
//
// Options have three forms. As a program gives them they are nested (`{ teacher: { cfg: 2 } }`); everywhere else they are flat
// (`cfg`), in kebab case as flags and in snake case in requests. A plan is what they come to for one model.

import * as v from 'valibot'
import { flag, whole, wholeList } from '../core/schemas.ts'
import type { Family } from './family.ts'
import { flowSchema } from './flow-schedule.ts'
import { groupIndex, mostGroups, type SamplingPlan, teacherSchema } from './plan.ts'

const studentOptions = {
  steps: whole(1, mostGroups, 'number', "the model's preset with this number of network evaluations (default: 1)"),
  timesteps: wholeList(0, mostGroups, mostGroups, 'group', 'finished groups at each student step, such as 0,5'),
  split: groupIndex('groups before this one become codebook entries, the others stay continuous'),
  teacherFrom: groupIndex('the teacher samples from this group to the last timestep'),
  teacherOnly: flag('sample with the teacher only, group by group'),
}

/** The flat options, in the order of the help. */
export const optionEntries = {
  ...studentOptions,
  flow: flag("the teacher's flow map from noise to tokens, which students are trained to compute"),
  solver: flowSchema.entries.solver,
  odeSteps: flowSchema.entries.steps,
  ...teacherSchema.entries,
}

type Entries = typeof optionEntries
export type OptionName = keyof Entries
export type FlatOptions = { [K in OptionName]?: v.InferOutput<Entries[K]> | undefined }

export const teacherOptions = Object.keys(teacherSchema.entries) as (keyof typeof teacherSchema.entries)[]

/** Options as a program gives them. */
export const planOptionEntries = v.partial(
  v.object({
    /** Network evaluations: picks the model's preset with that many. */
    steps: studentOptions.steps,
    /** Finished groups at each student step, e.g. [0, 5]. */
    timesteps: studentOptions.timesteps,
    /** Groups before this one are quantised, the others stay continuous. */
    split: studentOptions.split,
    /** The teacher samples the groups from this one to the last timestep. */
    teacherFrom: studentOptions.teacherFrom,
    /** The teacher alone, group by group. */
    teacherOnly: studentOptions.teacherOnly,
    /** The teacher alone, its tokens by its flow map from the noise: the map that students learn. */
    flow: v.union(
      [optionEntries.flow, v.partial(v.strictObject(flowSchema.entries, 'must be true or settings'))],
      'must be true or settings',
    ),
    /** Settings of the teacher that differ from the model's defaults. */
    teacher: v.partial(v.strictObject(teacherSchema.entries, 'must be settings such as { cfg: 2 }')),
  }),
).entries

export type PlanOptions = v.InferOutput<v.ObjectSchema<typeof planOptionEntries, undefined>>

/**
 * Flat options as a program gives them; other keys are left out.
 * @example
 * nestedOptions({ steps: 2, cfg: 3 }) // { steps: 2, teacher: { cfg: 3 } }
 */
export function nestedOptions(flat: FlatOptions): PlanOptions {
  const { flow, solver, odeSteps } = flat
  const settings = defined({ solver, steps: odeSteps })
  const teacher = picked(flat, teacherOptions)
  return {
    ...picked(flat, studentOptionNames),
    ...((flow || !isEmpty(settings)) && { flow: isEmpty(settings) ? true : settings }),
    ...(!isEmpty(teacher) && { teacher }),
  }
}

/**
 * Options of a program as flat ones.
 * @example
 * flatOptions({ flow: { steps: 64 }, teacher: { cfg: 3 } }) // { flow: true, odeSteps: 64, cfg: 3 }
 */
export function flatOptions({ flow, teacher, ...rest }: PlanOptions): FlatOptions {
  const { solver, steps: odeSteps } = typeof flow === 'object' ? flow : {}
  return defined({ ...rest, flow: flow ? true : undefined, solver, odeSteps, ...teacher })
}

/** What may lead from noise to data, step by step. */
export const trajectoryPaths = {
  flow: { flow: true },
  teacher: { teacherOnly: true },
  student: { steps: 1 },
} as const satisfies Record<string, PlanOptions>
export type TrajectoryPath = keyof typeof trajectoryPaths

/** A plan as the options that lead to it. */
export function planAsOptions(plan: SamplingPlan): PlanOptions {
  if (plan.kind === 'student') return { timesteps: plan.timesteps, split: plan.split }
  const { teacher } = plan
  if (plan.kind === 'teacher') return plan.flow ? { flow: plan.flow, teacher } : { teacherOnly: true, teacher }
  const { timestep, split, teacherFrom } = plan
  return { timesteps: [0, timestep], split, teacherFrom, teacher }
}

const studentOptionNames = Object.keys(studentOptions) as (keyof typeof studentOptions)[]

export const isTeacherOption = (name: string): name is keyof typeof teacherSchema.entries =>
  Object.hasOwn(teacherSchema.entries, name)

const families: Partial<Record<OptionName, Family['name']>> = { cfgInterval: 'llamagen', prefixMask: 'var' }

/** Whether models of a family have an option. */
export const belongsTo = (name: OptionName, family: unknown): boolean => (families[name] ?? family) === family

/**
 * A name of the library as a flag of the command line, without its dashes.
 * @example
 * kebabCase('teacherFrom') // 'teacher-from'
 */
export const kebabCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

export type SnakeCase<S extends string> = S extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : S
export type SnakeKeys<T> = { [K in keyof T & string as SnakeCase<K>]: T[K] }

/**
 * An object with its keys as requests have them.
 * @example
 * snakeKeys({ teacherFrom: 4 }) // { teacher_from: 4 }
 */
export const snakeKeys = <T extends object>(values: T): SnakeKeys<T> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [kebabCase(name).replaceAll('-', '_'), value]),
  ) as SnakeKeys<T>

/**
 * The way back.
 * @example
 * camelKeys({ teacher_from: 4 }) // { teacherFrom: 4 }
 */
export const camelKeys = (values: object): object =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()),
      value,
    ]),
  )

/** The entries that are not undefined. */
export function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}

const picked = <K extends OptionName>(flat: FlatOptions, names: readonly K[]): Pick<FlatOptions, K> =>
  defined(Object.fromEntries(names.map((name) => [name, flat[name]]))) as Pick<FlatOptions, K>

const isEmpty = (values: object): boolean => !Object.keys(values).length
