// The settings of a teacher in the address and in fields, made from their schema: a new setting appears in both by itself.
import * as v from 'valibot'
import { valueFacts } from '../../../src/core/schemas.ts'
import { type TeacherSettings, teacherSchema } from '../../../src/sampling/plan.ts'
import { belongsTo, teacherOptions } from '../../../src/sampling/plan-options.ts'
import type { ModelInfo } from '../backend/types.ts'
import type { Changes, Settings } from '../router.ts'

export type TeacherChanges = { [K in keyof TeacherSettings]?: TeacherSettings[K] | undefined }

/** The description of a setting for its field. */
export interface TeacherField {
  name: keyof TeacherSettings
  description: string
  kind: 'number' | 'choice' | 'flag'
  low: number
  high: number
  step: 1 | 'any'
  values: readonly string[]
}

/** The fields of a model's teacher. */
export const teacherFields = ({ family }: Pick<ModelInfo, 'family'>): TeacherField[] =>
  teacherOptions
    .filter((name) => belongsTo(name, family))
    .map((name) => {
      const schema = teacherSchema.entries[name]
      const { kind, low = 0, high = 0 } = valueFacts(schema) ?? {}
      return {
        name,
        description: v.getDescription(schema) ?? name,
        kind: kind === 'choice' ? 'choice' : kind ? 'number' : 'flag',
        low,
        high,
        step: kind === 'whole' ? 1 : 'any',
        values: 'options' in schema ? schema.options : [],
      }
    })

/** The settings of the address that are within their bounds; undefined when there are none. */
export function readTeacher(settings: Settings, model: Pick<ModelInfo, 'family'>): TeacherChanges | undefined {
  const found = teacherFields(model).flatMap(({ name, kind }) => {
    const text = settings[name]
    if (text === undefined || text === '') return []
    const value = kind === 'number' ? Number(text) : kind === 'flag' ? text === 'true' : text
    return v.is(teacherSchema.entries[name], value) ? [[name, value]] : []
  })
  return found.length ? Object.fromEntries(found) : undefined
}

/** Settings for the address; undefined for those that are not given, which removes them. */
export const writeTeacher = (teacher: TeacherChanges = {}): Changes =>
  Object.fromEntries(teacherOptions.map((name) => [name, teacher[name]]))
