// The page's engine after a failure: when a model's worker has failed, the next request opens the model again.
import { expect, it, vi } from 'vitest'
import { EngineError } from '../../../src/core/errors.ts'
import { pageBackend } from './page.ts'

const fails = { next: undefined as Error | undefined, loads: 0, disposed: 0 }

vi.mock('./page-library.ts', () => ({
  load: async () => {
    fails.loads++
    return {
      device: 'wasm',
      threads: 1,
      notes: [],
      dispose: () => fails.disposed++,
      async *together() {
        if (fails.next) throw fails.next
        yield* []
      },
    }
  },
}))

const ask = { model: 'm', options: { steps: 1 }, images: [{ class: 0, noise: { seed: 1 } }] }

it('opens a model again after its engine failed, and keeps it after any other failure', async () => {
  const backend = pageBackend()
  await expect(backend.sample(ask, {})).rejects.toThrow('m is not open in this page.')
  await backend.open('m')
  fails.next = new EngineError('The worker stopped.')
  await expect(backend.sample(ask, {})).rejects.toMatchObject({ code: 'engine', again: true })
  expect(fails).toMatchObject({ loads: 1, disposed: 1 })
  expect(backend.isOpen('m')).toBe(false)

  fails.next = undefined
  await backend.sample(ask, {})
  expect(fails).toMatchObject({ loads: 2, disposed: 1 })
  expect(backend.isOpen('m')).toBe(true)

  fails.next = new TypeError('a slip in a view')
  await expect(backend.sample(ask, {})).rejects.toThrow('a slip')
  expect(fails).toMatchObject({ loads: 2, disposed: 1 })
})
