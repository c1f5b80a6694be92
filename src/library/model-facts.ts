// What the zoo's entry of a model says beside its files: what shapes cannot tell, and how its teacher is sampled.

import type { ArchitectureHints } from '../models/infer.ts'
import { defaultTeacher, type TeacherSettings } from '../sampling/plan.ts'
import type { ModelEntry } from '../zoo/model-entry.ts'

/** Heads and tokens of released models are in the registry. */
export function hintsOf(entry: ModelEntry | undefined): ArchitectureHints | undefined {
  if (!entry || entry.kind === 'tokenizer') return undefined
  const { architecture: a } = entry
  return a.family === 'var' ? { patchNums: a.patchNums, heads: a.heads } : { heads: a.heads, tokens: a.tokens }
}

/** Everything of a teacher's sampling, from what its entry says. */
export const teacherSettings = (entry: ModelEntry | undefined): TeacherSettings => ({
  ...defaultTeacher,
  ...(entry?.kind === 'teacher' && entry.sampling),
})
