// What a person may name as features, and what they are told when it is something else.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { sharedEngine } from '../../../test/evaluate.ts'
import { fixturePath } from '../../../test/fixtures.ts'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { input, serialize } from '../../graph/index.ts'
import { mean } from '../../graph/ops/index.ts'
import { openFeatureReader } from './open-reader.ts'

const folder = mkdtempSync(join(tmpdir(), 'readers-'))
afterAll(() => rmSync(folder, { recursive: true }))

const open = async (what: string) => openFeatureReader(what, { engine: await sharedEngine(), protocol: 'dd' })
const failure = (what: string) => open(what).catch((error: unknown) => error)

it('sprites are known by name, a classifier by what its file says', async () => {
  await using sprites = await open('sprites')
  const file = fileURLToPath(new URL('../../../models/sprites-classifier.safetensors', import.meta.url))
  await using classifier = await open(file)
  expect([sprites.name, classifier.name]).toEqual(['sprites', 'classifier'])
  expect(classifier.sha256).toBe(sprites.sha256)
})

it('an ONNX file is known by its name', async () => {
  const path = join(folder, 'mean.onnx')
  const features = mean(input('x', 'float32', ['N', 3, 'H', 'W']), [2, 3])
  writeFileSync(path, (await serialize({ features })).model)
  await using reader = await open(path)
  expect(reader).toMatchObject({ name: 'mean.onnx', width: 3 })
})

it('a missing file is told where Inception’s weights are', async () => {
  const error = await failure(join(folder, 'pt_inception-2015-12-05-6726825d.pth'))
  expect(error).toBeInstanceOf(UsageError)
  for (const part of ['there is no such file', '95628359 bytes', 'SHA-256 6726825d', 'releases/tag/fid_weights'])
    expect((error as Error).message).toContain(part)
})

it('a folder is no file', async () => {
  expect(await failure(folder)).toBeInstanceOf(UsageError)
})

it('weights of another network are named by what they lack', async () => {
  const error = await failure(fixturePath('var_tiny_dd.pth'))
  expect(error).toBeInstanceOf(CheckpointError)
  expect((error as Error).message).toMatch(/no tensor|expected tensors/)
})
