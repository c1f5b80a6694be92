// What `load` may be asked for, as a type with its words and as the schema that checks it.

import * as v from 'valibot'
import { UsageError } from '../../core/errors.ts'
import { type Device, devices } from '../../engine/types.ts'
import type { ArchitectureHints } from '../../models/infer.ts'
import { type DType, dtypes } from '../../models/weights.ts'
import type { DownloadProgress } from '../../zoo/node/download.ts'
import type { PolicyRules } from '../../zoo/node/policy-rules.ts'
import { callback, checkOptions, flag, oneOfThese, signal, text, wholeAbove0 } from '../check-options.ts'
import type { ModelFiles } from './open.ts'

export interface LoadOptions extends ModelFiles {
  /** What a model of files is called instead of by its folder: in the settings of its images, and by a server. */
  name?: string | undefined
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

export type LoadProgress =
  | ({ type: 'download'; name: string } & DownloadProgress)
  | { type: 'open'; what: string }
  /** Something about a file that a person should know, such as a prefix that was taken off its tensors' names. */
  | { type: 'note'; text: string }

/** `config`, and the file that `--config` names. */
export const hintsSchema = v.strictObject(
  {
    family: v.optional(v.picklist(['var', 'llamagen'], 'must be "var" or "llamagen"')),
    heads: v.optional(wholeAbove0),
    tokens: v.optional(wholeAbove0),
    patchNums: v.optional(
      v.pipe(
        v.array(wholeAbove0, 'must be a list of whole numbers'),
        v.minLength(1, 'must be a list of at least one whole number'),
      ),
    ),
  } satisfies Record<keyof ArchitectureHints, v.GenericSchema>,
  'must be an object such as {"family": "llamagen", "heads": 4}',
)

const schema = v.strictObject({
  student: v.optional(text),
  teacher: v.optional(text),
  tokenizer: v.optional(text),
  name: v.optional(text),
  device: v.optional(oneOfThese(devices)),
  dtype: v.optional(oneOfThese(dtypes)),
  threads: v.optional(wholeAbove0),
  download: v.optional(flag),
  needTeacher: v.optional(flag),
  config: v.optional(hintsSchema),
  ema: v.optional(flag),
  policy: v.optional(v.union([text, v.looseObject({})], 'must be rules or the path of their JSON file')),
  signal: v.optional(signal),
  onProgress: v.optional(callback),
} satisfies Record<keyof LoadOptions, v.GenericSchema>)

/** The model's name or folder, and the options, however they were given. */
export interface LoadRequest {
  model: string | undefined
  options: LoadOptions
}

/**
 * @throws UsageError when no model is named, or an option is unknown or has a wrong value
 */
export function loadRequest(model: string | LoadOptions | undefined, options: LoadOptions | undefined): LoadRequest {
  if (typeof model === 'object' && model !== null) {
    if (options !== undefined)
      throw new UsageError('load was given options twice.', {
        remedy: 'Give a name or folder and then options, or options alone.',
      })
    checkOptions('load', schema, model)
    return { model: undefined, options: model }
  }
  if (model !== undefined && (typeof model !== 'string' || model === '')) {
    throw new UsageError(
      `load takes the name or folder of a model, or options; got ${JSON.stringify(model) ?? typeof model}.`,
      {
        remedy: "For example load('var-dd-d16') or load({ student: 'student.pth', tokenizer: 'tokenizer.pth' }).",
      },
    )
  }
  if (options !== undefined) checkOptions('load', schema, options)
  return { model, options: options ?? {} }
}
