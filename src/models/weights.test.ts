// Weights by name: every floating-point type arrives as float32, and what is missing is said with the nearest name.
import { describe, expect, it } from 'vitest'
import { evaluate, numbers } from '../../test/evaluate.ts'
import type { TensorRef } from '../checkpoint/types.ts'
import type { DType } from '../core/dtype.ts'
import { CheckpointError } from '../core/errors.ts'
import { add } from '../graph/ops/index.ts'
import { openWeights } from './weights.ts'

function stored(name: string, dtype: DType, data: ArrayBufferView, shape: readonly number[]): [string, TensorRef] {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer)
  return [name, { name, dtype, shape, read: async () => bytes }]
}

// 1.5, -2, 2^-10 in every type
const values = [1.5, -2, 2 ** -10]
const weights = openWeights(
  'some.pth',
  new Map([
    stored('a.float32', 'float32', Float32Array.from(values), [3]),
    stored('a.float64', 'float64', Float64Array.from(values), [3]),
    stored('a.float16', 'float16', Uint16Array.of(0x3e00, 0xc000, 0x1400), [3]),
    stored('a.bfloat16', 'bfloat16', Uint16Array.of(0x3fc0, 0xc000, 0x3a80), [3]),
    stored('a.counter', 'int64', BigInt64Array.of(1n), [1]),
  ]),
)

describe('weights', () => {
  it.each(['float32', 'float64', 'float16', 'bfloat16'])('in %s come as float32', async (dtype) => {
    const w = weights.get(`a.${dtype}`)
    expect(w.dtype).toBe('float32')
    const { out } = await evaluate({ out: add(w, 0) }, {})
    expect(numbers(out)).toEqual(values)
  })

  it('are found below a prefix', () => {
    const scope = weights.scope('a.')
    expect(scope.has('float16')).toBe(true)
    expect(scope.has('a.float16')).toBe(false)
    expect(scope.get('float16').shape).toEqual([3])
  })

  it('can be computed from stored ones', async () => {
    const doubled = weights.derive('a.bfloat16', {
      tag: 'doubled',
      dtype: 'float32',
      shape: [3],
      compute: (data) => data.map((v) => 2 * v),
    })
    const { out } = await evaluate({ out: doubled }, {})
    expect(numbers(out)).toEqual(values.map((v) => 2 * v))
  })

  it('that are missing are reported with the nearest name', () => {
    const missing = () => weights.scope('a.').get('floatl6')
    expect(missing).toThrow(CheckpointError)
    expect(missing).toThrow('some.pth: no tensor "a.floatl6"; the file holds "a.float16".')
    expect(() => weights.get('something.else.entirely')).toThrow('no tensor "something.else.entirely".')
  })

  it('of integers are refused', () => {
    expect(() => weights.get('a.counter')).toThrow('tensor "a.counter" is int64, expected a floating-point type')
  })
})
