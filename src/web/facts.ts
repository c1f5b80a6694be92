// A model's name and how to sample from it, without the zoo of files: embedded models are listed here, checkpoints trained by
// this package carry these facts themselves, and others with a thousand classes are taken for ImageNet models, as everywhere.

import type { AssembledModel } from '../library/assemble.ts'
import type { BaseModelFacts } from '../library/base-model.ts'
import { hintsOf, teacherSettings } from '../library/model-facts.ts'
import type { ArchitectureHints } from '../models/infer.ts'
import { type ClassList, numberedClasses } from '../zoo/class-list.ts'
import { embedded } from '../zoo/embedded.ts'

const entryOf = (name: string) => embedded.find((entry) => entry.name === name)

const weights = { dtype: 'fp32', ema: true } as const

/** Facts of an embedded model that tensor shapes do not give. */
export function embeddedHints(name: string): ArchitectureHints | undefined {
  return hintsOf(entryOf(name))
}

export async function checkpointFacts(name: string, assembled: AssembledModel): Promise<BaseModelFacts> {
  const entry = entryOf(name)
  if (entry?.kind === 'student' && entry.classes && entry.teacher) {
    const teacherDefaults = teacherSettings(entryOf(entry.teacher))
    return { name, classes: entry.classes, presets: entry.presets, teacherDefaults, weights }
  }
  const { labels, sensitive, teachers } = await released()
  const own = assembled.classes
  const { numClasses } = assembled.family
  const imagenet: ClassList = { name: 'ImageNet', labels, sensitive }
  const unnamed = numClasses === labels.length ? imagenet : numberedClasses(numClasses)
  const classes: ClassList = own ? { name: 'the model', labels: own, sensitive: new Set() } : unnamed
  return { name, classes, presets: assembled.presets, teacherDefaults: teachers[assembled.family.name], weights }
}

/** Names of a thousand classes and the released models: loaded when a checkpoint is opened. */
async function released() {
  const [{ imagenet }, { findModel }] = await Promise.all([import('../zoo/classes.ts'), import('../zoo/registry.ts')])
  const settings = (name: string) => teacherSettings(findModel(name))
  return { ...imagenet, teachers: { var: settings('var-d16'), llamagen: settings('llamagen-l') } }
}
