// An ONNX file runs as it is: by path, with what it declares, its weights beside it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { sharedEngine } from '../../test/evaluate.ts'
import { constant, input, serialize, type Tensor } from '../graph/index.ts'
import { add } from '../graph/ops/index.ts'
import { float32, hostData } from './types.ts'

const folder = mkdtempSync(join(tmpdir(), 'onnx-'))
afterAll(() => rmSync(folder, { recursive: true }))

const pair = (x: number, y: number) => float32(Float32Array.of(x, y), [1, 2])

async function written(name: string, y: Tensor, weights?: string): Promise<string> {
  const locate = weights ? { locate: async () => ({ path: weights, offset: 0, byteLength: 8 }) } : {}
  const path = join(folder, name)
  writeFileSync(path, (await serialize({ y }, locate)).model)
  return path
}

it('a file declares its inputs and outputs; unnamed dimensions get names of their own', async () => {
  const path = await written('open.onnx', add(input('x', 'float32', ['', '']), input('z', 'float32', ['', ''])))
  await using program = await (await sharedEngine()).loadFile(path)
  expect(program.inputs).toEqual(['x', 'z'])
  expect(program.inputSpecs[1]).toEqual({ name: 'z', dtype: 'float32', shape: ['z.0', 'z.1'] })
  expect(program.outputSpecs).toMatchObject([{ name: 'y', dtype: 'float32' }])
  const { y } = await program.run({ x: pair(1, 2), z: pair(10, 20) })
  expect(Array.from(hostData(y))).toEqual([11, 22])
})

it('weights lie beside the file, and nowhere else', async () => {
  writeFileSync(join(folder, 'weights.bin'), Float32Array.of(1, 2))
  const engine = await sharedEngine()
  const y = add(input('x', 'float32', ['N', 2]), constant([0, 0]))
  await using program = await engine.loadFile(await written('beside.onnx', y, 'weights.bin'))
  expect(Array.from(hostData((await program.run({ x: pair(1, 1) })).y))).toEqual([2, 3])
  const outside = join(folder, 'weights.bin') // an absolute path leaves the folder, even to come back
  await expect(engine.loadFile(await written('outside.onnx', y, outside))).rejects.toThrow('ONNX Runtime:')
})

it('a file that is missing or aborted is an error', async () => {
  const engine = await sharedEngine()
  await expect(engine.loadFile(join(folder, 'none.onnx'))).rejects.toThrow('ONNX Runtime:')
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(engine.loadFile(join(folder, 'open.onnx'), { signal })).rejects.toThrow('enough')
})
