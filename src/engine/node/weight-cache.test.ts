// Derived weights in the cache: computed once, never taken from a damaged or outdated file, and never in the way.
import { mkdtemp, readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { built, runModule } from '../../../test/policy/child.ts'
import { input, type WeightSource, weight } from '../../graph/index.ts'
import { matmul } from '../../graph/ops/index.ts'
import type { FileLocation } from '../../graph/serialize.ts'
import { float32, hostData } from '../types.ts'
import { createEngine } from './engine.ts'
import { cacheWeights, weightCacheFolder } from './weight-cache.ts'

const SIDE = 128
const values = Float32Array.from({ length: SIDE * SIDE }, (_, i) => (i % (SIDE + 1) === 0 ? 2 : 0))
const bytes = new Uint8Array(values.buffer)

let folder: string
let read: ReturnType<typeof vi.fn<() => Promise<Uint8Array>>>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weights-'))
  vi.stubEnv('DISTILLED_CACHE', join(folder, 'cache'))
  read = vi.fn(async () => bytes)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

const source = (change: Partial<WeightSource> = {}): WeightSource => ({
  dtype: 'float32',
  shape: [SIDE, SIDE],
  key: 'twice the identity',
  read,
  ...change,
})

/** The weight in a cache file; its seal stands behind it. */
const contentOf = async ({ path, byteLength }: FileLocation) =>
  new Uint8Array(await readFile(path)).slice(0, byteLength)

const cached = async (): Promise<string[]> => (await readdir(weightCacheFolder())).sort()

describe('the cache', () => {
  it('computes a weight once', async () => {
    const first = await cacheWeights(source())
    expect(first).toMatchObject({ offset: 0, byteLength: bytes.byteLength })
    expect(await cacheWeights(source())).toEqual(first)
    expect(read).toHaveBeenCalledTimes(1)
    expect(await contentOf(first!)).toEqual(bytes)
    expect(await cached()).toHaveLength(1)
  })

  it.each([
    ['small', { shape: [16] }],
    ['without a key', { key: undefined }],
  ] as [string, Partial<WeightSource>][])('leaves a weight that is %s to the model', async (_, change) => {
    expect(await cacheWeights(source(change))).toBeUndefined()
    expect(read).not.toHaveBeenCalled()
  })

  it('tells apart what differs in key, shape or type', async () => {
    const kinds = [source(), source({ key: 'other' }), source({ shape: [SIDE * SIDE] }), source({ dtype: 'int32' })]
    const paths = await Promise.all(kinds.map(async (s) => (await cacheWeights(s))?.path))
    expect(new Set(paths).size).toBe(4)
  })

  describe('of a checkpoint', () => {
    let path: string
    let from: WeightSource
    const derived = (byte: number) => new Uint8Array(bytes.byteLength).fill(byte)
    beforeEach(async () => {
      path = join(folder, 'model.pth')
      from = source({ origin: { path, offset: 2, byteLength: 4 } })
      await writeFile(path, 'ckONE!')
      read.mockImplementation(async () => derived((await readFile(path))[2]!))
      await cacheWeights(from)
    })
    const now = async () => contentOf((await cacheWeights(from))!)

    it('is computed again when the checkpoint changes', async () => {
      await writeFile(path, 'ckTWO!')
      expect(await now()).toEqual(derived('T'.charCodeAt(0)))
      expect(await now()).toEqual(derived('T'.charCodeAt(0)))
      expect(read).toHaveBeenCalledTimes(2)
    })

    it('is computed again when another checkpoint of the same size and date takes its place', async () => {
      const { atime, mtime } = await stat(path)
      await writeFile(`${path}.new`, 'ckTWO!')
      await utimes(`${path}.new`, atime, mtime)
      await rename(`${path}.new`, path)
      expect(await now()).toEqual(derived('T'.charCodeAt(0)))
    })

    it('is kept when the same checkpoint is downloaded again, or changes elsewhere', async () => {
      await rm(path)
      await writeFile(path, 'CKONE!')
      await utimes(path, new Date(), new Date(Date.now() + 5000))
      expect(await now()).toEqual(derived('O'.charCodeAt(0)))
      expect(read).toHaveBeenCalledTimes(1)
    })
  })

  it.each<[string, (path: string, size: number) => Promise<void>]>([
    ['truncated', (path) => truncate(path, 1000)],
    ['without its seal', (path, size) => truncate(path, size - 1)],
    ['empty', (path) => truncate(path, 0)],
    ['zeroed', (path, size) => writeFile(path, new Uint8Array(size))],
    ['of another version', (path) => writeFile(path, bytes)],
    [
      'changed in one bit, its date as before',
      async (path) => {
        const { atime, mtime } = await stat(path)
        const file = await readFile(path)
        file[12_345]! ^= 1
        await writeFile(path, file)
        await utimes(path, atime, mtime)
      },
    ],
  ])('notices a file that is %s and replaces it', async (_, damage) => {
    const location = (await cacheWeights(source()))!
    await damage(location.path, (await stat(location.path)).size)
    expect(await cacheWeights(source())).toEqual(location)
    expect(read).toHaveBeenCalledTimes(2)
    expect(await contentOf(location)).toEqual(bytes)
  })

  it('is read through once in a process, not at every use', async () => {
    const { path } = (await cacheWeights(source()))!
    const { atimeNs } = await stat(path, { bigint: true })
    await cacheWeights(source())
    expect((await stat(path, { bigint: true })).atimeNs).toBe(atimeNs)
  })

  it('sends a damaged weight inside the model where the cache cannot be written', async () => {
    const { path } = (await cacheWeights(source()))!
    await writeFile(path, new Uint8Array((await stat(path)).size))
    await rename(join(folder, 'cache'), join(folder, 'sealed'))
    await writeFile(join(folder, 'cache'), 'no folder')
    expect(await cacheWeights(source())).toBeUndefined()
  })

  it('leaves nothing behind when the computation fails', async () => {
    read.mockRejectedValue(new Error('bad tensor'))
    await expect(cacheWeights(source())).rejects.toThrow('bad tensor')
    expect(await cached()).toEqual([])
  })

  it('survives many engines that want the same weight at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => cacheWeights(source())))
    expect(new Set(all.map((l) => l?.path)).size).toBe(1)
    expect(await contentOf(all[0]!)).toEqual(bytes)
    expect(await cached()).toHaveLength(1)
  })

  it('survives two processes that race', async () => {
    const child = `
      import { cacheWeights } from ${built('engine/node/weight-cache.js')}
      const bytes = new Uint8Array(1 << 22).map((_, i) => i)
      const read = async () => bytes
      const { path } = await cacheWeights({ dtype: 'uint8', shape: [1 << 22], key: 'race', read })
      console.log(path)`
    const results = await Promise.all([runModule(child), runModule(child)])
    expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ])
    expect(results[0]?.stdout).toBe(results[1]?.stdout)
    const written = (await readFile(results[0]!.stdout.trim())).subarray(0, 1 << 22)
    expect(written.every((v, i) => v === (i & 255))).toBe(true)
    expect(await cached()).toHaveLength(1)
  })
})

describe('a cache folder that cannot be written', () => {
  beforeEach(async () => {
    await writeFile(join(folder, 'file'), '')
    vi.stubEnv('DISTILLED_CACHE', join(folder, 'file', 'cache'))
  })

  it('is not an error and costs no computation', async () => {
    expect(await cacheWeights(source())).toBeUndefined()
    expect(read).not.toHaveBeenCalled()
  })

  it('sends the weight inside the model', async () => {
    expect(await timesTwo()).toEqual([2, 2])
    expect(read).toHaveBeenCalledTimes(1)
  })
})

it('a graph runs from the cached file', async () => {
  expect(await timesTwo()).toEqual([2, 2])
  read.mockRejectedValue(new Error('must not be computed again'))
  expect(await timesTwo()).toEqual([2, 2])
})

it('a graph never runs from a zeroed file', async () => {
  expect(await timesTwo()).toEqual([2, 2])
  const [name] = await cached()
  const path = join(weightCacheFolder(), name!)
  await writeFile(path, new Uint8Array((await stat(path)).size))
  expect(await timesTwo()).toEqual([2, 2])
  expect(read).toHaveBeenCalledTimes(2)
})

async function timesTwo(): Promise<number[]> {
  await using engine = await createEngine({ device: 'cpu', threads: 1 })
  const x = input('x', 'float32', [1, SIDE])
  const program = await engine.load({ y: matmul(x, weight('w', source())) })
  const { y } = await program.run({ x: float32(new Float32Array(SIDE).fill(1), [1, SIDE]) })
  return [hostData(y)[0]!, hostData(y)[SIDE - 1]!]
}
