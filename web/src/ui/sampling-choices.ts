// The ways a model can make an image, as the app offers and names them: its presets, the teacher, the teacher's flow map.
import type { ModelInfo, PlanOptions } from '../backend/types.ts'

export interface SamplingChoice {
  /** In the address: the number of steps, "teacher" or "flow". */
  key: string
  title: string
  /** What student and teacher do, in a line. */
  detail: string
  /** Network evaluations per image. */
  evaluations: number
  /** Whether a teacher takes part, so that its settings apply. */
  teacher: boolean
  options: PlanOptions
}

/** The word for a token group on the page. */
export const groupWord = ({ family }: Pick<ModelInfo, 'family'>): string => (family === 'var' ? 'scale' : 'token')

/** The ways of a model, the fewest evaluations first; `flow` adds the deterministic teacher. Groups are counted from 1. */
export function samplingChoices(model: ModelInfo, { flow = false } = {}): SamplingChoice[] {
  const groups = model.groups.length
  const word = groupWord(model)
  const student = model.presets.map(({ steps, timesteps, teacherFrom }): SamplingChoice => {
    const title = steps === 1 ? '1 step' : `${steps} steps`
    if (teacherFrom === undefined) {
      const detail = steps === 1 ? 'student' : `student, again from ${word} ${timesteps.at(-1)! + 1}`
      return { key: String(steps), title, detail, evaluations: steps, teacher: false, options: { steps } }
    }
    const first = teacherFrom + 1
    const last = timesteps.at(-1)!
    const detail = first === last ? `teacher for ${word} ${last}` : `teacher for ${word}s ${first}–${last}`
    return { key: String(steps), title, detail, evaluations: steps, teacher: true, options: { steps } }
  })
  const choices = model.student ? student : []
  if (model.teacher) {
    choices.push({
      key: 'teacher',
      title: 'Teacher',
      detail: `draws ${word} by ${word}`,
      evaluations: groups,
      teacher: true,
      options: { teacherOnly: true },
    })
    if (flow)
      choices.push({
        key: 'flow',
        title: 'Teacher’s flow map',
        detail: 'without draws',
        evaluations: groups,
        teacher: true,
        options: { flow: true },
      })
  }
  return choices.sort((a, b) => a.evaluations - b.evaluations)
}

/** The choice that a key names; the model's default when it has no such choice. */
export function samplingChoice(
  model: ModelInfo,
  key: string | undefined,
  options?: { flow?: boolean },
): SamplingChoice {
  const choices = samplingChoices(model, options)
  return (
    choices.find((choice) => choice.key === key) ??
    choices.find((choice) => choice.evaluations === model.defaultSteps) ??
    choices[0]!
  )
}
