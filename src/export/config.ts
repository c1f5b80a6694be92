// The description of an exported folder for programs: config.json and preprocessor_config.json. Keys are in the snake case that
// readers of such folders expect (id2label, model_type). They hold everything that a caller needs to run the graphs.

import type { TensorSpec } from '../engine/types.ts'
import { type ExportedConfig, formatVersion, modelType } from '../library/exported.ts'
import type { Model } from '../library/node/model.ts'
import type { TokenizerArchitecture, TransformerArchitecture } from '../models/architecture.ts'
import { tokensBefore } from '../sampling/family.ts'
import type { Bounds, ExportDType } from './bounds.ts'
import type { CheckResult } from './check.ts'
import type { ExportedPreset, StudentPart } from './parts.ts'

export interface ExportedFile {
  /** Relative to the folder. */
  path: string
  bytes: number
  sha256: string
}

export interface ExportedGraph {
  name: string
  /** The model file, relative to the folder. */
  path: string
  /** Files of weights that it names. */
  data: string[]
  inputs: readonly TensorSpec[]
  outputs: readonly TensorSpec[]
  student?: StudentPart
}

export interface ConfigFacts {
  model: Model
  dtype: ExportDType
  /** Sizes of the networks, for models of the zoo. */
  architecture?: { student: TransformerArchitecture; tokenizer: TokenizerArchitecture } | undefined
  madeBy: string
  runtime: string
  presets: readonly ExportedPreset[]
  graphs: readonly ExportedGraph[]
  files: readonly ExportedFile[]
  check: CheckResult & { images: number; bounds: Bounds }
  tolerance: number
}

export const knownAnswerFile = 'known_answer.safetensors'

/** The config.json of a folder: what `ExportedConfig` reads of it, and more for other readers. */
export function configJson(facts: ConfigFacts): ExportedConfig & Record<string, unknown> {
  const { model, dtype, check } = facts
  const { family } = model
  const labels = model.classes.labels.slice(0, family.numClasses)
  return {
    model_type: modelType,
    format_version: formatVersion,
    name: model.name,
    family: family.name,
    dtype,
    made_by: facts.madeBy,
    ...(facts.architecture && { architecture: facts.architecture }),
    image_size: family.imageSize,
    token_groups: compact(family.groups),
    tokens: tokensBefore(family, family.groups.length),
    channels: family.channels,
    num_classes: family.numClasses,
    id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
    sensitive_classes: [...model.classes.sensitive].filter((id) => id < family.numClasses),
    noise: {
      distribution: 'standard normal',
      dtype: 'float32',
      shape: ['batch', tokensBefore(family, family.groups.length), family.channels],
    },
    presets: facts.presets.map(({ steps, timesteps, split, graphs, published }) => ({
      steps,
      timesteps: [...timesteps],
      split,
      graphs: [...graphs, 'decoder'],
      ...(published && { published }),
    })),
    graphs: Object.fromEntries(facts.graphs.map((graph) => [graph.name, graphJson(graph)])),
    postprocessing: {
      image: 'RGB, channels first; may lie a little outside of 0 to 1',
      to_8_bit: 'floor(clamp(255 * x + 0.5, 0, 255))',
    },
    check: {
      against: 'the fp32 networks, same inputs, on the CPU',
      runtime: `onnxruntime ${facts.runtime}`,
      images: check.images,
      bounds: {
        equal_tokens: check.bounds.equalTokens,
        mean_sequence: check.bounds.sequence,
        mean_image: check.bounds.image,
      },
      graphs: Object.fromEntries(
        check.graphs.map(({ graph, difference, equalTokens }) => [
          graph,
          { ...difference, ...(equalTokens !== undefined && { equal_tokens: equalTokens }) },
        ]),
      ),
      presets: check.presets.map(({ steps, image }) => ({ steps, image })),
    },
    known_answer: {
      file: knownAnswerFile,
      made_with: 'these files on the CPU',
      mean_levels_within: facts.tolerance,
    },
    files: [...facts.files],
  }
}

function graphJson({ path, data, inputs, outputs, student }: ExportedGraph): ExportedConfig['graphs'][string] {
  const spec = ({ name, dtype, shape }: TensorSpec) => ({ name, dtype, shape })
  return {
    file: path,
    external_data: data,
    inputs: inputs.map(spec),
    outputs: outputs.map(spec),
    ...(student && {
      timestep: student.timestep,
      split: student.split,
      finished_tokens: student.finishedTokens,
      x: student.finishedTokens
        ? `the first ${student.finishedTokens} tokens of the sequence so far, then the noise from there on`
        : 'the noise',
    }),
  }
}

/** Groups of equal size are written as one size and a count, because LlamaGen has hundreds. */
const compact = (groups: readonly number[]): ExportedConfig['token_groups'] =>
  groups.length > 16 && groups.every((size) => size === groups[0])
    ? { size: groups[0]!, count: groups.length }
    : [...groups]

/** The image format for readers of such folders; images are only outputs here. */
export const preprocessorJson = (imageSize: number): object => ({
  size: { height: imageSize, width: imageSize },
  image_mode: 'RGB',
  data_format: 'channels_first',
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: false,
  value_range: [0, 1],
})
