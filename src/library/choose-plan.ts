// From what a person asks for (a number of steps, some flags) to a sampling plan: a preset of the model where one fits,
// the given values where they are given.

import { UsageError } from '../core/errors.ts'
import type { Family } from '../sampling/family.ts'
import { defaultFlow, type FlowSettings } from '../sampling/flow-schedule.ts'
import type { SamplingPlan, TeacherSettings } from '../sampling/plan.ts'
import type { SamplingPreset } from '../zoo/model-entry.ts'

export interface PlanOptions {
  /** Network evaluations: picks the model's preset with that many. */
  steps?: number | undefined
  /** Finished groups at each student step, e.g. [0, 5]. */
  timesteps?: readonly number[] | undefined
  /** Groups before this one are quantised, the others stay continuous. */
  split?: number | undefined
  /** The teacher samples the groups from this one to the last timestep. */
  teacherFrom?: number | undefined
  /** The teacher alone, group by group. */
  teacherOnly?: boolean | undefined
  /** The teacher alone, its tokens by its flow map from the noise: the map that students learn. */
  flow?: boolean | { [K in keyof FlowSettings]?: FlowSettings[K] | undefined } | undefined
  /** Settings of the teacher that differ from the model's defaults. */
  teacher?: Partial<TeacherSettings> | undefined
}

export function choosePlan(
  options: PlanOptions,
  presets: readonly SamplingPreset[],
  defaults: TeacherSettings,
  family: Family,
): SamplingPlan {
  const teacher = { ...defaults, ...defined(options.teacher ?? {}) }
  const studentAsked = options.steps ?? options.timesteps ?? options.split ?? options.teacherFrom
  const flow = options.flow ? { ...defaultFlow, ...(options.flow === true ? {} : defined(options.flow)) } : undefined
  if (options.teacherOnly || flow) {
    if (studentAsked !== undefined) {
      throw new UsageError('The teacher alone takes no `steps`, `timesteps`, `split` or `teacherFrom`.', {
        remedy: 'Leave them out.',
      })
    }
    return { kind: 'teacher', teacher, ...(flow && { flow }) }
  }
  if (!family.student && studentAsked === undefined) return { kind: 'teacher', teacher }
  const preset = matchingPreset(options, presets)
  const timesteps = options.timesteps ?? preset?.timesteps
  const split = options.split ?? preset?.split ?? presets[0]?.split ?? Math.floor(family.groups.length / 2)
  const teacherFrom = options.teacherFrom ?? (options.timesteps ? undefined : preset?.teacherFrom)
  if (teacherFrom === undefined) return { kind: 'student', timesteps: timesteps ?? [0], split }
  const last = timesteps?.at(-1)
  if (timesteps === undefined || last === undefined || timesteps.length !== 2 || timesteps[0] !== 0) {
    throw new UsageError(
      '`teacherFrom` needs two `timesteps`: 0 and the group at which the student takes over again.',
      {
        remedy: 'For example `timesteps: [0, 5]` with `teacherFrom: 4`.',
      },
    )
  }
  return { kind: 'teacher-involved', timestep: last, split, teacherFrom, teacher }
}

/** A plan as the options that lead to it. */
export function planAsOptions(plan: SamplingPlan): PlanOptions {
  if (plan.kind === 'teacher')
    return { teacherOnly: true, teacher: plan.teacher, ...(plan.flow && { flow: plan.flow }) }
  if (plan.kind === 'student') return { timesteps: plan.timesteps, split: plan.split }
  const { timestep, split, teacherFrom, teacher } = plan
  return { timesteps: [0, timestep], split, teacherFrom, teacher }
}

function matchingPreset(options: PlanOptions, presets: readonly SamplingPreset[]): SamplingPreset | undefined {
  const { steps, timesteps, teacherFrom } = options
  if (steps !== undefined && timesteps !== undefined && steps !== timesteps.length && teacherFrom === undefined) {
    throw new UsageError(`${steps} steps and ${timesteps.length} timesteps contradict each other.`, {
      remedy: 'Give one of them.',
    })
  }
  if (steps !== undefined && timesteps === undefined) {
    if (steps === 1 && !presets.length) return { steps: 1, timesteps: [0], split: 0 }
    const found = presets.find((p) => p.steps === steps)
    if (found) return found
    const known = presets.map((p) => p.steps).join(', ') || '1'
    throw new UsageError(`This model has no preset with ${steps} steps (it has ${known}).`, {
      remedy: 'Give `timesteps` and `split` for other ways.',
    })
  }
  if (teacherFrom !== undefined)
    return presets.find((p) => p.teacherFrom === teacherFrom) ?? presets.find((p) => p.steps === 2)
  if (timesteps) return presets.find((p) => p.teacherFrom === undefined && p.timesteps.join() === timesteps.join())
  return presets.find((p) => p.steps === 1)
}

/** The entries that are not undefined. */
export function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}
