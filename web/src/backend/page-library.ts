// The part of the library that the page's engine needs, in a chunk of its own: the list of models, and how they are loaded.
import { embeddedNames, sizeOf } from '../../../src/web/index.ts'
import { embedded } from '../../../src/zoo/embedded.ts'
import { pageFault } from './page-errors.ts'
import type { ClassEntry, ModelInfo } from './types.ts'
import { BackendError } from './types.ts'

export { load } from '../../../src/web/index.ts'

interface Folders {
  base: string
  ort: string
}

const entryOf = (name: string) => {
  const entry = embedded.find((one) => one.name === name)
  if (entry?.kind === 'student') return entry
  throw new BackendError(`This page has no model ${name}.`, { code: 'no_model', remedy: 'Choose another model.' })
}

/** The embedded models whose files the server has or the browser keeps from an earlier visit. */
export async function describe(folders: Folders): Promise<ModelInfo[]> {
  const faults: unknown[] = []
  const found = await Promise.all(
    embeddedNames.map((name) =>
      describeOne(name, folders).catch((fault) => {
        faults.push(fault)
        return undefined
      }),
    ),
  )
  const models = found.filter((model) => model !== undefined)
  if (models.length) return models
  throw pageFault(faults[0])
}

/** All embedded models, with or without their files. */
export const embeddedModels = (): ModelInfo[] => embeddedNames.map(facts)

async function describeOne(name: string, folders: Folders): Promise<ModelInfo> {
  const { bytes } = await sizeOf(name, { ...folders, needTeacher: true })
  return { ...facts(name), ...(bytes !== undefined && { bytes }) }
}

function facts(name: string): ModelInfo {
  const { architecture, presets, imageSize, teacher } = entryOf(name)
  const groups =
    architecture.family === 'var'
      ? architecture.patchNums.map((side) => side * side)
      : new Array<number>(architecture.tokens).fill(1)
  return {
    id: name,
    family: architecture.family,
    imageSize,
    groups,
    classes: architecture.numClasses,
    student: true,
    teacher: teacher !== undefined,
    defaultSteps: 1,
    presets: presets.map(({ steps, timesteps, split, teacherFrom }) => ({
      steps,
      timesteps: [...timesteps],
      split,
      ...(teacherFrom !== undefined && { teacherFrom }),
    })),
  }
}

/** The classes of an embedded model; the page has no policy. */
export function classesOf(name: string): ClassEntry[] {
  const { classes } = entryOf(name)
  return (classes?.labels ?? []).map((label, id) => {
    const [first, ...synonyms] = label.split(', ')
    const sensitive = classes!.sensitive.has(id)
    return { id, name: first!, synonyms, sensitive, policy: 'allow' }
  })
}
