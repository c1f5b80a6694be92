// The ways that stand side by side, the teacher's flow map first: it is what the others are measured against.
import type { ModelInfo } from '../../studio/types.ts'
import { type WayChoice, waysOf } from '../../ui/ways.ts'

export interface Column extends WayChoice {
  /** involved: the student, with the teacher in between. */
  kind: 'flow' | 'student' | 'involved' | 'draws'
}

function kindOf({ way }: WayChoice, { presets }: ModelInfo): Column['kind'] {
  if (way.flow) return 'flow'
  if (way.teacherOnly) return 'draws'
  return presets.find(({ steps }) => steps === way.steps)?.teacherFrom === undefined ? 'student' : 'involved'
}

/** Every way of a model, in the order of the page. */
export function columnsOf(model: ModelInfo): Column[] {
  const order: Column['kind'][] = ['flow', 'student', 'involved', 'draws']
  const columns = waysOf(model, { flow: true }).map((way) => ({ ...way, kind: kindOf(way, model) }))
  return columns.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
}

/** The columns of an address; the teacher's draws only on request, since they do not follow the noise. */
export function chosenColumns(columns: readonly Column[], text: string | undefined): Column[] {
  const keys = text?.split(',')
  const chosen = columns.filter(({ key, kind }) => (keys ? keys.includes(key) : kind !== 'draws'))
  return chosen.length > 0 ? chosen : columns.filter(({ kind }) => kind !== 'draws')
}
