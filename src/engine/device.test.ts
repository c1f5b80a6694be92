// Choosing a device: what 'auto' takes and says, and what a missing device's error offers instead.
import { describe, expect, it } from 'vitest'
import { itWith, linux } from '../../test/requirements.ts'
import { EngineError } from '../core/errors.ts'
import { chooseDevice } from './device.ts'
import { createEngine } from './node/engine.ts'
import type { Device } from './types.ts'

/** A build of ONNX Runtime that lists `names`, of which only `working` open a session. */
const build = (names: string[], working: string[]) => ({
  async call<T>(method: string, params: unknown): Promise<T> {
    if (method === 'backends') return names.map((name) => ({ name })) as T
    if (method === 'load') {
      const [device] = (params as { options: { executionProviders: string[] } }).options.executionProviders
      if (!working.includes(device!)) throw new Error('no such driver.')
      return { handle: 1 } as T
    }
    return {} as T
  },
})

describe('auto', () => {
  it.each([
    [['cpu'], ['cpu'], 'cpu', 'auto: no CUDA device works here'],
    [['cpu', 'webgpu', 'cuda'], ['cpu'], 'cpu', 'auto: no CUDA device works here; webgpu can be asked for'],
    [['cpu', 'webgpu', 'cuda'], ['cpu', 'cuda'], 'cuda', 'auto: a trial run on CUDA succeeded'],
    [['cpu', 'coreml'], ['cpu', 'coreml'], 'cpu', 'auto: no CUDA device works here; coreml can be asked for'],
  ])('of %j with %j working takes %s and says why', async (listed, working, device, reason) => {
    expect(await chooseDevice('auto', build(listed, working))).toEqual({ device, reason })
  })
})

describe('a device that was asked for', () => {
  it('is used when its trial run succeeds', async () => {
    const choice = await chooseDevice('webgpu', build(['cpu', 'webgpu'], ['cpu', 'webgpu']))
    expect(choice).toEqual({ device: 'webgpu', reason: 'asked for, and a trial run succeeded' })
  })

  it.each<[Device, string[], string]>([
    [
      'cuda',
      ['cpu', 'webgpu', 'cuda'],
      'Device "cuda" does not work here: no such driver. Available: cpu; this build also has webgpu, untried.',
    ],
    [
      'coreml',
      ['cpu'],
      'Device "coreml" does not work here: it is not part of this build of ONNX Runtime. Available: cpu.',
    ],
  ])('but is missing, %s among %j, is an error that lists what is there', async (device, listed, message) => {
    const error = await chooseDevice(device, build(listed, ['cpu'])).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(EngineError)
    expect((error as Error).message).toContain(message)
  })
})

it('a device of another platform ends in that error here, too', async () => {
  const foreign = process.platform === 'darwin' ? 'dml' : 'coreml'
  await expect(createEngine({ device: foreign })).rejects.toThrow(
    /^Device "\w+" does not work here: it is not part of this build of ONNX Runtime\. Available: cpu/,
  )
})

itWith(linux)('WebGPU either works or says why not', async () => {
  const outcome = await createEngine({ device: 'webgpu', threads: 1 }).then(
    async (engine) => {
      await engine.dispose()
      return engine.reason
    },
    (error: Error) => error.message,
  )
  expect(outcome).toMatch(/^asked for, and a trial|^Device "webgpu" does not work here: .+ Available: cpu/)
})
