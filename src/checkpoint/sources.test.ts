import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { CheckpointError, DownloadError } from '../core/errors.ts'
import { openCheckpoint } from './checkpoint.ts'
import { npyBytes } from './npy.ts'
import { blobSource, bufferSource, httpSource } from './sources.ts'

const bytes = npyBytes([3], Float32Array.of(1, 2, 3))

test.each([
  ['a buffer', bufferSource('a.npy', bytes)],
  ['a Blob', blobSource(new Blob([bytes]), 'a.npy')],
])('%s is read by ranges', async (_, source) => {
  expect(source.size).toBe(bytes.length)
  expect(await source.read(1, 5)).toEqual(new Uint8Array([78, 85, 77, 80, 89]))
  await expect(source.read(bytes.length - 1, 2)).rejects.toThrow(CheckpointError)
  const checkpoint = await openCheckpoint(source)
  expect(new Float32Array((await checkpoint.tensors().get('arr_0')!.read()).buffer)).toEqual(Float32Array.of(1, 2, 3))
})

test('a File is called by its name', () => {
  expect(blobSource(new File([bytes], 'picked.npy')).name).toBe('picked.npy')
})

describe('a file behind HTTP', () => {
  let server: Server | undefined
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
  })

  const serve = async (listener: RequestListener): Promise<string> => {
    server = createServer(listener)
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/folder/a.npy`
  }

  const ranges =
    (etag: () => string, cut = 0): RequestListener =>
    (request, response) => {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')!.map(Number)
      const body = bytes.subarray(from, to! + 1)
      const headers = { 'content-range': `bytes ${from}-${to}/${bytes.length}`, etag: etag() }
      response.writeHead(206, headers).end(body.subarray(0, Math.max(1, body.length - cut)))
    }

  test('is read by range requests', async () => {
    const source = await httpSource(await serve(ranges(() => '"1"')))
    expect(source).toMatchObject({ name: 'a.npy', size: bytes.length, remote: true })
    const checkpoint = await openCheckpoint(source)
    expect(new Float32Array((await checkpoint.tensors().get('arr_0')!.read()).buffer)).toEqual(Float32Array.of(1, 2, 3))
  })

  test('must not change meanwhile', async () => {
    let version = 0
    const source = await httpSource(await serve(ranges(() => `"${version++}"`)))
    await expect(source.read(0, 4)).rejects.toThrow(/changed while it was read/)
  })

  test('must come whole', async () => {
    const source = await httpSource(await serve(ranges(() => '"1"', 3)))
    await expect(source.read(0, 10)).rejects.toThrow(/sent 7 of 10 bytes/)
  })

  test('needs a server that knows ranges', async () => {
    const url = await serve((_, response) => response.writeHead(200).end(bytes))
    await expect(httpSource(url)).rejects.toThrow(/answered 200 .* expected 206/)
  })

  test('that is not there is an error to act on', async () => {
    const url = await serve((_, response) => response.writeHead(404).end())
    await expect(httpSource(url)).rejects.toThrow(/answered 404/)
    server!.closeAllConnections()
    await new Promise((resolve) => server!.close(resolve))
    await expect(httpSource(url)).rejects.toThrow(DownloadError)
  })
})
