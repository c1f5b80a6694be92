// A sampler in tables: its name, its steps, and the time of an image.

import type { EvaluationResult } from '../../evaluate/result.ts'
import { secondsPerImage } from '../../evaluate/seconds-per-image.ts'
import { type SamplingPlan, steps } from '../../sampling/plan.ts'
import type { PlanOptions } from '../../sampling/plan-options.ts'
import type { Model } from './model.ts'

/**
 * How a plan is called in tables.
 * @example
 * samplerName({ kind: 'student', timesteps: [0, 5], split: 5 }) // 'two steps'
 */
export function samplerName(plan: SamplingPlan): string {
  if (plan.kind === 'teacher') return plan.flow ? 'flow map' : 'teacher'
  if (plan.kind === 'teacher-involved') return `teacher from ${plan.teacherFrom}`
  const count = plan.timesteps.length
  return ['', 'one step', 'two steps', 'three steps'][count] ?? `${count} steps`
}

/** Name, steps, and the median time of images that are made one at a time, after one that warms up. */
export async function samplerFacts(
  model: Model,
  options: PlanOptions = {},
  signal?: AbortSignal,
): Promise<NonNullable<EvaluationResult['sampler']>> {
  const plan = model.plan(options)
  return {
    model: model.name,
    name: samplerName(plan),
    steps: steps(plan, model.family.groups.length),
    secondsPerImage: await secondsPerImage((seed) => model.sample({ plan, classes: [0], seed, batch: 1, signal })),
    device: model.engine.device,
    threads: model.engine.threads,
  }
}
