// From what a person asks for (a number of steps, some flags) to a sampling plan: a preset of the model where one fits,
// the given values where they are given.

import { UsageError } from '../core/errors.ts'
import type { PlannedFamily } from '../sampling/family.ts'
import { defaultFlow } from '../sampling/flow-schedule.ts'
import type { SamplingPlan, TeacherSettings } from '../sampling/plan.ts'
import { defined, type PlanOptions, planOptionEntries } from '../sampling/plan-options.ts'
import type { SamplingPreset } from '../zoo/model-entry.ts'
import type { PlanChoice } from './sample-options.ts'

/** The presets of a model; one step, half of its groups quantised, where none are known. */
export function presetsOf(
  presets: readonly SamplingPreset[],
  { groups }: Pick<PlannedFamily, 'groups'>,
): readonly SamplingPreset[] {
  return presets.length ? presets : [{ steps: 1, timesteps: [0], split: Math.floor(groups.length / 2) }]
}

/**
 * The plan that options come to.
 * @throws UsageError when they contradict each other
 */
export function choosePlan(
  { plan, ...options }: PlanChoice,
  known: readonly SamplingPreset[],
  defaults: TeacherSettings,
  family: PlannedFamily,
): SamplingPlan {
  const teacher = { ...defaults, ...defined(options.teacher ?? {}) }
  if (plan) {
    const [other] = Object.keys(planOptionEntries).filter((name) => options[name as keyof PlanOptions] !== undefined)
    if (other === undefined) return plan
    throw new UsageError(`\`plan\` and \`${other}\` both say how to sample.`, { remedy: 'Give one of them.' })
  }
  const presets = presetsOf(known, family)
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
  const split = options.split ?? preset?.split ?? presets[0]!.split
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

function matchingPreset(options: PlanOptions, presets: readonly SamplingPreset[]): SamplingPreset | undefined {
  const { steps, timesteps, teacherFrom } = options
  if (steps !== undefined && timesteps !== undefined && steps !== timesteps.length && teacherFrom === undefined) {
    throw new UsageError(`${steps} steps and ${timesteps.length} timesteps contradict each other.`, {
      remedy: 'Give one of them.',
    })
  }
  if (steps !== undefined && timesteps === undefined) {
    const found = presets.find((p) => p.steps === steps)
    if (found) return found
    const known = presets.map((p) => p.steps).join(', ')
    throw new UsageError(`This model has no preset with ${steps} steps (it has ${known}).`, {
      remedy: 'Give `timesteps` and `split` for other ways.',
    })
  }
  if (teacherFrom !== undefined)
    return presets.find((p) => p.teacherFrom === teacherFrom) ?? presets.find((p) => p.steps === 2)
  if (timesteps) return presets.find((p) => p.teacherFrom === undefined && p.timesteps.join() === timesteps.join())
  return presets.find((p) => p.steps === 1)
}
