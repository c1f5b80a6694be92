// A sampling plan, from noise to a sequence, as a checked value: the student in one or more steps, the student with
// the teacher in between, or only the teacher, by draws or by its flow map (docs/METHOD.md, "Sampling").

import * as v from 'valibot'
import { UsageError } from '../core/errors.ts'
import { choice, decimal, flag, whole, wholeList } from '../core/schemas.ts'
import { type Family, type PlannedFamily, prefixMasks } from './family.ts'
import { flowSchema, schedule } from './flow-schedule.ts'

/** Groups of tokens: a released model has at most 256, and one of 1024 pixels would have 4096. */
export const mostGroups = 4096

// @__NO_SIDE_EFFECTS__
export const groupIndex = (description: string) => whole(0, mostGroups, 'group', description)

/** How a teacher draws tokens. VAR guides by t = cfg * scale/(scales-1), LlamaGen by uncond + cfg (cond - uncond). */
export const teacherSchema = v.object({
  cfg: decimal(0, 1000, 'scale', 'classifier-free guidance'),
  /** Counted behind the first token. */
  cfgInterval: whole(-1, 1_000_000, 'tokens', 'LlamaGen: number of tokens that are guided; -1 guides all'),
  topK: whole(0, 1_000_000, 'tokens', 'keep the k most likely tokens; 0 keeps all'),
  topP: decimal(0, 1, 'share', 'keep the most likely tokens up to this total probability'),
  temperature: decimal(
    1e-5,
    1000,
    'value',
    'temperature of the draws: below 1 more likely tokens, above 1 more varied ones',
  ),
  greedy: flag('always take the most likely token'),
  /** What the scales of a prefix see when they run in one pass. The released script hides nothing. */
  prefixMask: choice(prefixMasks, 'kind', "VAR: mask over a prefix's scales, none (default: each sees all) or causal"),
})
export type TeacherSettings = v.InferOutput<typeof teacherSchema>

/** Settings of a teacher that has no others. */
export const defaultTeacher: TeacherSettings = {
  cfg: 1.5,
  topK: 0,
  topP: 1,
  temperature: 1,
  cfgInterval: -1,
  greedy: false,
  prefixMask: 'none',
}

const split = groupIndex('groups before this one become codebook entries, the others stay continuous')

/** As files hold it. Files of earlier versions lack a setting that is added: here it is optional, with its default. */
const storedTeacher = v.object(teacherSchema.entries)

/** The plan as PNG files and messages hold it. */
export const planSchema = v.variant('kind', [
  v.object({
    kind: v.literal('student'),
    timesteps: wholeList(0, mostGroups, mostGroups, 'group', 'finished groups at each student step'),
    split,
  }),
  v.object({
    kind: v.literal('teacher-involved'),
    timestep: groupIndex('the student runs at 0, unless teacherFrom is 0, and finishes from this one'),
    split,
    teacherFrom: groupIndex('the teacher samples from this group to the one before `timestep`'),
    teacher: storedTeacher,
  }),
  v.object({
    kind: v.literal('teacher'),
    teacher: storedTeacher,
    /** Tokens follow from the noise by the teacher's flow map; without it, they are drawn. */
    flow: v.optional(flowSchema),
  }),
])
export type SamplingPlan = v.InferOutput<typeof planSchema>

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
export function checkPlan(plan: SamplingPlan, family: PlannedFamily): SamplingPlan {
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

function checkTeacher(t: TeacherSettings, family: PlannedFamily): void {
  const parsed = v.safeParse(teacherSchema, t)
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw new UsageError(`\`${v.getDotPath(issue)}\` ${issue.message}, got ${issue.received}.`)
  }
  if (family.name !== 'llamagen' && t.cfgInterval !== -1)
    throw new UsageError('`cfgInterval` exists for LlamaGen teachers only.')
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
