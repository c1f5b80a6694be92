// Which execution provider to use. 'auto' takes CUDA when a trial session runs on it and the CPU otherwise;
// other accelerators are used when asked for, because their numbers depend on drivers.

import { EngineError } from '../core/errors.ts'
import { add } from '../graph/ops/elementwise.ts'
import { serialize } from '../graph/serialize.ts'
import { input } from '../graph/tensor.ts'
import { QUIET } from './session-options.ts'
import { type Device, devices, type Engine } from './types.ts'

interface Link {
  call<T>(method: string, params: unknown): Promise<T>
}

type Concrete = Engine['device']

const known = new Set<string>(devices.filter((name) => name !== 'auto'))

/** Resolves a device name to one that works here, with the reason in words. */
export async function chooseDevice(asked: Device, link: Link): Promise<{ device: Concrete; reason: string }> {
  const backends = await link.call<{ name: string }[]>('backends', {})
  const listed = backends.map((b) => b.name).filter((name): name is Concrete => known.has(name))
  const untried = listed.filter((name) => name !== 'cpu' && name !== asked)
  if (asked === 'auto') {
    if (listed.includes('cuda') && (await trial('cuda', link)) === undefined) {
      return { device: 'cuda', reason: 'auto: a trial run on CUDA succeeded' }
    }
    const others = untried.filter((name) => name !== 'cuda')
    const hint = others.length ? `; ${others.join(', ')} can be asked for` : ''
    return { device: 'cpu', reason: `auto: no CUDA device works here${hint}` }
  }
  if (asked === 'cpu') return { device: 'cpu', reason: 'asked for' }
  const failure = listed.includes(asked) ? await trial(asked, link) : 'it is not part of this build of ONNX Runtime.'
  if (failure === undefined) return { device: asked, reason: 'asked for, and a trial run succeeded' }
  const others = untried.length ? `; this build also has ${untried.join(', ')}, untried` : ''
  throw new EngineError(`Device "${asked}" does not work here: ${failure}`, {
    remedy: `Available: cpu${others}. "auto" takes CUDA where it works and the CPU otherwise.`,
  })
}

/** Runs x + x on the device; the error message when that fails. */
async function trial(device: Concrete, link: Link): Promise<string | undefined> {
  const x = input('x', 'float32', [1])
  const { model } = await serialize({ y: add(x, x) })
  const options = { executionProviders: [device], logSeverityLevel: QUIET }
  try {
    const { handle } = await link.call<{ handle: number }>('load', { model, options })
    const one = { dtype: 'float32', shape: [1], data: Float32Array.of(1) }
    await link.call('run', { handle, feeds: { x: one }, keep: [] }).finally(() => link.call('unload', { handle }))
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
