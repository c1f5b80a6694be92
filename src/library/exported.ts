// A folder that `distilled export` wrote (docs/EXPORT.md), wherever it is opened: its config.json read and checked, what a model
// knows of itself, and its ONNX files as the family and the programs that the sampler asks for.

import * as v from 'valibot'
import { CheckpointError, UsageError } from '../core/errors.ts'
import type { LoadOptions, Program } from '../engine/types.ts'
import { maxLatentNumbers } from '../models/trained-facts.ts'
import type { Family } from '../sampling/family.ts'
import type { Programs } from '../sampling/programs.ts'
import type { BaseModelFacts } from './base-model.ts'
import { teacherSettings } from './model-facts.ts'

const whole = (low: number, high: number) => v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high))
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(1000))
/** Groups and tokens of an image of 512 x 512 tokens. */
const tokens = whole(0, 512 * 512)
const classes = whole(1, 2 ** 20)
const most = 10_000

const graph = v.looseObject({
  file: name,
  external_data: v.pipe(v.array(name), v.maxLength(most)),
  timestep: v.optional(tokens),
  split: v.optional(tokens),
})

export const modelType = 'distilled-decoding'
export const formatVersion = 1

/** What is read of config.json; `distilled export` writes no less (export/config.ts). */
const entries = v.object({
  name,
  family: v.picklist(['var', 'llamagen']),
  dtype: v.picklist(['fp32', 'fp16', 'int8']),
  image_size: whole(1, 16_384),
  token_groups: v.union([
    v.pipe(v.array(whole(1, 512 * 512)), v.minLength(1), v.maxLength(most)),
    v.object({ size: whole(1, 512 * 512), count: whole(1, 512 * 512) }),
  ]),
  channels: whole(1, 4096),
  num_classes: classes,
  id2label: v.record(v.string(), v.pipe(v.string(), v.maxLength(1000))),
  sensitive_classes: v.pipe(v.array(whole(0, 2 ** 20)), v.maxLength(2 ** 20)),
  presets: v.pipe(
    v.array(v.object({ steps: whole(1, most), timesteps: v.pipe(v.array(tokens), v.maxLength(most)), split: tokens })),
    v.minLength(1),
    v.maxLength(most),
  ),
  graphs: v.record(name, graph),
  known_answer: v.looseObject({ file: name, mean_levels_within: v.pipe(v.number(), v.minValue(0), v.maxValue(255)) }),
  files: v.pipe(
    v.array(
      v.object({
        path: name,
        bytes: whole(0, Number.MAX_SAFE_INTEGER),
        sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
      }),
    ),
    v.maxLength(most),
  ),
})

const schema = v.pipe(
  entries,
  v.forward(
    v.check(
      ({ token_groups: groups, channels }) => tokensIn(groups) * channels <= maxLatentNumbers,
      `expected tokens x channels to be at most ${maxLatentNumbers}`,
    ),
    ['token_groups'],
  ),
)

const tokensIn = (groups: v.InferOutput<typeof entries>['token_groups']): number =>
  Array.isArray(groups) ? groups.reduce((sum, size) => sum + size, 0) : groups.size * groups.count

export type ExportedConfig = v.InferOutput<typeof schema>

/**
 * The parsed config.json of an exported folder.
 * @throws CheckpointError when it is something else
 */
export function readConfig(address: string, bytes: Uint8Array): ExportedConfig {
  const config = parsed(address, bytes) as Record<string, unknown> | null
  if (config?.model_type !== modelType) throw foreign(address, `names no "model_type": "${modelType}"`)
  if (config.format_version !== formatVersion) {
    throw new CheckpointError(
      `${address} is of format ${config.format_version}; this version reads format ${formatVersion}.`,
      {
        remedy: 'Take a newer version of distilled-decoding, or export the model again.',
      },
    )
  }
  const checked = v.safeParse(schema, config)
  if (checked.success) return checked.output
  const [issue] = checked.issues
  throw foreign(address, `: "${v.getDotPath(issue)?.slice(0, 100)}": ${issue.message.slice(0, 200)}`)
}

function parsed(address: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw foreign(address, 'is no JSON')
  }
}

const foreign = (address: string, fault: string) =>
  new CheckpointError(`${address}${fault.startsWith(':') ? '' : ' '}${fault}.`, {
    remedy: 'Expected the config.json that `distilled export` writes.',
  })

/** What the folder's model knows of itself. */
export function exportedFacts(config: ExportedConfig): BaseModelFacts {
  const labels = Array.from({ length: config.num_classes }, (_, id) => config.id2label[id] ?? `class ${id}`)
  return {
    name: config.name,
    classes: { name: config.name, labels, sensitive: new Set(config.sensitive_classes) },
    presets: config.presets,
    teacherDefaults: teacherSettings(undefined),
    weights: { dtype: config.dtype === 'int8' ? 'int8' : 'fp32', ema: true },
  }
}

/** Paths of the files that the graphs need, each once. */
export const neededFiles = ({ graphs }: ExportedConfig): string[] => [
  ...new Set(Object.values(graphs).flatMap(({ file, external_data }) => [file, ...external_data])),
]

/** Graphs call their files of weights by the names alone, and so does the worker call all. */
export const fileName = (path: string): string => path.split('/').at(-1)!

/** The family; its graphs are files, so it cannot write any. */
export function exportedFamily(config: ExportedConfig): Family {
  const { token_groups: groups } = config
  const inFiles = (): never => {
    throw new TypeError('The graphs of an exported model are files.')
  }
  return {
    name: config.family,
    groups: Array.isArray(groups) ? groups : new Array<number>(groups.count).fill(groups.size),
    channels: config.channels,
    numClasses: config.num_classes,
    imageSize: config.image_size,
    quantized: config.dtype === 'int8',
    codebook: inFiles,
    student: inFiles,
    decoder: inFiles,
  }
}

/** Opens a graph of the folder, its files named as config.json names them. */
export type OpenFile = (file: string, weights: readonly string[], options?: LoadOptions) => Promise<Program>

/** The sampler's programs by its names for them, opened on first use. */
export function exportedPrograms(config: ExportedConfig, open: OpenFile): Programs {
  const graphs = new Map(
    Object.entries(config.graphs).map(([name, graph]) => [
      name === 'decoder' ? name : `student:${graph.timestep}:${graph.split}`,
      graph,
    ]),
  )
  const opened = new Map<string, Promise<Program>>()
  return {
    async get(name, _graph, options) {
      const graph = graphs.get(name)
      if (!graph) throw unknown(name, graphs.keys())
      const program = opened.get(name) ?? open(graph.file, graph.external_data, options)
      opened.set(name, program)
      program.catch(() => opened.delete(name))
      return program
    },
    async close() {
      const programs = await Promise.allSettled(opened.values())
      opened.clear()
      for (const program of programs) if (program.status === 'fulfilled') await program.value.dispose()
    },
  }
}

function unknown(name: string, known: Iterable<string>): UsageError {
  const words = (program: string) => program.replace(/^student:(\d+):(\d+)$/, 'timestep $1 with split $2')
  const students = [...known].filter((program) => program !== 'decoder').map(words)
  return new UsageError(`The exported folder has no network for ${words(name)}; it has ${students.join(', ')}.`, {
    remedy: 'Use one of its presets.',
  })
}
