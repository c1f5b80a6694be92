// Where the web app lies, in a clone and in an installed package: its pages, and what its own engine loads, the embedded models
// and ONNX Runtime for browsers.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DistilledError } from '../core/errors.ts'
import type { Mount } from './static.ts'

/** ONNX Runtime with WebGPU, and the smaller one without it: what engine/web-runtime.ts asks for. */
const runtime = /^(ort\.(webgpu|wasm)\.bundle\.min\.mjs|ort-wasm-simd-threaded(\.asyncify)?\.wasm)$/

const app = fileURLToPath(new URL('../../dist/app/', import.meta.url))
const reviewFile = 'review.html'
const isAsset = (name: string) => name.startsWith('assets/')

/** The app's mounts; none when it has not been built, and no engine of its own where ONNX Runtime for browsers is not installed. */
export function webApp(): Mount[] {
  if (!existsSync(app)) return []
  const models = fileURLToPath(new URL('../../models/', import.meta.url))
  const runtimeFolder = browserRuntime()
  return [
    { at: '/', folder: app, pick: (name) => name !== reviewFile, hashed: isAsset },
    { at: '/models/', folder: models, pick: (name) => name.endsWith('.safetensors') },
    ...(runtimeFolder ? [{ at: '/ort/', folder: runtimeFolder, pick: (name: string) => runtime.test(name) }] : []),
  ]
}

/** The page of a review (web/review.html) with its scripts and styles. */
export function reviewPage(): Mount[] {
  if (!existsSync(join(app, reviewFile)))
    throw new DistilledError('The page of the review is not there.', { remedy: 'Build it with: npm run build' })
  const isPart = (name: string) => [reviewFile, 'icon.svg'].includes(name) || isAsset(name)
  return [{ at: '/', folder: app, index: reviewFile, strict: true, pick: isPart, hashed: isAsset }]
}

/** The folder of ONNX Runtime's files for browsers. */
function browserRuntime(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve('onnxruntime-web'))
  } catch {
    return undefined
  }
}
