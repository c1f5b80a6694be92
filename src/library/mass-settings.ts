// What the bytes of many samples depend on, as flat values that a manifest holds, an evaluation prints as its protocol and
// a command line can be made of; and the way back to the sampling plan.

import { basename } from 'node:path'
import * as v from 'valibot'
import { largestImage, longestList, mostClasses, mostOdeSteps, mostUnits } from '../jobs/limits.ts'
import { anySetting, fileSha256, finite, type Settings, shortText, wholeUpTo } from '../jobs/manifest.ts'
import { solvers } from '../sampling/flow-schedule.ts'
import { generators } from '../sampling/noise.ts'
import { type SamplingPlan, steps, type TeacherSettings } from '../sampling/plan.ts'
import { labelProtocols, type MassRun } from './mass.ts'
import type { Model } from './model.ts'

/** How pixels become 8 bits (images/image.ts:toUint8). */
export const rounding = 'floor(clamp(255 x + 0.5, 0, 255)) in float32'

/** What anything is computed from, bounded; `massSettings` writes it. */
export const massSettingsSchema = v.objectWithRest(
  {
    model: shortText,
    family: v.picklist(['var', 'llamagen']),
    classes: wholeUpTo(mostClasses, 1),
    imageSize: wholeUpTo(largestImage, 1),
    labels: v.picklist(labelProtocols),
    seed: wholeUpTo(Number.MAX_SAFE_INTEGER),
    rng: v.picklist(generators),
    sampler: v.picklist(['student', 'teacher', 'flow', 'teacher-involved']),
    timesteps: v.optional(v.pipe(v.string(), v.maxLength(longestList), v.regex(/^\d+(,\d+)*$/))),
    split: v.optional(wholeUpTo(mostUnits)),
    teacherFrom: v.optional(wholeUpTo(mostUnits)),
    solver: v.optional(v.picklist(solvers)),
    odeSteps: v.optional(wholeUpTo(mostOdeSteps)),
    cfg: v.optional(finite),
    cfgInterval: v.optional(finite),
    topK: v.optional(finite),
    topP: v.optional(finite),
    temperature: v.optional(finite),
    greedy: v.optional(v.boolean()),
    prefixMask: v.optional(v.picklist(['none', 'causal'])),
    steps: wholeUpTo(mostUnits),
    dtype: shortText,
    ema: v.boolean(),
    batch: wholeUpTo(mostUnits, 1),
    device: shortText,
  },
  anySetting,
)

/**
 * Model, hashes of the checkpoint files in use, labels, sampler, seed, arithmetic: all that a run's pixels follow from but its count.
 * @throws the signal's reason when aborted
 */
export async function massSettings(model: Model, run: MassRun, signal?: AbortSignal): Promise<Settings> {
  const { family, engine, imageSize } = model
  const { labels, seed, rng, plan, batch } = run
  const used = [
    ...(plan.kind !== 'teacher' ? ['student'] : []),
    ...(plan.kind !== 'student' ? ['teacher'] : []),
    'tokenizer',
    'exported',
  ]
  const files: Record<string, string> = {}
  for (const role of used as ('student' | 'teacher' | 'tokenizer' | 'exported')[]) {
    const path = model.files[role]
    if (path === undefined) continue
    files[role] = basename(path)
    files[`${role}Sha256`] = await fileSha256(path, signal)
  }
  return {
    ...{ model: model.name, ...files, family: family.name, classes: family.numClasses, imageSize },
    ...{ labels, seed, rng, ...planSettings(plan), steps: steps(plan, family.groups.length) },
    ...{ ...model.weights, batch, device: engine.device, rounding },
  }
}

/**
 * A sampling plan as flat values.
 * @example
 * planSettings({ kind: 'student', timesteps: [0, 5], split: 5 }) // { sampler: 'student', timesteps: '0,5', split: 5 }
 */
export function planSettings(plan: SamplingPlan): Settings {
  if (plan.kind === 'student') return { sampler: plan.kind, timesteps: plan.timesteps.join(), split: plan.split }
  if (plan.kind === 'teacher') {
    const { flow, teacher } = plan
    return flow
      ? { sampler: 'flow', solver: flow.solver, odeSteps: flow.steps, ...teacher }
      : { sampler: 'teacher', ...teacher }
  }
  const { kind, timestep, split, teacherFrom, teacher } = plan
  return { sampler: kind, timesteps: `0,${timestep}`, split, teacherFrom, ...teacher }
}

/** The plan that flat values came from. */
export function planOf(settings: Settings): SamplingPlan {
  const s = settings as Record<string, never>
  const teacher: TeacherSettings = {
    ...{ cfg: s.cfg!, cfgInterval: s.cfgInterval!, topK: s.topK!, topP: s.topP! },
    ...{ temperature: s.temperature!, greedy: s.greedy!, prefixMask: s.prefixMask! },
  }
  if (s.sampler === 'teacher') return { kind: 'teacher', teacher }
  if (s.sampler === 'flow') return { kind: 'teacher', teacher, flow: { solver: s.solver!, steps: s.odeSteps! } }
  const timesteps = String(s.timesteps).split(',').map(Number)
  if (s.sampler === 'student') return { kind: 'student', timesteps, split: s.split! }
  return { kind: 'teacher-involved', timestep: timesteps[1]!, split: s.split!, teacherFrom: s.teacherFrom!, teacher }
}

/** The flags of `distilled sample` that ask for these settings. */
export function flagsOf(settings: Settings): Record<string, Settings[string] | undefined> {
  const s = settings
  const { model, student, teacher, tokenizer } = s
  const involved = s.sampler !== 'student'
  return {
    ...(model === 'custom' ? { student, teacher, tokenizer } : { model }),
    ...(s.ema === false && { 'no-ema': true }),
    ...{ labels: s.labels, seed: s.seed, ...(s.rng !== 'philox' && { rng: s.rng }) },
    ...(s.sampler === 'teacher' && { 'teacher-only': true }),
    ...(s.sampler === 'flow' && { flow: true, solver: s.solver, 'ode-steps': s.odeSteps }),
    ...{ timesteps: s.timesteps, split: s.split, 'teacher-from': s.teacherFrom },
    ...(involved && {
      ...{ cfg: s.cfg, 'cfg-interval': s.family === 'llamagen' ? s.cfgInterval : undefined, 'top-k': s.topK },
      ...{ 'top-p': s.topP, temperature: s.temperature, greedy: s.greedy || undefined },
      'prefix-mask': s.family === 'var' ? s.prefixMask : undefined,
    }),
    ...(s.dtype !== 'fp32' && { dtype: s.dtype }),
    ...{ device: s.device, batch: s.batch },
  }
}
