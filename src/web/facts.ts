// What a model is called and how it is sampled from, where no zoo of files is at hand: embedded models are listed, checkpoints
// trained here say it themselves, exports have it in their config.json, and of others ImageNet is assumed, as everywhere.

import type { AssembledModel } from '../library/assemble.ts'
import type { BaseModelFacts } from '../library/base-model.ts'
import type { ArchitectureHints } from '../models/infer.ts'
import type { TeacherSettings } from '../sampling/plan.ts'
import type { ClassList } from '../zoo/class-list.ts'
import { embedded } from '../zoo/embedded.ts'
import type { TeacherSampling } from '../zoo/model-entry.ts'
import type { ExportedConfig } from './exported.ts'

const entryOf = (name: string) => embedded.find((entry) => entry.name === name)

const weights = { dtype: 'fp32', ema: true } as const

const settings = (sampling: TeacherSampling): TeacherSettings => ({
  ...sampling,
  cfgInterval: -1,
  greedy: false,
  prefixMask: 'none',
})

/** What shapes cannot tell of an embedded model. */
export function embeddedHints(name: string): ArchitectureHints | undefined {
  const entry = entryOf(name)
  if (entry?.kind !== 'student') return undefined
  const { architecture: a } = entry
  return a.family === 'var' ? { patchNums: a.patchNums, heads: a.heads } : { heads: a.heads, tokens: a.tokens }
}

export async function checkpointFacts(name: string, assembled: AssembledModel): Promise<BaseModelFacts> {
  const entry = entryOf(name)
  if (entry?.kind === 'student' && entry.classes && entry.teacher) {
    const teacher = entryOf(entry.teacher)
    const sampling = teacher?.kind === 'teacher' ? teacher.sampling : plain
    return { name, classes: entry.classes, presets: entry.presets, teacherDefaults: settings(sampling), weights }
  }
  const { labels, sensitive, teachers } = await released()
  const own = assembled.classes
  const classes: ClassList = own
    ? { name: 'the model', labels: own, sensitive: new Set() }
    : { name: 'ImageNet', labels, sensitive }
  return { name, classes, presets: [], teacherDefaults: settings(teachers[assembled.family.name]), weights }
}

const plain: TeacherSampling = { cfg: 2, topK: 0, topP: 1, temperature: 1 }

/** Names of a thousand classes and the released models: loaded when somebody brings a checkpoint. */
async function released() {
  const [{ imagenet }, { findModel }] = await Promise.all([import('../zoo/classes.ts'), import('../zoo/registry.ts')])
  const sampling = (name: string) => {
    const entry = findModel(name)
    return entry.kind === 'teacher' ? entry.sampling : plain
  }
  return { ...imagenet, teachers: { var: sampling('var-d16'), llamagen: sampling('llamagen-l') } }
}

export function exportedFacts(config: ExportedConfig): BaseModelFacts {
  const labels = Array.from({ length: config.num_classes }, (_, id) => config.id2label[id] ?? `class ${id}`)
  return {
    name: config.name,
    classes: { name: config.name, labels, sensitive: new Set(config.sensitive_classes) },
    presets: config.presets.map(({ steps, timesteps, split }) => ({ steps, timesteps, split })),
    teacherDefaults: settings(plain),
    weights: { dtype: config.dtype === 'int8' ? 'int8' : 'fp32', ema: true },
  }
}
