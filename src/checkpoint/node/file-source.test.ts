import { mkdtemp, open, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { floats } from '../../../test/hostile/bytes.ts'
import { op, storage, tensor } from '../../../test/hostile/pickle-builder.ts'
import { layOut } from '../../../test/hostile/zip-builder.ts'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { openCheckpoint } from '../checkpoint.ts'
import { fileSource, openFile } from './file-source.ts'

const GiB = 2 ** 30
let folder: string
let file: string

/** A torch zip of 9 GiB: two large storages of zeros around small ones, as Zip64; the file system stores it sparsely. */
beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'checkpoint-'))
  file = joinPath(folder, 'huge.pth')
  const large = (key: string) =>
    tensor({ storage: storage(key, (4.5 * GiB) / 4), shape: [4.5 * 2 ** 18, 1024], strides: [1024, 1] })
  const small = tensor({ storage: storage('small', 2), shape: [2], strides: [1] })
  const { pieces, size } = layOut([
    {
      name: 'huge/data.pkl',
      data: op.pickle(op.dict(op.text('a'), large('a'), op.text('b'), large('b'), op.text('c'), small)),
    },
    { name: 'huge/data/a', data: { zeros: 4.5 * GiB } },
    { name: 'huge/data/b', data: { zeros: 4.5 * GiB } },
    { name: 'huge/data/small', data: floats(7, 8) },
  ])
  const handle = await open(file, 'w')
  await handle.truncate(size)
  for (const { offset, bytes } of pieces) await handle.write(bytes, 0, bytes.length, offset)
  await handle.close()
})

afterAll(() => rm(folder, { recursive: true }))

describe('a file of 9 GiB', () => {
  test('opens in under a second and reads less than a megabyte', async () => {
    const source = await fileSource(file)
    let bytesRead = 0
    const read = (offset: number, length: number) => {
      bytesRead += length
      return source.read(offset, length)
    }
    const start = performance.now()
    const checkpoint = await openCheckpoint({ ...source, read })
    expect(performance.now() - start).toBeLessThan(1000)
    expect(bytesRead).toBeLessThan(1e6)
    expect(checkpoint.stateDicts[0]!.parameters).toBe((9 * GiB) / 4 + 2)
    await checkpoint.close()
  })

  test('gives tensors beyond 4 GiB by place and by content', async () => {
    const checkpoint = await openFile(file)
    const c = checkpoint.tensors().get('c')!
    expect(c.location!.offset).toBeGreaterThan(9 * GiB)
    expect(await c.read()).toEqual(floats(7, 8))
    expect(checkpoint.tensors().get('b')!.location!.byteLength).toBe(4.5 * GiB)
    await checkpoint.close()
  })
})

test('a symbolic link is resolved to the real path', async () => {
  const link = joinPath(folder, 'link.pth')
  await symlink(file, link)
  const source = await fileSource(link)
  expect(source.name).toBe('link.pth')
  expect(source.path!.endsWith('huge.pth')).toBe(true)
  await source.close()
})

test('a read beyond the end says so', async () => {
  const source = await fileSource(file)
  await expect(source.read(source.size - 2, 4)).rejects.toThrow(/huge\.pth.*4 bytes.*only 2/)
  await expect(source.read(-1, 4)).rejects.toThrow(CheckpointError)
  await source.close()
})

test('a missing file and a folder are named', async () => {
  await expect(openFile(joinPath(folder, 'none.pth'))).rejects.toThrow(/none\.pth: there is no such file/)
  await expect(openFile(folder)).rejects.toThrow(UsageError)
  await expect(openFile(joinPath(folder, 'none.pth'))).rejects.toThrow(UsageError)
})
