// Opens fixture checkpoints as the parity tests need them: weights, architectures and one engine.
import { afterAll } from 'vitest'
import { selectStateDict } from '../../src/checkpoint/checkpoint.ts'
import { openFile } from '../../src/checkpoint/node-source.ts'
import type { Checkpoint } from '../../src/checkpoint/types.ts'
import { createEngine } from '../../src/engine/node.ts'
import type { Engine, HostTensor, Value } from '../../src/engine/types.ts'
import { hostData } from '../../src/engine/types.ts'
import type { Graph } from '../../src/graph/index.ts'
import { openWeights } from '../../src/models/weights.ts'
import { type FixtureArray, fixturePath } from '../fixtures.ts'

const opened: Checkpoint[] = []
afterAll(async () => {
  await Promise.all(opened.map((checkpoint) => checkpoint.close()))
})

/** State dict of a fixture checkpoint and its weights. */
export async function openFixture(file: string, path = '') {
  const checkpoint = await openFile(fixturePath(file))
  opened.push(checkpoint)
  const { tensors } = selectStateDict(checkpoint, [path])
  return { file, tensors, weights: openWeights(file, tensors) }
}

let engine: Promise<Engine> | undefined
/** One engine for a test file. */
export function sharedEngine(): Promise<Engine> {
  engine ??= createEngine({ device: 'cpu', threads: 1 })
  return engine
}

/** Runs a graph once and returns its outputs as host arrays. */
export async function evaluate(graph: Graph, feeds: Record<string, Value>): Promise<Record<string, HostTensor>> {
  const program = await (await sharedEngine()).load(graph)
  const out = await program.run(feeds)
  await program.dispose()
  for (const value of Object.values(out)) hostData(value)
  return out as Record<string, HostTensor>
}

/** A fixture array as an engine input; integers become int64. */
export function feed({ data, shape }: FixtureArray): HostTensor {
  if (data instanceof Float32Array) return { dtype: 'float32', shape, data }
  return { dtype: 'int64', shape, data: BigInt64Array.from(Array.from(data as Int32Array), BigInt) }
}

/** Rows start..end of axis 1 of a [B, L, ...] array, flattened. */
export function columns({ data, shape }: FixtureArray, start: number, end: number): number[] {
  const inner = shape.slice(2).reduce((n, d) => n * d, 1)
  const width = shape[1]! * inner
  return Array.from({ length: shape[0]! }, (_, b) =>
    Array.from(data.subarray(b * width + start * inner, b * width + end * inner) as Float32Array),
  ).flat()
}

export const numbers = (value: HostTensor | undefined): number[] =>
  Array.from(hostData(value) as unknown as ArrayLike<number | bigint>, Number)
