// What a page computes with: WebGPU where there is an adapter, else the processor through WebAssembly, with threads where the
// page is cross-origin isolated. A note says where this differs from the request.

import { oneOf, UsageError } from '../core/errors.ts'
import type { WebDevice } from '../engine/web-runtime.ts'

const webDevices = ['auto', 'webgpu', 'wasm'] as const
export type AskedDevice = (typeof webDevices)[number]

export interface Choice {
  device: WebDevice
  threads: number
  notes: string[]
}

interface Adapter {
  features?: ReadonlySet<string>
  info?: { isFallbackAdapter?: boolean }
  isFallbackAdapter?: boolean
}

/**
 * @param dtype arithmetic of the networks: WebGPU has no kernels for int8, and not every adapter has float16
 * @throws UsageError for a device that does not exist, or int8 on WebGPU
 */
export async function chooseDevice(
  asked: AskedDevice,
  { threads, dtype = 'fp32' }: { threads?: number | undefined; dtype?: 'fp32' | 'fp16' | 'int8' | undefined } = {},
): Promise<Choice> {
  oneOf('device', asked, webDevices)
  const notes: string[] = []
  const chosen = { threads: countThreads(threads, notes), notes }
  if (asked === 'wasm') return { ...chosen, device: 'wasm' }
  if (dtype === 'int8') {
    if (asked === 'webgpu') {
      throw new UsageError('WebGPU has no kernels for int8 networks.', {
        remedy: "Take the fp16 or fp32 export, or device: 'wasm'.",
      })
    }
    notes.push('int8 networks run on the processor: wasm.')
    return { ...chosen, device: 'wasm' }
  }
  const adapter = await adapterOf()
  if (!adapter) notes.push('WebGPU is not there (no adapter): wasm.')
  if (adapter && dtype === 'fp16' && !adapter.features?.has('shader-f16')) {
    notes.push('This WebGPU has no float16 (shader-f16), which the model needs: wasm. The fp32 export would run on it.')
    return { ...chosen, device: 'wasm' }
  }
  const slow = asked === 'auto' && isSoftware(adapter)
  if (slow)
    notes.push(
      "WebGPU would run on the processor here (a software adapter): wasm. device: 'webgpu' takes it all the same.",
    )
  return { ...chosen, device: adapter && !slow ? 'webgpu' : 'wasm' }
}

async function adapterOf(): Promise<Adapter | undefined> {
  const { gpu } = globalThis.navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } }
  return (await gpu?.requestAdapter().catch(() => null)) ?? undefined
}

const isSoftware = (adapter: Adapter | undefined): boolean =>
  adapter?.info?.isFallbackAdapter ?? adapter?.isFallbackAdapter ?? false

/** Threads share memory, which browsers allow on isolated pages only. */
function countThreads(asked: number | undefined, notes: string[]): number {
  if (asked !== undefined && !(Number.isInteger(asked) && asked > 0))
    throw new UsageError(`threads must be a whole number above 0, got ${asked}.`)
  if (!globalThis.crossOriginIsolated) {
    if (asked === undefined || asked === 1) return 1
    notes.push(
      `One thread instead of ${asked}: the page is not cross-origin isolated (Cross-Origin-Opener-Policy: same-origin, ` +
        'Cross-Origin-Embedder-Policy: require-corp).',
    )
    return 1
  }
  const logical = globalThis.navigator?.hardwareConcurrency ?? 1
  // Half of the logical processors are second threads of a core, and those do not make matrix products faster
  return asked ?? Math.min(8, logical > 4 ? Math.ceil(logical / 2) : logical)
}
