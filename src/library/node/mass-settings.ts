// What the bytes of many samples depend on, as flat values that a manifest holds, an evaluation prints as its protocol and
// a command line can be made of; and the way back to the sampling plan.

import { basename } from 'node:path'
import * as v from 'valibot'
import { UsageError } from '../../core/errors.ts'
import { rounding } from '../../images/rgb.ts'
import { largestImage, longestList, mostClasses, mostUnits } from '../../jobs/limits.ts'
import { anySetting, fileSha256, type Settings, shortText, wholeUpTo } from '../../jobs/node/manifest.ts'
import { generators } from '../../sampling/noise.ts'
import { planSchema, type SamplingPlan, steps } from '../../sampling/plan.ts'
import {
  belongsTo,
  flatOptions,
  kebabCase,
  type OptionName,
  optionEntries,
  planAsOptions,
} from '../../sampling/plan-options.ts'
import { labelProtocols, type MassRun } from './mass.ts'
import type { Model } from './model.ts'

/** What `sampler` and `timesteps` say is left out. */
const planEntries = v.omit(v.object(optionEntries), ['steps', 'timesteps', 'teacherOnly', 'flow'])

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
    ...v.partial(planEntries).entries,
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
    model: model.name,
    ...files,
    family: family.name,
    classes: family.numClasses,
    imageSize,
    labels,
    seed,
    rng,
    ...planSettings(plan),
    steps: steps(plan, family.groups.length),
    ...model.weights,
    batch,
    device: engine.device,
    rounding,
  }
}

/**
 * A sampling plan as flat values.
 * @example
 * planSettings({ kind: 'student', timesteps: [0, 5], split: 5 }) // { sampler: 'student', timesteps: '0,5', split: 5 }
 */
export function planSettings(plan: SamplingPlan): Settings {
  const { flow, teacherOnly: _, timesteps, ...rest } = flatOptions(planAsOptions(plan))
  return { sampler: flow ? 'flow' : plan.kind, ...(timesteps && { timesteps: timesteps.join() }), ...rest }
}

/**
 * The plan that flat values came from.
 * @throws UsageError when a value is missing
 */
export function planOf(settings: Settings): SamplingPlan {
  const { sampler, timesteps = '', solver, odeSteps } = settings
  const finished = String(timesteps).split(',').map(Number)
  const isFlow = sampler === 'flow'
  const parsed = v.safeParse(planSchema, {
    ...settings,
    kind: isFlow ? 'teacher' : sampler,
    timesteps: finished,
    timestep: finished[1],
    teacher: settings,
    ...(isFlow && { flow: { solver, steps: odeSteps } }),
  })
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  throw new UsageError(`The settings do not say how the images were sampled: ${v.getDotPath(issue)} ${issue.message}.`)
}

/** The flags of `distilled sample` that ask for these settings. */
export function flagsOf(settings: Settings): Record<string, Settings[string] | undefined> {
  const { model, student, teacher, tokenizer, ema, labels, seed, rng, family, dtype, device, batch, sampler } = settings
  const plan: Settings = { ...settings, flow: sampler === 'flow', teacherOnly: sampler === 'teacher' }
  const names = (Object.keys(optionEntries) as OptionName[]).filter(
    (name) => name !== 'steps' && plan[name] !== false && belongsTo(name, family),
  )
  return {
    ...(model === 'custom' ? { student, teacher, tokenizer } : { model }),
    'no-ema': ema === false || undefined,
    labels,
    seed,
    rng: rng === 'philox' ? undefined : rng,
    ...Object.fromEntries(names.map((name) => [kebabCase(name), plan[name]])),
    dtype: dtype === 'fp32' ? undefined : dtype,
    device,
    batch,
  }
}
