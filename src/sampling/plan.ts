// How to get from noise to a sequence, as a checked value: the student alone in one or more steps, the student with
// the teacher in between, or the teacher alone, drawing or by its flow map (docs/METHOD.md, "Sampling").

import { UsageError } from '../core/errors.ts'
import type { Family, PrefixMask } from './family.ts'
import { type FlowSettings, schedule } from './flow-schedule.ts'

export interface TeacherSettings {
  /** Classifier-free guidance: VAR's t = cfg * scale/(scales-1); LlamaGen's uncond + cfg (cond - uncond). */
  cfg: number
  /** LlamaGen: guidance stops after this many tokens behind the first one; -1 never stops. */
  cfgInterval: number
  /** Keep the k most likely tokens; 0 keeps all. */
  topK: number
  /** Keep the most likely tokens up to this probability; 1 keeps all. */
  topP: number
  temperature: number
  /** Always take the most likely token. */
  greedy: boolean
  /** VAR: what the scales of a prefix see when they run in one pass. The released script hides nothing. */
  prefixMask: PrefixMask
}

export type SamplingPlan =
  | { readonly kind: 'student'; readonly timesteps: readonly number[]; readonly split: number }
  | {
      readonly kind: 'teacher-involved'
      /** The student runs at 0 (unless teacherFrom is 0) and finishes from `timestep`. */
      readonly timestep: number
      readonly split: number
      /** The teacher samples groups teacherFrom .. timestep - 1. */
      readonly teacherFrom: number
      readonly teacher: TeacherSettings
    }
  | {
      readonly kind: 'teacher'
      readonly teacher: TeacherSettings
      /** Tokens follow from the noise by the teacher's flow map; without it, they are drawn. */
      readonly flow?: FlowSettings
    }

/** Network evaluations for one image. */
export function steps(plan: SamplingPlan, groups: number): number {
  if (plan.kind === 'student') return plan.timesteps.length
  if (plan.kind === 'teacher') return groups
  const studentRuns = (plan.teacherFrom > 0 ? 1 : 0) + (plan.timestep < groups ? 1 : 0)
  return studentRuns + plan.timestep - plan.teacherFrom
}

/**
 * The plan, or a UsageError that says which value is out of range for this model.
 * @example
 * checkPlan({ kind: 'student', timesteps: [0, 2], split: 2 }, family)
 */
export function checkPlan(plan: SamplingPlan, family: Family): SamplingPlan {
  const groups = family.groups.length
  const within = (what: string, value: number, low: number, high: number) => {
    if (Number.isInteger(value) && value >= low && value <= high) return
    throw new UsageError(`${what} must be a whole number from ${low} to ${high} for this model, got ${value}.`)
  }
  if (plan.kind !== 'teacher') {
    within('`split`', plan.split, 0, groups)
    if (!family.student)
      throw needs('student', 'Use the teacher alone (`teacherOnly: true`) or name a checkpoint with `student`.')
  }
  if (plan.kind !== 'student') {
    if (!family.teacher)
      throw needs('teacher', 'Name its checkpoint with `teacher`, or fetch it with `distilled download`.')
    checkTeacher(plan.teacher, family)
  }
  if (plan.kind === 'teacher' && plan.flow) {
    schedule(plan.flow)
    if (plan.teacher.greedy)
      throw new UsageError('A greedy teacher has one token for every noise, so there is no flow to map.')
  }
  if (plan.kind === 'student') {
    if (plan.timesteps[0] !== 0)
      throw new UsageError(`\`timesteps\` must start with 0 (pure noise), got [${plan.timesteps}].`)
    for (const [i, t] of plan.timesteps.entries())
      within('Each timestep', t, i ? plan.timesteps[i - 1]! + 1 : 0, groups - 1)
  }
  if (plan.kind === 'teacher-involved') {
    within('The last timestep', plan.timestep, 1, groups)
    within('`teacherFrom`', plan.teacherFrom, 0, plan.timestep - 1)
  }
  return plan
}

function needs(part: string, remedy: string): UsageError {
  return new UsageError(`This way of sampling needs a ${part}, and none is loaded.`, { remedy })
}

function checkTeacher(t: TeacherSettings, family: Family): void {
  const check = (ok: boolean, message: string) => {
    if (!ok) throw new UsageError(message)
  }
  check(Number.isFinite(t.cfg) && t.cfg >= 0, `\`cfg\` must be a number >= 0, got ${t.cfg}.`)
  check(Number.isInteger(t.topK) && t.topK >= 0, `\`topK\` must be a whole number >= 0, got ${t.topK}.`)
  check(t.topP >= 0 && t.topP <= 1, `\`topP\` must lie between 0 and 1, got ${t.topP}.`)
  check(t.temperature > 0 && Number.isFinite(t.temperature), `\`temperature\` must be above 0, got ${t.temperature}.`)
  check(
    Number.isInteger(t.cfgInterval) && t.cfgInterval >= -1,
    `\`cfgInterval\` must be -1 or more, got ${t.cfgInterval}.`,
  )
  check(family.name === 'llamagen' || t.cfgInterval === -1, '`cfgInterval` exists for LlamaGen teachers only.')
}

/** Guidance scale of each group (logits = uncond + scale (cond - uncond)), counted from the teacher's first group. */
export function guidanceScale(family: Family, t: TeacherSettings, group: number, from: number): number {
  if (family.name === 'var') return 1 + (t.cfg * group) / (family.groups.length - 1)
  const step = group - from - 1 // decode steps count from 0; the prefill is always guided
  return t.cfgInterval > -1 && step > t.cfgInterval ? 1 : t.cfg
}

/** Whether the unconditional branch has to run at all. */
export function isGuided(family: Family, t: TeacherSettings): boolean {
  return family.name === 'var' ? t.cfg > 0 : t.cfg > 1
}
