// Learning rate over a run: linear warm-up, then constant, linear or cosine decay to a floor.

export const schedules = ['cosine', 'linear', 'constant'] as const
export type Schedule = (typeof schedules)[number]

export interface ScheduleSettings {
  lr: number
  schedule: Schedule
  steps: number
  warmupSteps: number
  /** Share of `lr` that is left at the end. */
  floor: number
}

/**
 * Learning rate of step `step` (0 is the first).
 * @example
 * learningRate({ lr: 1, schedule: 'linear', steps: 10, warmupSteps: 0, floor: 0 }, 5) // 0.5
 */
export function learningRate({ lr, schedule, steps, warmupSteps, floor }: ScheduleSettings, step: number): number {
  if (step < warmupSteps) return (lr * (step + 1)) / (warmupSteps + 1)
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps))
  const left = { constant: 1, linear: 1 - progress, cosine: 0.5 * (1 + Math.cos(Math.PI * progress)) }[schedule]
  return lr * (floor + (1 - floor) * left)
}
