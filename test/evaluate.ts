// Runs graphs in tests: one engine per test file, outputs as plain numbers.
import { afterAll } from 'vitest'
import { createEngine } from '../src/engine/node/engine.ts'
import { type Engine, type HostTensor, hostData, type Value } from '../src/engine/types.ts'
import type { Graph } from '../src/graph/index.ts'
import type { FixtureArray } from './fixtures.ts'

let engine: Promise<Engine> | undefined
/** One engine for a test file. */
export function sharedEngine(): Promise<Engine> {
  engine ??= createEngine({ device: 'cpu', threads: 1 })
  return engine
}
afterAll(async () => (await engine)?.dispose())

/** Runs a graph once and returns its outputs as host arrays. */
export async function evaluate(graph: Graph, feeds: Record<string, Value>): Promise<Record<string, HostTensor>> {
  const program = await (await sharedEngine()).load(graph)
  const out = await program.run(feeds)
  await program.dispose()
  for (const value of Object.values(out)) hostData(value)
  return out as Record<string, HostTensor>
}

/** An array as an engine input; integers become int64. */
export function feed({ data, shape }: FixtureArray): HostTensor {
  if (data instanceof Float32Array) return { dtype: 'float32', shape, data }
  return { dtype: 'int64', shape, data: BigInt64Array.from(Array.from(data as Int32Array), BigInt) }
}

export const numbers = (value: Value | undefined): number[] =>
  Array.from(hostData(value) as unknown as ArrayLike<number | bigint>, Number)
