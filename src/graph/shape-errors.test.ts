// What does not fit together is refused while the graph is built, in a message that names the op and its operands.
import { expect, it } from 'vitest'
import { ShapeError } from '../core/errors.ts'
import { constant, input, type Shape } from './index.ts'
import {
  add,
  argmax,
  concat,
  expandLike,
  gather,
  linear,
  matmul,
  quantizedLinear,
  reshape,
  slice,
  softmax,
  split,
  sum,
  transpose,
  unflatten,
} from './ops/index.ts'

const x = (...shape: Shape) => input('x', 'float32', shape)

it.each<[call: () => unknown, message: string]>([
  [() => constant([1, 2, 3], [2]), 'constant: 3 values do not fill shape [2].'],
  [() => add(x('n', 2), x('n', 3)), 'Add: float32[n, 2] and float32[n, 3] do not broadcast (dimension -1: 2 and 3).'],
  [() => add(x('n', 2), x('m', 2)), 'Add: float32[n, 2] and float32[m, 2] do not broadcast (dimension -2: n and m).'],
  [() => reshape(x('n', 6), ['n', 4]), 'reshape: float32[n, 6] does not hold the elements of [n, 4].'],
  [() => reshape(x('n', 'm'), ['m', 'n']), 'reshape: float32[n, m] to [m, n] leaves more than one dimension open.'],
  [() => transpose(x(2, 3), [0]), 'transpose: [0] does not permute float32[2, 3].'],
  [() => transpose(x(2, 3), [0, 0]), 'transpose: [0,0] does not permute float32[2, 3].'],
  [() => slice(x('n', 4), 1, 2, 5), 'slice: 2..5 lies outside axis 1 of float32[n, 4].'],
  [() => slice(x('n', 4), 2, 0, 1), 'slice: float32[n, 4] has no axis 2.'],
  [() => concat([], 0), 'concat: no tensors given.'],
  [() => concat([x(1, 2), x(1, 3)], 0), 'concat on axis 0: float32[1, 2] and float32[1, 3] differ elsewhere.'],
  [() => concat([x(1, 2), x(1, 2)], 2), 'concat: float32[1, 2] has no axis 2.'],
  [() => split(x('n', 4), [1, 2], 1), 'split: sizes [1,2] do not add up in float32[n, 4].'],
  [() => split(x('n', 4), [1, 2], 0), 'split: dimension 0 of float32[n, 4] must be a fixed number.'],
  [() => gather(x(4, 2), x(3), 2), 'gather: float32[4, 2] has no axis 2.'],
  [
    () => expandLike(x(3, 2), x('n', 2)),
    'expandLike: float32[3, 2] and float32[n, 2] do not broadcast (dimension -2: 3 and n).',
  ],
  [() => expandLike(x('n', 2), x(1, 2)), 'expandLike: float32[n, 2] does not fit into float32[1, 2].'],
  [() => unflatten(x('r', 'c'), x('n', 'm', 2)), 'unflatten: dimension -1 of float32[r, c] must be a fixed number.'],
  [() => matmul(x('n', 3), x(4, 5)), 'matmul: inner dimensions of float32[n, 3] and float32[4, 5] differ.'],
  [() => matmul(x(2, 1, 3), x(3, 3, 5)), 'matmul: batches of float32[2, 1, 3] and float32[3, 3, 5] differ.'],
  [() => linear(x('n', 3), x(5, 4)), 'linear: input float32[n, 3] does not fit weight float32[5, 4].'],
  [() => linear(x('n', 'm'), x(5, 4)), 'linear: dimension -1 of float32[n, m] must be a fixed number.'],
  [
    () => quantizedLinear(x('n', 3), x(4, 5), x(5)),
    'quantizedLinear: input float32[n, 3] does not fit weight float32[4, 5].',
  ],
  [() => sum(x('n', 3), [2]), 'ReduceSum: float32[n, 3] has no axis 2.'],
  [() => argmax(x('n', 3), -3), 'ArgMax: float32[n, 3] has no axis -3.'],
  [() => softmax(x('n', 3), 2), 'softmax: float32[n, 3] has no axis 2.'],
])('%s', (call, message) => {
  expect(call).toThrow(ShapeError)
  expect(call).toThrow(message)
})
