// distilled-decoding in a page: models run in a Web Worker on WebGPU or WebAssembly, with the graphs, checkpoints and samplers that
// Node has. `sizeOf` says what a model weighs before anything is loaded.

/// <reference lib="esnext.disposable" preserve="true" />

import { type AskedDevice, chooseDevice } from './device.ts'
import { findFile, type WebFile } from './files.ts'
import { Link } from './link.ts'
import { WebModel } from './model.ts'
import type { LoadProgress, Opened, OpenParams } from './protocol.ts'
import { absolute, type CheckpointUrls, findSource, folderOf, runtimeBinary, type SourceOptions } from './source.ts'

export * from '../core/errors.ts'
export type { NoiseRecipe } from '../sampling/noise-recipe.ts'
export type { SamplingPlan, TeacherSettings } from '../sampling/plan.ts'
export type { SampleProgress } from '../sampling/sampler.ts'
export type { ClassInfo, ClassList } from '../zoo/class-list.ts'
export { clearCache } from './files.ts'
export { WebImage } from './image.ts'
export { type SampleOptions, type SampleResult, type TrajectoryState, WebModel } from './model.ts'
export type { FamilyFacts, LoadProgress } from './protocol.ts'
export { type CheckpointUrls, embeddedNames } from './source.ts'

export interface SizeOptions extends SourceOptions {
  /** 'auto' takes WebGPU where it is there and computes right, and the processor otherwise. */
  device?: AskedDevice | undefined
  /** Folder of ONNX Runtime's files (node_modules/onnxruntime-web/dist); left out, a bundler finds the package. */
  ort?: string | undefined
}

export interface LoadOptions extends SizeOptions {
  /** Threads of the processor, on cross-origin isolated pages. */
  threads?: number | undefined
  onProgress?: ((event: LoadProgress) => void) | undefined
  /** The worker, its address, or a function that makes it, for bundlers that do not find it by themselves. */
  worker?: Worker | string | URL | (() => Worker) | undefined
}

export interface ModelSize {
  /** Bytes to download now; undefined when a server does not say. */
  bytes: number | undefined
  /** Bytes that the browser keeps from earlier downloads. They are not part of `bytes`. */
  cached: number
  files: { name: string; url: string; bytes: number | undefined; cached: boolean }[]
}

/**
 * Loads a model: downloads what is not here yet, opens it in a worker, and compares what it computes with a known answer.
 * @param what name of an embedded model, addresses of checkpoints, or the address of a folder that `distilled export` wrote
 * @throws UsageError for an unknown name, DownloadError for a file that is not there or damaged, CheckpointError for a file
 * that is not a model's, EngineError when nothing here can run it; the signal's reason when aborted
 * @example
 * const model = await load('sprites-var-dd', { base: '/models/', ort: '/ort/' })
 * await model.dispose()
 */
export async function load(what: string | CheckpointUrls, options: LoadOptions = {}): Promise<WebModel> {
  const { signal, device = 'auto', threads, ort, cache = true, onProgress } = options
  const source = await findSource(what, options)
  const runtime = ort === undefined ? undefined : folderOf(ort)
  const link = new Link(startWorker(options.worker))
  try {
    const params: OpenParams = { source, device, threads, runtime, cache }
    const onEvent = ({ value }: { value: unknown }) => onProgress?.(value as LoadProgress)
    return new WebModel(await link.call<Opened>('open', params, { signal, onEvent }), link)
  } catch (error) {
    link.close()
    throw error
  }
}

/**
 * What `load` with the same options would download. ONNX Runtime counts where its folder is named.
 * @throws as `load`
 * @example
 * const { bytes, cached } = await sizeOf('sprites-var-dd', { base: '/models/' })
 */
export async function sizeOf(what: string | CheckpointUrls, options: SizeOptions = {}): Promise<ModelSize> {
  const { files, answer, config } = await findSource(what, options)
  const named: Record<string, WebFile> = { ...files }
  if (options.ort !== undefined) {
    const { device } = await chooseDevice(options.device ?? 'auto', { dtype: config?.dtype })
    named['ONNX Runtime'] = runtimeBinary(device, folderOf(options.ort))
  }
  const state = async ([name, file]: [string, WebFile]) => {
    const { bytes, cached } = await findFile(file, options)
    return { name, url: file.url, bytes, cached }
  }
  const wanted = Object.entries(named).map(state)
  const optional = answer && state(['known answer', answer]).catch(() => undefined) // optional: the model works without it
  const found = [...(await Promise.all(wanted)), ...[await optional].filter((entry) => entry !== undefined)]
  const sum = (list: typeof found) => list.reduce<number | undefined>((n, { bytes }) => add(n, bytes), 0)
  return {
    bytes: sum(found.filter(({ cached }) => !cached)),
    cached: sum(found.filter(({ cached }) => cached)) ?? 0,
    files: found,
  }
}

const add = (a: number | undefined, b: number | undefined) => (a === undefined || b === undefined ? undefined : a + b)

function startWorker(worker: LoadOptions['worker']): Worker {
  if (typeof worker === 'function') return worker()
  if (typeof worker === 'string' || worker instanceof URL)
    return new Worker(absolute(String(worker)), { type: 'module', name: 'distilled-decoding' })
  return worker ?? new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'distilled-decoding' })
}
