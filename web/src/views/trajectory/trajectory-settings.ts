// The trajectory's settings between the address and the view, and the words for a timestep.

import type { ModelInfo, TrajectoryAsk } from '../../backend/types.ts'
import { indexSetting, type Settings, wholeSetting } from '../../router.ts'
import { sideOf } from '../walk/groups.ts'

export type By = TrajectoryAsk['by']

interface Guide {
  by: By
  title: string
  detail: string
  /** Whether a model has it. */
  has(model: ModelInfo): boolean
}

export const guides: readonly Guide[] = [
  { by: 'flow', title: 'Flow map', detail: 'the teacher turns this noise into tokens', has: (model) => model.teacher },
  { by: 'student', title: 'Student', detail: 'all tokens are guessed at once', has: (model) => model.student },
  {
    by: 'teacher',
    title: 'Teacher',
    detail: 'tokens are drawn without using this noise',
    has: (model) => model.teacher,
  },
]

export interface TrajectorySettings {
  class: number
  seed: number
  /** Of the noise in its seed's run. */
  index: number
  by: By
  /** Undefined shows the latest state as states arrive. */
  at: number | undefined
}

export function readTrajectory(settings: Settings, model: ModelInfo): TrajectorySettings {
  const possible = guides.filter(({ has }) => has(model)).map(({ by }) => by)
  const steps = model.groups.length
  const at = wholeSetting(settings.t, -1, 0, steps)
  return {
    class: wholeSetting(settings.class, Math.min(3, model.classes - 1), 0, model.classes - 1),
    seed: wholeSetting(settings.seed, 7),
    index: indexSetting(settings),
    by: possible.find((by) => by === settings.by) ?? possible[0] ?? 'flow',
    at: at < 0 ? undefined : at,
  }
}

/** Which tokens are data at a timestep, as a sentence. */
export function described({ groups, family }: ModelInfo, timestep: number): string {
  const total = groups.reduce((sum, tokens) => sum + tokens, 0)
  const done = groups.slice(0, timestep).reduce((sum, tokens) => sum + tokens, 0)
  if (timestep === 0) return `Nothing is data yet: all ${total} tokens are Gaussian noise.`
  if (timestep === groups.length) return `All ${total} tokens are data: this is the picture.`
  if (family === 'llamagen') {
    return `The first ${done} of ${total} positions are data, the other ${total - done} still noise.`
  }
  const side = sideOf(groups[timestep - 1]!)
  const scales = timestep === 1 ? 'The 1×1 scale is' : `The scales up to ${side}×${side} are`
  return `${scales} data, ${done} of ${total} tokens; finer ones are still noise.`
}

/** Timesteps that the student's presets start from, in order. */
export function studentStarts({ student, presets }: ModelInfo): number[] {
  const alone = presets.filter(({ teacherFrom }) => student && teacherFrom === undefined)
  return [...new Set(alone.flatMap(({ timesteps }) => timesteps))].sort((a, b) => a - b)
}
