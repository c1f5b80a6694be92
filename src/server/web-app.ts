// Where the web app lies, in a clone and in an installed package: its pages, and what its own engine loads, the embedded models
// and ONNX Runtime for browsers.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mount } from './static.ts'

/** ONNX Runtime with WebGPU, and the smaller one without it: what engine/web-runtime.ts asks for. */
const runtime = /^(ort\.(webgpu|wasm)\.bundle\.min\.mjs|ort-wasm-simd-threaded(\.asyncify)?\.wasm)$/

/** The app's mounts; none when it has not been built, and no engine of its own where ONNX Runtime for browsers is not installed. */
export function webApp(): Mount[] {
  const app = fileURLToPath(new URL('../../dist/app/', import.meta.url))
  if (!existsSync(app)) return []
  const models = fileURLToPath(new URL('../../models/', import.meta.url))
  const runtimeFolder = browserRuntime()
  return [
    { at: '/', folder: app, hashed: (name) => name.startsWith('assets/') },
    { at: '/models/', folder: models, pick: (name) => name.endsWith('.safetensors') },
    ...(runtimeFolder ? [{ at: '/ort/', folder: runtimeFolder, pick: (name: string) => runtime.test(name) }] : []),
  ]
}

/** The folder of ONNX Runtime's files for browsers. */
function browserRuntime(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve('onnxruntime-web'))
  } catch {
    return undefined
  }
}
