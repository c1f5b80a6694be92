// How the page treats a server that answers, but is not `distilled serve`.
import { afterEach, expect, it, vi } from 'vitest'
import { pageFault } from './page-errors.ts'
import { serverBackend } from './server.ts'

afterEach(() => vi.unstubAllGlobals())

it('a host that answers every path with its page is no server of ours', async () => {
  vi.stubGlobal('fetch', async () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }))
  await expect(serverBackend().models()).rejects.toMatchObject({ name: 'BackendError', code: 'gone', again: true })
})

it('classes that could not be had are asked for again', async () => {
  let asked = 0
  vi.stubGlobal('fetch', async () => {
    if (asked++ === 0) throw new TypeError('network')
    return Response.json([])
  })
  const backend = serverBackend()
  await expect(backend.classes('m')).rejects.toMatchObject({ code: 'gone' })
  await expect(backend.classes('m')).resolves.toEqual([])
})

it('only a failure of the engine is called one', () => {
  expect(pageFault(Object.assign(new Error('x'), { name: 'EngineError' }))).toMatchObject({ code: 'engine' })
  expect(pageFault(new TypeError('x'))).toMatchObject({ code: undefined, again: true })
})
