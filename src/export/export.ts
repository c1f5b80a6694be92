// Exports a loaded model to a folder that any ONNX Runtime can run without this package: graphs with their weights, checked
// against the originals before the folder gets its name. An export that fails or is stopped leaves no files behind.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { oneOf, UsageError } from '../core/errors.ts'
import { createEngine, runtimeVersion } from '../engine/node/engine.ts'
import type { FileProgram } from '../engine/types.ts'
import { makeFolder, sweep, temporaryOf, writeAtomically } from '../files/atomic.ts'
import { writeError } from '../files/write-error.ts'
import { type Graph, halfPrecision, plainNorms, serialize } from '../graph/index.ts'
import { hintsOf } from '../library/model-facts.ts'
import type { Model } from '../library/node/model.ts'
import { openModel } from '../library/node/open.ts'
import type { ArchitectureHints } from '../models/infer.ts'
import { tokensBefore } from '../sampling/family.ts'
import { noiseSource } from '../sampling/noise.ts'
import { findModel, models } from '../zoo/registry.ts'
import { bounds, type ExportDType, exportDTypes, requireBounds, tolerance } from './bounds.ts'
import { readmeCard } from './card.ts'
import { type CheckResult, checkExport } from './check.ts'
import { type ConfigFacts, configJson, type ExportedFile, knownAnswerFile, preprocessorJson } from './config.ts'
import { DataFiles } from './data-files.ts'
import { knownAnswer } from './known-answer.ts'
import { exportedParts, type Parts } from './parts.ts'

export interface ExportOptions {
  /** The folder to make; its name must be free. */
  out: string
  dtype?: ExportDType | undefined
  /** What wrote the files, for config.json and the card. */
  madeBy?: string | undefined
  /** Facts that shapes do not give, as the model was loaded with them; not needed for models of the zoo. */
  hints?: ArchitectureHints | undefined
  /** Bytes of a file of weights. */
  maxFileBytes?: number | undefined
  threads?: number | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((event: ExportProgress) => void) | undefined
}

export type ExportProgress =
  | { type: 'write'; graph: string; done: number; total: number }
  | { type: 'check'; done: number; total: number }

export interface ExportResult {
  out: string
  dtype: ExportDType
  files: ExportedFile[]
  bytes: number
  check: CheckResult
}

/** Endings that readers of such folders know. */
const endings: Readonly<Record<ExportDType, string>> = { fp32: '', fp16: '_fp16', int8: '_quantized' }

const LIMIT = 2e9

/**
 * Writes the student of a model and its decoder as ONNX files with everything that belongs to them, and checks them.
 * @param model loaded in fp32
 * @throws UsageError when the folder exists, or the model has no student or is not loaded in fp32; EngineError when the files are
 * too far from the originals (bounds.ts); the signal's reason when aborted
 * @example
 * const { check } = await exportModel(model, { out: 'exported', dtype: 'fp16' })
 */
export async function exportModel(model: Model, options: ExportOptions): Promise<ExportResult> {
  const { signal, dtype = 'fp32' } = options
  oneOf('dtype', dtype, exportDTypes)
  signal?.throwIfAborted()
  if (!model.family.student) {
    throw new UsageError(`${model.name} has no student: only students are exported.`, {
      remedy: 'Name one, such as sprites-var-dd.',
    })
  }
  if (model.files.exported !== undefined) {
    throw new UsageError(`${model.name} is an export already.`, {
      remedy: 'Export the checkpoints that it came from, or copy the folder.',
    })
  }
  if (model.weights.dtype !== 'fp32') {
    throw new UsageError('The model to export must be loaded in fp32: the files are checked against it.')
  }
  const out = resolve(options.out)
  await requireFree(options.out)
  const parent = dirname(out)
  const made = await makeFolder(parent)
  await sweep(parent)
  const folder = temporaryOf(out)
  try {
    const result = await writeFolder(model, folder, { ...options, dtype })
    signal?.throwIfAborted()
    await requireFree(options.out)
    await rename(folder, out).catch((cause) => {
      throw writeError(options.out, cause)
    })
    return { ...result, out: options.out }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    await removeEmpty(parent, made)
    signal?.throwIfAborted()
    throw error
  }
}

/** Removes the parent folders that were made, from the innermost; stops at one in which others have put files meanwhile. */
async function removeEmpty(folder: string, outermost: string | undefined): Promise<void> {
  for (let at = folder; outermost !== undefined && at.length >= outermost.length; at = dirname(at)) {
    const removed = await rmdir(at).then(
      () => true,
      () => false,
    )
    if (!removed) return
  }
}

async function requireFree(out: string): Promise<void> {
  if (await lstat(out).catch(() => undefined))
    throw new UsageError(`${out} exists already.`, { remedy: 'Name a new folder, or remove that one.' })
}

type Settings = ExportOptions & { dtype: ExportDType }

async function writeFolder(model: Model, folder: string, options: Settings): Promise<Omit<ExportResult, 'out'>> {
  const { dtype, signal } = options
  const parts = exportedParts(model)
  await makeFolder(join(folder, 'onnx'))
  const data = await writeGraphs(model, folder, parts, options)

  const labels = checkedClasses(model)
  const size = tokensBefore(model.family, model.family.groups.length) * model.family.channels
  const noise = noiseSource('philox', 0, size, labels.length)
  await using engine = await createEngine({ device: 'cpu', ...(options.threads && { threads: options.threads }) })
  const files = new Map<string, FileProgram>()
  for (const name of data.keys()) {
    const program = parts.students.find((part) => part.name === name)?.program ?? name
    files.set(program, await engine.loadFile(join(folder, pathOf(name, dtype)), { signal }))
  }
  const programs = {
    get: async (name: string) => files.get(name)!,
    close: async () => {},
  }
  const { result, images } = await checkExport(model.family, engine, programs, {
    labels,
    noise,
    parts,
    signal,
    onRun: (done, total) => options.onProgress?.({ type: 'check', done, total }),
  })
  requireBounds(dtype, result)

  const write = (name: string, content: string | Uint8Array) =>
    writeAtomically(join(folder, name), typeof content === 'string' ? new TextEncoder().encode(content) : content)
  const json = (name: string, value: object) => write(name, `${JSON.stringify(value, null, 2)}\n`)
  await write(knownAnswerFile, knownAnswer(model.family, parts.presets, images))
  await json('preprocessor_config.json', preprocessorJson(model.family.imageSize))
  const written = await listed(folder)
  const facts: ConfigFacts = {
    model,
    dtype,
    architecture: architectureOf(model),
    runtime: runtimeVersion,
    presets: parts.presets,
    madeBy: options.madeBy ?? 'distilled-decoding',
    graphs: Array.from(data, ([name, external]) => {
      const student = parts.students.find((part) => part.name === name)
      const { inputSpecs: inputs, outputSpecs: outputs } = files.get(student?.program ?? name)!
      return { name, path: pathOf(name, dtype), data: external, inputs, outputs, ...(student && { student }) }
    }),
    files: written,
    check: { ...result, images: labels.length, bounds: bounds[dtype] },
    tolerance: tolerance[dtype],
  }
  await json('config.json', configJson(facts))
  await write('README.md', readmeCard(facts))
  const all = await listed(folder)
  return { dtype, files: all, bytes: all.reduce((sum, { bytes }) => sum + bytes, 0), check: result }
}

const pathOf = (name: string, dtype: ExportDType) => `onnx/${name}${endings[dtype]}.onnx`

/** Writes all graphs; the files of weights that each names, by graph. */
async function writeGraphs(
  model: Model,
  folder: string,
  parts: Parts,
  options: Settings,
): Promise<Map<string, string[]>> {
  const { dtype, signal, maxFileBytes = LIMIT } = options
  const { student, tokenizer } = model.files
  // Only plain operators: tiled convolutions are fast on this package's CPU path, but quadruple their weights
  const plain = { differentiable: true, dtype: dtype === 'int8' ? 'int8' : 'fp32', ema: model.weights.ema } as const
  const hints = options.hints ?? hintsOf(models.find(({ name }) => name === model.name))
  const opened = await openModel({ student, tokenizer }, { ...plain, hints })
  try {
    const { family } = opened
    const data = new Map<string, string[]>()
    const write = async (name: string, graph: Graph, files: DataFiles) => {
      const used = new Set<string>()
      const plainer = plainNorms(graph) // WebGPU has no norms whose scale broadcasts
      const { model: bytes } = await serialize(dtype === 'fp16' ? halfPrecision(plainer) : plainer, {
        async locate(source) {
          signal?.throwIfAborted()
          const location = await files.locate(source)
          if (location) used.add(location.path)
          return location
        },
        onWeight: (done, total) => options.onProgress?.({ type: 'write', graph: name, done, total }),
      })
      await writeAtomically(join(folder, pathOf(name, dtype)), bytes)
      data.set(
        name,
        Array.from(used, (file) => `onnx/${file}`),
      )
    }
    const onnx = join(folder, 'onnx')
    {
      await using files = new DataFiles(onnx, `student${endings[dtype]}`, maxFileBytes)
      for (const { name, timestep, split } of parts.students)
        await write(name, family.student!({ timestep, split }), files)
    }
    await using files = new DataFiles(onnx, `decoder${endings[dtype]}`, maxFileBytes)
    await write('decoder', family.decoder(), files)
    return data
  } finally {
    await opened.close()
  }
}

/** Images of the check: few, because at released sizes each takes seconds; of no class with a sensitive name. */
function checkedClasses({ family, classes }: Model): number[] {
  const count = family.imageSize <= 64 ? 4 : 2
  const ids = Array.from({ length: family.numClasses }, (_, id) => id).filter((id) => !classes.sensitive.has(id))
  return Array.from({ length: count }, (_, i) => ids[Math.floor((i * ids.length) / count)]!)
}

function architectureOf({ name }: Model): ConfigFacts['architecture'] {
  const entry = models.find((known) => known.name === name)
  if (entry?.kind !== 'student') return undefined
  const tokenizer = findModel(entry.tokenizer)
  return tokenizer.kind === 'tokenizer' ? { student: entry.architecture, tokenizer: tokenizer.architecture } : undefined
}

/** Every file of the folder with its size and hash. */
async function listed(folder: string): Promise<ExportedFile[]> {
  const names = (await readdir(folder, { recursive: true })).toSorted()
  const files: ExportedFile[] = []
  for (const name of names) {
    const path = join(folder, name)
    const { size } = await stat(path)
    if ((await stat(path)).isDirectory()) continue
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(path)) hash.update(chunk)
    files.push({ path: name.replaceAll('\\', '/'), bytes: size, sha256: hash.digest('hex') })
  }
  return files
}
