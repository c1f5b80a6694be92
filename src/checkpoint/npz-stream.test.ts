import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { describeWith, infoZip } from '../../test/requirements.ts'
import { ShapeError, UsageError } from '../core/errors.ts'
import { openCheckpoint } from './checkpoint.ts'
import { npzBytes } from './npz.ts'
import { type NpyStream, type NpzStreamOptions, npzStream } from './npz-stream.ts'
import { bufferSource } from './sources.ts'

const pixels = Uint8Array.from({ length: 4 * 3 * 3 * 3 }, (_, i) => i)
const labels = BigInt64Array.of(3n, 1n, 4n, 1n)
const cut = (bytes: Uint8Array, step: number) =>
  Array.from({ length: Math.ceil(bytes.length / step) }, (_, i) => bytes.subarray(i * step, (i + 1) * step))

const arrays = (step: number): NpyStream[] => [
  { name: 'arr_0', dtype: 'uint8', shape: [4, 3, 3, 3], data: () => cut(pixels, step) },
  { name: 'arr_1', dtype: 'int64', shape: [4], data: () => cut(new Uint8Array(labels.buffer), step) },
]

async function written(step: number, options?: NpzStreamOptions): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of npzStream(arrays(step), options)) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Nothing here reaches 4 GiB, so Zip64 is asked for from 100 bytes on: for both sizes of arr_0, every offset but the first. */
const zip64 = { zip64From: 100 }
const kinds: [string, NpzStreamOptions][] = [
  ['32-bit fields', {}],
  ['Zip64', zip64],
  ['Zip64 everywhere', { zip64From: 0 }],
  ['a comment', { comment: '{"Comment": "AI-generated"}' }],
  ['Zip64 and a comment', { ...zip64, comment: 'ü'.repeat(100) }],
]

describe.each(kinds)('with %s', (_, options) => {
  it('the reader gives the arrays back', async () => {
    const tensors = (await openCheckpoint(bufferSource('a.npz', await written(7, options)))).tensors()
    expect([...tensors.keys()]).toEqual(['arr_0', 'arr_1'])
    expect(tensors.get('arr_0')).toMatchObject({ dtype: 'uint8', shape: [4, 3, 3, 3] })
    expect(await tensors.get('arr_0')!.read()).toEqual(pixels)
    expect(tensors.get('arr_1')).toMatchObject({ dtype: 'int64', shape: [4] })
    expect(await tensors.get('arr_1')!.read()).toEqual(new Uint8Array(labels.buffer))
  })

  it('the bytes do not depend on how the data is cut', async () => {
    expect((await written(1, options)).equals(await written(1000, options))).toBe(true)
  })
})

const folder = mkdtempSync(join(tmpdir(), 'distilled-npz-'))
afterAll(() => rmSync(folder, { recursive: true }))
const tool = (name: string, ...args: string[]) => spawnSync(name, args, { encoding: 'utf8' })

describeWith(infoZip)('Info-ZIP', () => {
  it.each(kinds)('takes archives with %s', async (name, options) => {
    const path = join(folder, `${name}.npz`)
    writeFileSync(path, await written(50, options))
    const { status, stdout } = tool('unzip', '-t', path)
    expect(stdout).toContain('No errors detected')
    expect(status).toBe(0)
    expect(tool('unzip', '-l', path).stdout).toMatch(/236 .*arr_0\.npy\s+160 .*arr_1\.npy/)
  })
})

it('an archive made in memory has the same arrays and takes a comment, too', async () => {
  const bytes = npzBytes({ arr_0: { shape: [4, 3, 3, 3], data: pixels } }, { comment: 'AI-generated' })
  expect(Buffer.from(bytes).subarray(-12).toString()).toBe('AI-generated')
  const tensors = (await openCheckpoint(bufferSource('a.npz', bytes))).tensors()
  expect(await tensors.get('arr_0')!.read()).toEqual(pixels)
})

it('data that does not fill its shape is refused', async () => {
  const short: NpyStream = { name: 'x', dtype: 'uint8', shape: [3], data: () => [Uint8Array.of(1)] }
  const all = async (options?: NpzStreamOptions) => {
    for await (const _ of npzStream([short], options));
  }
  await expect(all()).rejects.toThrow(ShapeError)
  await expect(all()).rejects.toThrow('x: uint8 [3] has 3 bytes, got 1.')
  await expect(all({ comment: 'x'.repeat(70_000) })).rejects.toThrow(UsageError)
})
