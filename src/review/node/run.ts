// The models of a review: names of the zoo become models with their classes. All are checked before the first image is made,
// and then sampled one after another into one folder.
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import type { Device } from '../../engine/types.ts'
import { fileSha256 } from '../../jobs/node/manifest.ts'
import { load } from '../../library/node/load.ts'
import type { DType } from '../../models/weights.ts'
import type { TeacherSettings } from '../../sampling/plan.ts'
import { type ClassList, resolveClasses } from '../../zoo/classes.ts'
import type { ModelEntry } from '../../zoo/model-entry.ts'
import { type ResolvedModel, resolveModel } from '../../zoo/node/resolve.ts'
import { classesOf } from '../../zoo/registry.ts'
import { type GenerateRequest, generateImages } from './generate.ts'
import { type ReviewCheckpoint, type ReviewManifest, slug } from './manifest.ts'

export interface ChosenModel {
  /** Its folder in the review: "var-dd-d16", "var-dd-d16-2-steps". */
  id: string
  name: string
  /** The student's preset; undefined for a teacher. */
  steps: number | undefined
  needTeacher: boolean
  files: ResolvedModel
  /** Class ids. */
  classes: number[]
}

export interface Choice {
  /** Names of students and teachers, or folders with released files; ":2" behind a student's picks its preset of two steps. */
  specs: readonly string[]
  /** `sensitive`, `all`, or a list as `resolveClasses` takes it. */
  classes: string
  /** Review the teachers of the named students instead. */
  teacherOnly?: boolean | undefined
}

/**
 * Finds models, files and classes before any work is done.
 * @throws UsageError for a model or class that is not there, and for one without sensitive classes
 * @example
 * chooseModels({ specs: ['sprites-var-dd:2'], classes: 'fish,cat' })[0].id // 'sprites-var-dd-2-steps'
 */
export function chooseModels({ specs, classes, teacherOnly = false }: Choice): ChosenModel[] {
  if (!specs.length)
    throw new UsageError('No model was named.', {
      remedy: 'For example var-dd-d16.',
      shellRemedy: 'For example --model var-dd-d16.',
    })
  const chosen = specs.map((spec) => chooseModel(spec, classes, teacherOnly))
  const twice = chosen.find(({ id }, i) => chosen.findIndex((other) => other.id === id) < i)
  if (twice) throw new UsageError(`${twice.id} was named twice.`, { remedy: 'Name every model once.' })
  return chosen
}

function chooseModel(spec: string, classes: string, teacherOnly: boolean): ChosenModel {
  const [, named = spec, digits] = /^(.+?)(?::(\d+))?$/.exec(spec) ?? []
  const found = resolveModel({ model: named })
  const name = teacherOnly && found.entry?.kind === 'student' ? teacherOf(found.entry) : named
  const entry = name === named ? found.entry! : resolveModel({ model: name }).entry!
  if (entry.kind === 'tokenizer') throw new UsageError(`${entry.name} is a tokenizer: it makes no images of its own.`)
  if (entry.kind === 'teacher' && digits !== undefined) {
    throw new UsageError(`${entry.name} is a teacher, which takes all its steps.`, { remedy: `Leave :${digits} out.` })
  }
  const steps = entry.kind === 'student' ? Number(digits ?? 1) : undefined
  const preset = entry.kind === 'student' ? entry.presets.find((one) => one.steps === steps) : undefined
  if (entry.kind === 'student' && !preset) {
    const known = entry.presets.map((one) => one.steps).join(', ')
    throw new UsageError(`${entry.name} has no preset with ${steps} steps (it has ${known}).`)
  }
  const needTeacher = entry.kind === 'teacher' || preset?.teacherFrom !== undefined
  const files = resolveModel({ model: name, needTeacher })
  const id = slug(steps === undefined || steps === 1 ? entry.name : `${entry.name}-${steps}-steps`)
  return { id, name, steps, needTeacher, files, classes: classesToReview(classes, entry.name, classesOf(entry)) }
}

function teacherOf({ name, teacher }: Extract<ModelEntry, { kind: 'student' }>): string {
  if (teacher) return teacher
  throw new UsageError(`The zoo knows no teacher of ${name}.`, { remedy: 'Leave `teacherOnly` out.' })
}

function classesToReview(asked: string, name: string, list: ClassList): number[] {
  if (asked === 'all') return list.labels.map((_, id) => id)
  if (asked !== 'sensitive') return [...new Set(resolveClasses(asked, list))]
  if (list.sensitive.size) return [...list.sensitive].sort((a, b) => a - b)
  const some = list.labels.slice(0, 2).join(',')
  throw new UsageError(
    `${name} knows ${list.labels.length} classes (${list.name}), and none of them is marked as sensitive.`,
    {
      remedy: `Name classes, such as \`classes: '${some}'\`, or take \`classes: 'all'\`.`,
    },
  )
}

export interface RunRequest
  extends Pick<
    GenerateRequest,
    'folder' | 'count' | 'seed' | 'dtype' | 'batch' | 'madeBy' | 'signal' | 'onProgress' | 'onFault'
  > {
  /** What differs from the published settings of teachers. */
  teacher?: Partial<TeacherSettings> | undefined
  device?: Device | undefined
  threads?: number | undefined
  dtype: DType
  /** Before a model is opened. */
  onModel?(model: ChosenModel, number: number): void
}

/**
 * Makes the missing images of all models.
 * @throws UsageError when the folder holds images of other settings; the signal's reason when aborted
 * @example
 * await makeReview(chooseModels({ specs: ['sprites-var-dd'], classes: 'all' }), { folder: 'review', count: 3, seed: 0,
 *   dtype: 'fp32', madeBy: 'an example' })
 */
export async function makeReview(
  models: readonly ChosenModel[],
  request: RunRequest,
): Promise<{ id: string; manifest: ReviewManifest }[]> {
  const made: { id: string; manifest: ReviewManifest }[] = []
  for (const [i, chosen] of models.entries()) {
    const { device, threads, dtype, signal, teacher, onModel, ...rest } = request
    onModel?.(chosen, i)
    const { id, name, steps, needTeacher, classes, files } = chosen
    const checkpoints = await hashed(files, needTeacher, signal)
    const model = await load(name, { needTeacher, device, threads, dtype, signal })
    try {
      const plan = { ...(steps === undefined ? { teacherOnly: true } : { steps }), teacher }
      made.push({
        id,
        manifest: await generateImages(model, { ...rest, id, checkpoints, classes, plan, dtype, signal }),
      })
    } finally {
      await model.dispose()
    }
  }
  return made
}

/** The files whose weights take part, with their hashes. */
async function hashed(files: ResolvedModel, teacher: boolean, signal?: AbortSignal): Promise<ReviewCheckpoint[]> {
  const roles = ['student', ...(teacher ? ['teacher'] : []), 'tokenizer'] as ReviewCheckpoint['role'][]
  const found: ReviewCheckpoint[] = []
  for (const role of roles) {
    const path = files[role]
    if (path === undefined) continue
    found.push({ role, file: basename(path), bytes: (await stat(path)).size, sha256: await fileSha256(path, signal) })
  }
  return found
}
