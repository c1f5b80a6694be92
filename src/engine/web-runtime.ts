// ONNX Runtime Web, opened: which of its builds a device needs, where its files are, and its few switches. The build for WebGPU
// is twice as large, so each is imported only when its device is used.

import type * as Ort from 'onnxruntime-common'
import { EngineError } from '../core/errors.ts'
import { readable } from './ort-message.ts'

export type WebDevice = 'webgpu' | 'wasm'
export type WebRuntime = typeof Ort

/** Files of onnxruntime-web/dist that a device needs, when they are served and not bundled. */
export const runtimeFiles: Readonly<Record<WebDevice, { script: string; binary: string }>> = {
  webgpu: { script: 'ort.webgpu.bundle.min.mjs', binary: 'ort-wasm-simd-threaded.asyncify.wasm' },
  wasm: { script: 'ort.wasm.bundle.min.mjs', binary: 'ort-wasm-simd-threaded.wasm' },
}

/** Threads that a page's security policy forbids never start, and no error says so. */
const PATIENCE_MS = 120_000

export interface RuntimeOptions {
  device: WebDevice
  /** Threads of the processor; more than one only where SharedArrayBuffer exists. */
  threads: number
  /** Address of the folder with the files above; without it the package is imported, which a bundler has to resolve. */
  folder?: string | undefined
  /** The WebAssembly module, when the caller has fetched it. */
  binary?: Uint8Array | undefined
}

/**
 * Imports ONNX Runtime for a device. Nothing is compiled before the first program opens.
 * @throws EngineError when there is no such script, with the place where it was looked for
 */
export async function openRuntime({ device, threads, folder, binary }: RuntimeOptions): Promise<WebRuntime> {
  const { script } = runtimeFiles[device]
  const address = folder === undefined ? undefined : new URL(script, folder).href
  const imported = (): Promise<unknown> => {
    if (address !== undefined) return import(/* @vite-ignore */ /* webpackIgnore: true */ address)
    return device === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm')
  }
  const ort = (await imported().catch((cause) => {
    const place = address ?? `onnxruntime-web/${device}`
    throw new EngineError(`ONNX Runtime could not be loaded from ${place}: ${readable(cause)}`, {
      cause,
      remedy: 'Serve node_modules/onnxruntime-web/dist, and say where with the option `ort`.',
    })
  })) as WebRuntime
  ort.env.logLevel = 'fatal' // failures are thrown; the console belongs to the page
  ort.env.wasm.numThreads = threads
  ort.env.wasm.initTimeout = PATIENCE_MS
  if (binary) ort.env.wasm.wasmBinary = binary
  return ort
}
