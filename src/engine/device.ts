// Which execution provider to use. 'auto' takes CUDA when a trial session runs on it and the CPU otherwise;
// other accelerators are used when asked for, because their numbers depend on drivers.

import { EngineError } from '../core/errors.ts'
import { add } from '../graph/ops/elementwise.ts'
import { serialize } from '../graph/serialize.ts'
import { input } from '../graph/tensor.ts'
import type { Device, Engine } from './types.ts'

interface Link {
  call<T>(method: string, params: unknown): Promise<T>
}

type Concrete = Engine['device']

/** Resolves a device name to one that works here, with the reason in words. */
export async function chooseDevice(asked: Device, link: Link): Promise<{ device: Concrete; reason: string }> {
  const backends = await link.call<{ name: string }[]>('backends', {})
  const listed = backends.map((b) => b.name).filter((name): name is Concrete => known.has(name))
  if (asked === 'auto') {
    if (listed.includes('cuda') && (await trial('cuda', link)) === undefined) {
      return { device: 'cuda', reason: 'auto: a trial run on CUDA succeeded' }
    }
    const others = listed.filter((name) => name !== 'cpu' && name !== 'cuda')
    const hint = others.length ? `; this build also offers ${others.join(', ')} (--device)` : ''
    return { device: 'cpu', reason: `auto: no CUDA device here${hint}` }
  }
  if (!listed.includes(asked)) {
    throw new EngineError(
      `Device "${asked}" is not part of this build of ONNX Runtime; it offers ${listed.join(', ')}.`,
      {
        remedy: 'Choose one of these, or "auto".',
      },
    )
  }
  const failure = asked === 'cpu' ? undefined : await trial(asked, link)
  if (failure) {
    throw new EngineError(`Device "${asked}" does not work here: ${failure}`, {
      remedy: `Available: ${listed.filter((name) => name !== asked).join(', ')}.`,
    })
  }
  return { device: asked, reason: 'asked for' }
}

const known = new Set<string>(['cpu', 'cuda', 'webgpu', 'coreml', 'dml'])

/** Runs 1 + 1 on the device; the error message when that fails. */
async function trial(device: Concrete, link: Link): Promise<string | undefined> {
  try {
    const x = input('x', 'float32', [1])
    const { model } = await serialize({ y: add(x, x) })
    const options = { executionProviders: [device], logSeverityLevel: 4 }
    const handle = await link.call<number>('load', { model, options })
    const one = { dtype: 'float32', shape: [1], data: Float32Array.of(1) }
    await link.call('run', { handle, feeds: { x: one }, keep: [] })
    await link.call('unload', { handle })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
