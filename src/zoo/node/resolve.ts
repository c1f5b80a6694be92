// From what a person names (a zoo model, a folder of released files, or single files) to the files to open.
// No file is read here: a folder is recognised by the released names of its files.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import type { ModelEntry } from '../model-entry.ts'
import { findModel, models } from '../registry.ts'
import { hubSettings, locate } from './cache.ts'
import type { HubSettings } from './hub.ts'

/** What to sample with: at least one of `model`, `student`, `teacher`. */
export interface ModelRequest {
  /** A name of the zoo, or a folder that holds files under their released names, at most one level down. */
  readonly model?: string | undefined
  /** Files that stand in for those of the model. */
  readonly student?: string | undefined
  readonly teacher?: string | undefined
  readonly tokenizer?: string | undefined
  /** The student's teacher will be used as well, so its file must be there. */
  readonly needTeacher?: boolean | undefined
}

/** Paths of the files to open; `entry` is the zoo model they were found as. */
export interface ResolvedModel {
  readonly entry?: ModelEntry
  readonly family?: 'var' | 'llamagen'
  readonly student?: string
  readonly teacher?: string
  readonly tokenizer?: string
}

/**
 * The files of a model. Files that are given override the model's own. Without a model, the caller learns the rest
 * from the checkpoints.
 *
 * @throws UsageError when a name is unknown, a file is missing (with the command that fetches it), or a folder holds
 * no released file or those of several models.
 * @example
 * resolveModel({ model: 'sprites-var-dd' }).student // the path of a file that comes with the package
 */
export function resolveModel(request: ModelRequest, settings: HubSettings = hubSettings()): ResolvedModel {
  const given = { student: request.student, teacher: request.teacher, tokenizer: request.tokenizer }
  for (const [role, path] of Object.entries(given)) if (path !== undefined) requireFile(role, path)
  if (request.model === undefined) {
    if (given.student ?? given.teacher ?? given.tokenizer) return given
    throw new UsageError('No model was named.', {
      remedy: `Give a name (${studentNames()}), a folder, or files: \`student\` and \`tokenizer\`.`,
      shellRemedy: `Give --model NAME (${studentNames()}), --model DIR, or files: --student and --tokenizer.`,
    })
  }
  const isFolder = existsSync(request.model) && statSync(request.model).isDirectory()
  const found = isFolder ? inFolder(request.model) : undefined
  const entry = found ? mainEntry(found, request.model) : findNamed(request.model)
  const where = (name: string) => found?.get(name) ?? locate(findModel(name), settings)
  const need = (name: string) => where(name) ?? missing(name, found && request.model)
  const names = roles(entry)
  const wanted = entry.kind === 'teacher' || request.needTeacher
  return {
    entry,
    family: entry.architecture.family,
    student: given.student ?? (names.student && need(names.student)),
    teacher: given.teacher ?? (names.teacher && (wanted ? need(names.teacher) : where(names.teacher))),
    tokenizer: given.tokenizer ?? (names.tokenizer && need(names.tokenizer)),
  }
}

/** Which zoo models play which part when sampling from `entry`. */
export function roles(entry: ModelEntry): { student?: string; teacher?: string; tokenizer?: string } {
  if (entry.kind === 'tokenizer') return { tokenizer: entry.name }
  if (entry.kind === 'teacher') return { teacher: entry.name, tokenizer: entry.tokenizer }
  return { student: entry.name, teacher: entry.teacher, tokenizer: entry.tokenizer }
}

function requireFile(role: string, path: string): void {
  if (!existsSync(path))
    throw new UsageError(`\`${role}\` ${path}: there is no such file.`, { remedy: 'Check the path.' })
  if (statSync(path).isDirectory()) {
    throw new UsageError(`\`${role}\` ${path} is a folder.`, {
      remedy: 'Name the file, or give the folder in place of the model.',
      shellRemedy: 'Name the file, or give the folder to --model.',
    })
  }
}

function findNamed(name: string): ModelEntry {
  if (!/[\\/]|\.\w+$/.test(name)) return findModel(name)
  const remedy = existsSync(name) ? 'Name single files with `student`, `teacher` and `tokenizer`.' : 'Check the path.'
  throw new UsageError(`The model ${name} is neither a folder nor a name of the zoo.`, { remedy })
}

const releasedName = (entry: ModelEntry): string =>
  basename('package' in entry.source ? entry.source.package : entry.source.file)

/** Whether a folder holds a file under its released name. */
export const holdsReleased = (dir: string): boolean => inFolder(dir).size > 0

/** The files of a role under their released names in a folder. */
export const releasedIn = (dir: string, role: ModelEntry['kind']): string[] =>
  [...inFolder(dir)].flatMap(([name, path]) => (findModel(name).kind === role ? [path] : []))

/** The zoo models whose files lie in the folder or one level down, by name. */
function inFolder(dir: string): Map<string, string> {
  const byFile = new Map(models.map((entry) => [releasedName(entry), entry.name]))
  const found = new Map<string, string>()
  const look = (folder: string, deeper: boolean) => {
    for (const item of readdirSync(folder).sort()) {
      const path = join(folder, item)
      const name = byFile.get(item)
      const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory()
      if (name && isFolder === false && !found.has(name)) found.set(name, path)
      if (isFolder && deeper) look(path, false)
    }
  }
  look(dir, true)
  return found
}

/** The one student of a folder, or its one teacher when it has no student, or its one tokenizer. */
function mainEntry(found: Map<string, string>, dir: string): ModelEntry {
  for (const kind of ['student', 'teacher', 'tokenizer']) {
    const [entry, ...others] = models.filter((model) => model.kind === kind && found.has(model.name))
    if (others.length) {
      throw new UsageError(
        `${dir} holds several models: ${[entry!, ...others].map((model) => model.name).join(', ')}.`,
        {
          remedy: `Name its file with \`${kind}\`, and the others that go with it.`,
        },
      )
    }
    if (entry) return entry
  }
  throw new UsageError(
    `${dir} holds no file under its released name (such as ${models.slice(0, 3).map(releasedName).join(', ')}).`,
    {
      remedy: 'Name the files with `student`, `teacher` and `tokenizer`.',
    },
  )
}

function missing(name: string, dir: string | undefined): never {
  const entry = findModel(name)
  const place = dir ? `neither in ${dir} nor in the Hugging Face cache` : 'not on this machine'
  throw new UsageError(`${releasedName(entry)} (${name}) is ${place}.`, {
    remedy: `Load it with \`download: true\`, or run: distilled download ${name}`,
    shellRemedy: `Run: distilled download ${name}`,
  })
}

const studentNames = (): string =>
  models
    .filter((entry) => entry.kind === 'student')
    .map((entry) => entry.name)
    .join(', ')
