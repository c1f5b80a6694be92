// `load`: from a name, a folder or files to a Model, downloading only when asked to.

import { existsSync } from 'node:fs'
import { oneOf, UsageError } from '../core/errors.ts'
import { createEngine } from '../engine/node.ts'
import { type Device, devices } from '../engine/types.ts'
import type { ArchitectureHints } from '../models/infer.ts'
import { type DType, dtypes } from '../models/weights.ts'
import type { TeacherSettings } from '../sampling/plan.ts'
import { locate } from '../zoo/cache.ts'
import { type ClassList, imagenet } from '../zoo/classes.ts'
import { type DownloadProgress, download } from '../zoo/download.ts'
import type { ModelEntry } from '../zoo/model-entry.ts'
import { createPolicy, type PolicyRules, readPolicy } from '../zoo/policy-rules.ts'
import { classesOf, findModel } from '../zoo/registry.ts'
import { resolveModel, roles } from '../zoo/resolve.ts'
import { Model } from './model.ts'
import { hintsOf, teacherSettings } from './model-facts.ts'
import { type ModelFiles, openModel } from './open.ts'

export interface LoadOptions extends ModelFiles {
  device?: Device | undefined
  /** Arithmetic of the transformers: 'fp32', or 'int8' for dynamically quantised matrix products. */
  dtype?: DType | undefined
  /** Threads of the engine; all cores by default. */
  threads?: number | undefined
  /** Fetch missing files from the Hugging Face hub. */
  download?: boolean | undefined
  /** Loading fails when the teacher's file is missing. */
  needTeacher?: boolean | undefined
  /** What shapes cannot tell, for checkpoints that no preset fits. */
  config?: ArchitectureHints | undefined
  ema?: boolean | undefined
  /** Classes that are denied or flagged, for everything sampled from this model: rules, or the path of their JSON file. */
  policy?: PolicyRules | string | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((event: LoadProgress) => void) | undefined
}

export type LoadProgress = ({ type: 'download'; name: string } & DownloadProgress) | { type: 'open'; what: string }

/**
 * Loads a model by zoo name, by folder, or from files.
 * @param model e.g. 'var-dd-d16', or a folder with released files; leave out when `student`/`teacher` files are given
 * @throws UsageError for unknown names, missing files and policies that make no sense, CheckpointError for damaged files,
 * EngineError for devices
 * @example
 * const model = await load('var-dd-d16', { device: 'cpu' })
 * await model.dispose()
 */
export async function load(model?: string, options: LoadOptions = {}): Promise<Model> {
  const { signal, onProgress } = options
  signal?.throwIfAborted()
  if (options.dtype !== undefined) oneOf('dtype', options.dtype, dtypes)
  if (options.device !== undefined) oneOf('device', options.device, devices)
  if (options.download && model !== undefined) await fetchMissing(model, options)
  const files = resolveModel({
    ...(model !== undefined && { model }),
    ...(options.student && { student: options.student }),
    ...(options.teacher && { teacher: options.teacher }),
    ...(options.tokenizer && { tokenizer: options.tokenizer }),
    ...(options.needTeacher && { needTeacher: true }),
  })
  onProgress?.({ type: 'open', what: 'checkpoints' })
  const hints = options.config ?? hintsOf(files.entry)
  const opened = await openModel(files, { hints, dtype: options.dtype, ema: options.ema })
  try {
    signal?.throwIfAborted()
    const { entry } = files
    const classes = entry ? classesOf(entry) : ownClasses(opened.classes)
    const policy = await policyOf(options.policy, classes)
    onProgress?.({ type: 'open', what: 'engine' })
    const engine = await createEngine({
      device: options.device ?? 'auto',
      ...(options.threads !== undefined && { threads: options.threads }),
    })
    return new Model(
      {
        name: entry?.name ?? model ?? 'custom',
        classes,
        presets: entry?.kind === 'student' ? entry.presets : [],
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

/** The classes that a network trained here names; of others nothing else is known than ImageNet. */
const ownClasses = (labels: readonly string[] | undefined): ClassList =>
  labels ? { name: 'the model', labels, sensitive: new Set() } : imagenet

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
