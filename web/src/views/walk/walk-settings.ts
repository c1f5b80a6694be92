// The walk's settings between the address and the view.

import type { ModelInfo } from '../../backend/types.ts'
import { indexSetting, type Settings, wholeSetting } from '../../router.ts'
import { type SamplingChoice, samplingChoice } from '../../ui/sampling-choices.ts'
import { readClasses, spread } from '../same-noise/rows.ts'
import { allGroups, readGroups } from './groups.ts'

export const mostClasses = 4

/** Seconds from one noise to the other. */
export const paces = [2, 4, 8] as const
/** Pictures of a film, one way. */
export const lengths = [8, 16, 24, 48] as const

export interface WalkSettings {
  classes: number[]
  from: number
  /** Index of the first noise in its seed's run; the second is the first one of its seed. */
  index: number
  to: number
  /** 0 to 1, in thousandths in the address. */
  at: number
  moving: number[]
  choice: SamplingChoice
  seconds: number
  frames: number
  /** Whether the film goes back to where it began. */
  back: boolean
}

export function readWalk(settings: Partial<Settings>, model: ModelInfo): WalkSettings {
  const listed = readClasses(settings.classes, model.classes, mostClasses)
  const single = readClasses(settings.class, model.classes, 1)
  const from = wholeSetting(settings.seed, 7)
  const total = model.groups.length
  const at = Number(settings.at)
  return {
    classes: listed.length > 0 ? listed : single.length > 0 ? single : spread(model.classes, 2),
    from,
    index: indexSetting(settings),
    to: wholeSetting(settings.to, from + 1),
    at: settings.at !== undefined && at >= 0 && at <= 1 ? at : 0,
    moving: readGroups(settings.groups, total) ?? allGroups(total),
    choice: samplingChoice(model, settings.steps, { flow: true }),
    seconds: wholeSetting(settings.pace, 4, 1, 60),
    frames: wholeSetting(settings.frames, 16, 2, 200),
    back: settings.back !== 'no',
  }
}
