// A folder that `distilled export` wrote, in the page: its config.json read and checked, and its ONNX files as the family and
// the programs that the sampler asks for (docs/EXPORT.md).

import { DownloadError, UsageError } from '../core/errors.ts'
import type { Program } from '../engine/types.ts'
import type { WebEngine } from '../engine/web.ts'
import type { Family } from '../sampling/family.ts'
import type { Programs } from '../sampling/programs.ts'
import type { SamplingPreset } from '../zoo/model-entry.ts'

interface ExportedGraph {
  file: string
  external_data: string[]
  timestep?: number
  split?: number
}

/** What is read of config.json. */
export interface ExportedConfig {
  model_type: 'distilled-decoding'
  format_version: 1
  name: string
  family: Family['name']
  dtype: 'fp32' | 'fp16' | 'int8'
  image_size: number
  token_groups: number[] | { size: number; count: number }
  channels: number
  num_classes: number
  id2label: Record<string, string>
  sensitive_classes: number[]
  presets: (SamplingPreset & { graphs: string[] })[]
  graphs: Record<string, ExportedGraph>
  known_answer: { file: string; mean_levels_within: number }
  files: { path: string; bytes: number; sha256: string }[]
}

/**
 * The parsed config.json of an exported folder.
 * @throws DownloadError when it is something else
 */
export function readConfig(address: string, bytes: Uint8Array): ExportedConfig {
  const config = parsed(address, bytes) as Partial<ExportedConfig> | null
  if (config?.model_type !== 'distilled-decoding') throw foreign(address, 'names no "model_type": "distilled-decoding"')
  if (config.format_version !== 1) {
    throw new DownloadError(`${address} is of format ${config.format_version}; this version reads format 1.`, {
      remedy: 'Take a newer version of distilled-decoding, or export the model again.',
    })
  }
  const expected = ['name', 'family', 'image_size', 'token_groups', 'presets', 'graphs', 'known_answer', 'files']
  const lacking = expected.filter((key) => !(key in config))
  if (lacking.length) throw foreign(address, `lacks ${lacking.join(', ')}`)
  return config as ExportedConfig
}

function parsed(address: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw foreign(address, 'is no JSON')
  }
}

const foreign = (address: string, fault: string) =>
  new DownloadError(`${address} ${fault}.`, { remedy: 'Expected the config.json that `distilled export` writes.' })

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

/** The sampler's programs by its names for them, opened on first use. */
export function exportedPrograms(config: ExportedConfig, engine: Pick<WebEngine, 'loadFile'>): Programs {
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
      const weights = graph.external_data.map(fileName)
      const program = opened.get(name) ?? engine.loadFile(fileName(graph.file), { ...options, weights })
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
