// `load`: from a name, a folder or files to a Model, downloading only when asked to.

import { existsSync, statSync } from 'node:fs'
import { UsageError } from '../../core/errors.ts'
import { createEngine } from '../../engine/node/engine.ts'
import type { TeacherSettings } from '../../sampling/plan.ts'
import { type ClassList, numberedClasses } from '../../zoo/class-list.ts'
import { imagenet } from '../../zoo/classes.ts'
import type { ModelEntry } from '../../zoo/model-entry.ts'
import { locate } from '../../zoo/node/cache.ts'
import { download } from '../../zoo/node/download.ts'
import { createPolicy, readPolicy } from '../../zoo/node/policy-rules.ts'
import { holdsReleased, type ResolvedModel, resolveModel, roles } from '../../zoo/node/resolve.ts'
import { classesOf, findModel } from '../../zoo/registry.ts'
import { hintsOf, teacherSettings } from '../model-facts.ts'
import { type LoadOptions, loadRequest } from './load-options.ts'
import { Model } from './model.ts'
import { type OpenedModel, openModel } from './open.ts'
import { isExported, openExported } from './open-exported.ts'
import { filesOfFolders, trainedFiles } from './run-folder.ts'

export type { LoadOptions, LoadProgress } from './load-options.ts'

/**
 * Loads a model from files.
 * @param options with `student` or `teacher`, and `tokenizer`
 * @throws UsageError for unknown options, missing files and policies that make no sense, CheckpointError for damaged files,
 * EngineError for devices
 * @example
 * const model = await load({ student: 'var-d16.pth', tokenizer: 'vae.pth' })
 * await model.dispose()
 */
export function load(options: LoadOptions): Promise<Model>
/**
 * Loads a model by its name in the zoo, or by its folder.
 * @param model e.g. 'var-dd-d16', or a folder: of released files, of networks trained here, or one that `distilled export` wrote
 * @throws UsageError for unknown names and options, missing files and policies that make no sense, CheckpointError for damaged
 * files, EngineError for devices
 * @example
 * const model = await load('sprites-var-dd', { device: 'cpu' })
 * await model.dispose()
 */
export function load(model: string | undefined, options?: LoadOptions): Promise<Model>
export async function load(given?: string | LoadOptions, more?: LoadOptions): Promise<Model> {
  const { model, options } = loadRequest(given, more)
  const { signal, onProgress } = options
  signal?.throwIfAborted()
  if (options.download && model !== undefined) await fetchMissing(model, options)
  const { needTeacher } = options
  onProgress?.({ type: 'open', what: 'checkpoints' })
  const isFolder = model !== undefined && statSync(model, { throwIfNoEntry: false })?.isDirectory()
  if (isFolder && isExported(model)) return loadExported(model, options)
  const { student, teacher, tokenizer } = options
  const named = await filesOfFolders({ student, teacher, tokenizer }, needTeacher)
  const found = isFolder && !holdsReleased(model) ? await trainedFiles(model, named, needTeacher) : undefined
  const files: ResolvedModel = found ?? resolveModel({ model, ...named, needTeacher })
  const hints = options.config ?? hintsOf(files.entry)
  const opened = await openModel(files, { hints, dtype: options.dtype, ema: options.ema })
  try {
    signal?.throwIfAborted()
    for (const text of opened.notes) onProgress?.({ type: 'note', text })
    const { entry } = files
    const classes = entry ? classesOf(entry) : ownClasses(opened)
    const policy = await policyOf(options.policy, classes)
    onProgress?.({ type: 'open', what: 'engine' })
    const engine = await createEngine({ device: options.device, threads: options.threads })
    return new Model(
      {
        name: entry?.name ?? options.name ?? model ?? 'custom',
        classes,
        presets: entry?.kind === 'student' ? entry.presets : opened.presets,
        teacherDefaults: teacherDefaults(entry, opened.family.name),
        weights: { dtype: options.dtype ?? 'fp32', ema: options.ema ?? true },
        files: { student: files.student, teacher: files.teacher, tokenizer: files.tokenizer },
        policy,
      },
      opened,
      engine,
    )
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function loadExported(folder: string, options: LoadOptions): Promise<Model> {
  const { facts, family, programs, config } = await openExported(folder, options)
  const policy = await policyOf(options.policy, facts.classes)
  options.onProgress?.({ type: 'open', what: 'engine' })
  const engine = await createEngine({ device: options.device, threads: options.threads })
  const networks = { family, programs: programs(engine), close: async () => {} }
  return new Model({ ...facts, policy, files: { exported: config } }, networks, engine)
}

/** The classes that a network trained here names; ImageNet's of another that has as many; else their numbers. */
function ownClasses({ classes: labels, family: { numClasses } }: OpenedModel): ClassList {
  if (labels) return { name: 'the model', labels, sensitive: new Set() }
  return numClasses === imagenet.labels.length ? imagenet : numberedClasses(numClasses)
}

const policyOf = async (policy: LoadOptions['policy'], classes: ClassList) =>
  typeof policy === 'string' ? readPolicy(policy, classes) : policy && createPolicy(policy, { classes })

function teacherDefaults(entry: ModelEntry | undefined, family: 'var' | 'llamagen'): TeacherSettings {
  const name = entry?.kind === 'student' ? entry.teacher : entry?.name
  const teacher = name === undefined ? undefined : findModel(name)
  const fallback = findModel(family === 'var' ? 'var-d16' : 'llamagen-l')
  return teacherSettings(teacher?.kind === 'teacher' ? teacher : fallback)
}

async function fetchMissing(model: string, { needTeacher, signal, onProgress }: LoadOptions): Promise<void> {
  if (existsSync(model)) {
    throw new UsageError(`${model} is a folder or file; only names of the zoo can be downloaded.`, {
      remedy: 'Leave `download` out.',
    })
  }
  const names = roles(findModel(model))
  const wanted = [names.student, names.tokenizer, needTeacher || !names.student ? names.teacher : undefined]
  for (const name of wanted) {
    if (name === undefined) continue
    const entry = findModel(name)
    if (locate(entry)) continue
    await download(entry, {
      ...(signal && { signal }),
      onProgress: (progress) => onProgress?.({ type: 'download', name, ...progress }),
    })
  }
}
