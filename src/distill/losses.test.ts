import { expect, test } from 'vitest'
import { evaluate, numbers } from '../../test/evaluate.ts'
import { expectGradients } from '../../test/finite-differences.ts'
import { float32, int64 } from '../engine/types.ts'
import { constant, grad, input } from '../graph/index.ts'
import { agreement, crossEntropy, quantizationLoss } from './losses.ts'

const logits = [2, 0, -1, 0.5, 0.5, 0.5, -3, 1, 4]
const feeds = { x: float32(Float32Array.from(logits), [3, 3]), y: int64([0, 2, 1]) }
const x = input('x', 'float32', [3, 3])
const y = input('y', 'int64', [3])
const row = (values: number[], target: number) =>
  Math.log(values.reduce((s, v) => s + Math.exp(v), 0)) - values[target]!
const rows = [row([2, 0, -1], 0), row([0.5, 0.5, 0.5], 2), row([-3, 1, 4], 1)] as const

test('cross-entropy is the mean of -log p(target)', async () => {
  const out = await evaluate({ loss: crossEntropy(x, y) }, feeds)
  expect(numbers(out.loss)[0]).toBeCloseTo((rows[0] + rows[1] + rows[2]) / 3, 5)
})

test('weights choose rows and leave out others, also in the gradient', async () => {
  const loss = crossEntropy(x, y, constant([1, 0, 3]))
  const out = await evaluate({ loss, dx: grad(loss, [x])[0]! }, feeds)
  expect(numbers(out.loss)[0]).toBeCloseTo((rows[0] + 3 * rows[2]) / 4, 5)
  expect(numbers(out.dx).slice(3, 6)).toBeAllclose([0, 0, 0])
})

test('its gradient agrees with central differences', () =>
  expectGradients({
    shapes: { x: [2, 3, 4] },
    build: ({ x }) => crossEntropy(x!, constant([0, 3, 1, 1, 2, 0], [2, 3], 'int64')),
  }))

test('agreement counts the rows whose largest logit is the target', async () => {
  const share = agreement(x, y)
  const weighted = agreement(x, y, constant([1, 1, 0]))
  const out = await evaluate({ share, weighted }, feeds)
  expect(numbers(out.share)[0]).toBeCloseTo(1 / 3)
  expect(numbers(out.weighted)[0]).toBeCloseTo(1 / 2)
})

test('quantisation pulls codes to features with weight 1 and features to codes with weight beta', async () => {
  const codes = input('codes', 'float32', [2])
  const features = input('features', 'float32', [2])
  const loss = quantizationLoss(codes, features, 0.25)
  const [dc, df] = grad(loss, [codes, features])
  const at = { codes: float32(Float32Array.of(1, 0), [2]), features: float32(Float32Array.of(3, 0), [2]) }
  const out = await evaluate({ loss, dc: dc!, df: df! }, at)
  expect(numbers(out.loss)[0]).toBeCloseTo(2 * 1.25)
  expect(numbers(out.dc)).toBeAllclose([-2, 0])
  expect(numbers(out.df)).toBeAllclose([0.5, 0])
})
