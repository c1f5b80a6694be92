// What the zoo's entry of a model says beside its files: what shapes cannot tell, and how its teacher is sampled.

import type { ArchitectureHints } from '../models/infer.ts'
import type { TeacherSettings } from '../sampling/plan.ts'
import type { ModelEntry, TeacherSampling } from '../zoo/model-entry.ts'

/** The zoo knows the heads and tokens of its own models. */
export function hintsOf(entry: ModelEntry | undefined): ArchitectureHints | undefined {
  if (!entry || entry.kind === 'tokenizer') return undefined
  const { architecture: a } = entry
  return a.family === 'var' ? { patchNums: a.patchNums, heads: a.heads } : { heads: a.heads, tokens: a.tokens }
}

/** How a teacher samples of which nothing is known. */
const plain: TeacherSampling = { cfg: 2, topK: 0, topP: 1, temperature: 1 }

/** Everything of a teacher's sampling, from what its entry says. */
export const teacherSettings = (entry: ModelEntry | undefined): TeacherSettings => ({
  ...(entry?.kind === 'teacher' ? entry.sampling : plain),
  cfgInterval: -1,
  greedy: false,
  prefixMask: 'none',
})
