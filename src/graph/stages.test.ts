import { afterAll, describe, expect, it } from 'vitest'
import { createEngine } from '../engine/node/engine.ts'
import { float32, hostData } from '../engine/types.ts'
import { add, gather, matmul, mul } from './ops/index.ts'
import { inputNames, serialize } from './serialize.ts'
import { cutStages, stage } from './stages.ts'
import { constant, input } from './tensor.ts'

/** Two marks: the second graph input is needed before the first mark and after the last. */
function marked() {
  const x = input('x', 'float32', ['batch', 2])
  const bias = input('bias', 'float32', [2])
  const [a, b] = stage([mul(add(x, bias), 2), mul(x, 3)]) as [typeof x, typeof x]
  const [c] = stage([matmul(add(a, b), constant([1, 2, 3, 4], [2, 2]))]) as [typeof x]
  return { y: add(c, bias), z: mul(a, 1) }
}

const x = float32(Float32Array.of(1, 2, 3, 4), [2, 2])
const bias = float32(Float32Array.of(10, 20), [2])

describe('cutStages', () => {
  const graph = marked()
  const stages = cutStages(graph)

  it('gives one graph more than there are marks, the last with the outputs', () => {
    expect(stages.map((s) => Object.keys(s))).toEqual([['stage.0.0', 'stage.0.1'], ['stage.1.0'], ['y', 'z']])
    expect(stages.map((s) => inputNames(s).toSorted())).toEqual([
      ['bias', 'x'],
      ['stage.0.0', 'stage.0.1'],
      ['bias', 'stage.0.0', 'stage.1.0'],
    ])
  })

  it('leaves a graph without marks alone', () => {
    const plain = { y: mul(input('x', 'float32', [1]), 2) }
    expect(cutStages(plain)).toEqual([plain])
  })

  it('is no node where nobody cuts', async () => {
    const { nodes } = await serialize(graph)
    expect(nodes).toBe(9) // 3 Mul, 3 Add, 1 MatMul and 2 outputs
  })
})

describe('a program in stages', async () => {
  const engine = await createEngine({ device: 'cpu', threads: 1 })
  afterAll(() => engine.dispose())

  it.each([false, true])('computes what the whole graph says, run after run (once: %s)', async (once) => {
    await using program = await engine.load(marked(), { once })
    expect([...program.inputs].toSorted()).toEqual(['bias', 'x'])
    for (let i = 0; i < 2; i++) {
      const out = await program.run({ x, bias })
      // a = 2 (x + bias), b = 3 x, y = (a + b) W + bias
      expect(Array.from(hostData(out.y))).toEqual([25 + 150 + 10, 50 + 200 + 20, 35 + 180 + 10, 70 + 240 + 20])
      expect(Array.from(hostData(out.z))).toEqual([22, 44, 26, 48])
    }
  })

  it('names an input it does not have', async () => {
    await using program = await engine.load(marked())
    await expect(program.run({ x, bias, w: x })).rejects.toThrow(/no input w/)
  })

  it('stops between stages when aborted', async () => {
    await using program = await engine.load(marked())
    await expect(program.run({ x, bias }, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
    await expect(program.run({ x, bias })).resolves.toHaveProperty('y')
  })

  it('fails in loading when a stage cannot be opened', async () => {
    const [a] = stage([input('x', 'float32', [2])])
    const bad = gather(constant([1, 2], [2]), { ...a!, dtype: 'float32' })
    await expect(engine.load({ bad })).rejects.toThrow(/ONNX Runtime/)
  })
})
