// The ways that stand side by side: the teacher's flow map, the student's presets, those with the teacher in between, and
// the teacher's own draws. Made of what the model says of itself.
import type { ModelInfo, Preset, Way } from '../../studio/types.ts'

export interface Column {
  /** As the address has it. */
  id: string
  title: string
  /** What runs, in a few words. */
  note: string
  way: Way
  /** Network evaluations for an image. */
  evaluations: number
  kind: 'flow' | 'student' | 'involved' | 'draws'
}

const words = ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten']

const stepsTitle = (steps: number) => `${words[steps] ?? steps} step${steps === 1 ? '' : 's'}`

function presetColumn(preset: Preset, total: number): Column {
  const { steps, teacherFrom, timesteps } = preset
  const common = { id: String(steps), way: { steps }, evaluations: steps }
  if (teacherFrom === undefined) {
    return { ...common, title: stepsTitle(steps), note: 'student alone', kind: 'student' }
  }
  const to = timesteps.at(-1) ?? total
  const note = `teacher draws groups ${teacherFrom + 1} to ${to}, student the rest`
  return { ...common, title: `Teacher in ${steps}`, note, kind: 'involved' }
}

/** Every way of this model, in the order of the page. */
export function columnsOf(model: ModelInfo): Column[] {
  const total = model.groups.length
  const teacher = { evaluations: total } as const
  const flow: Column = {
    ...teacher,
    ...{ id: 'flow', title: 'Flow map', note: 'teacher, noise to tokens', way: { flow: true }, kind: 'flow' },
  }
  const draws: Column = {
    ...teacher,
    ...{ id: 'teacher', title: 'Teacher’s draws', note: 'teacher, by dice', way: { teacherOnly: true }, kind: 'draws' },
  }
  return [
    ...(model.teacher ? [flow] : []),
    ...(model.student ? model.presets.map((preset) => presetColumn(preset, total)) : []),
    ...(model.teacher ? [draws] : []),
  ]
}

/** The columns of an address; the teacher's draws only on request, since they do not follow the noise. */
export function chosenColumns(columns: readonly Column[], text: string | undefined): Column[] {
  const ids = text?.split(',')
  const chosen = columns.filter(({ id, kind }) => (ids ? ids.includes(id) : kind !== 'draws'))
  return chosen.length > 0 ? chosen : columns.filter(({ kind }) => kind !== 'draws')
}
