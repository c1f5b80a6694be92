// The ways that are compared side by side. The teacher's flow map is first: the others are measured against it.
import type { ModelInfo } from '../../backend/types.ts'
import { type SamplingChoice, samplingChoices } from '../../ui/sampling-choices.ts'

export interface Column extends SamplingChoice {
  /** involved: the student, with the teacher in between. */
  kind: 'flow' | 'student' | 'involved' | 'draws'
}

function kindOf({ options }: SamplingChoice, { presets }: ModelInfo): Column['kind'] {
  if (options.flow) return 'flow'
  if (options.teacherOnly) return 'draws'
  return presets.find(({ steps }) => steps === options.steps)?.teacherFrom === undefined ? 'student' : 'involved'
}

/** Every way of a model, in the order of the page. */
export function columnsOf(model: ModelInfo): Column[] {
  const order: Column['kind'][] = ['flow', 'student', 'involved', 'draws']
  const columns = samplingChoices(model, { flow: true }).map((choice) => ({ ...choice, kind: kindOf(choice, model) }))
  return columns.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
}

/** The columns of an address; the teacher's draws only on request, since they do not follow the noise. */
export function chosenColumns(columns: readonly Column[], text: string | undefined): Column[] {
  const keys = text?.split(',')
  const chosen = columns.filter(({ key, kind }) => (keys ? keys.includes(key) : kind !== 'draws'))
  return chosen.length > 0 ? chosen : columns.filter(({ kind }) => kind !== 'draws')
}
