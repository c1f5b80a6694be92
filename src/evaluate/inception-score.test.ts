import { describe, expect, it } from 'vitest'
import { loadFixture } from '../../test/fixtures.ts'
import type { Features } from './features.ts'
import { inceptionScore } from './inception-score.ts'

const { arrays, meta } = loadFixture('metrics')
const probabilities = arrays('probs') as unknown as Features

/** Sums of 32 thousand float64 terms; the reference itself, and its scores of single blocks, are float32. */
const FLOAT64 = 1e-9
const FLOAT32 = 1e-6

describe('Inception Score', () => {
  it.each([53, 100, 5000])('is the reference’s with %i rows to a block', (blockSize) => {
    const { score, blocks } = inceptionScore(probabilities, blockSize)
    expect([score]).toBeWithinRelative([meta.values[`inception_score_split${blockSize}_f64`]], FLOAT64)
    expect(blocks).toBeAllclose(arrays(`is_scores_split${blockSize}`).data, { atol: 0, rtol: FLOAT32 })
    expect([score]).toBeWithinRelative([meta.values[`inception_score_split${blockSize}`]], FLOAT32)
  })

  it('spreads over its blocks as numpy’s std says, and not over one', () => {
    const { deviation, blocks } = inceptionScore(probabilities, 100)
    const mean = blocks.reduce((sum, score) => sum + score, 0) / blocks.length
    const variance = blocks.reduce((sum, score) => sum + (score - mean) ** 2, 0) / blocks.length
    expect(blocks.length).toBeGreaterThan(1)
    expect(deviation).toBeCloseTo(Math.sqrt(variance), 12)
    expect(inceptionScore(probabilities, 1e6).deviation).toBeUndefined()
  })

  it('lies between 1 and the number of classes', () => {
    const uniform = { data: new Float32Array(40).fill(0.25), shape: [10, 4] as const }
    expect(inceptionScore(uniform).score).toBeCloseTo(1, 12)
    const certain = {
      data: Float32Array.from({ length: 40 }, (_, at) => Number(at % 5 === 0)),
      shape: [10, 4] as const,
    }
    expect(inceptionScore({ ...certain, data: certain.data.subarray(0, 16), shape: [4, 4] }).score).toBeCloseTo(4, 12)
  })

  it('says what is wrong', () => {
    expect(() => inceptionScore({ data: new Float32Array(0), shape: [0, 3] })).toThrow('at least one row')
    expect(() => inceptionScore(probabilities, 0)).toThrow('block size')
    expect(() => inceptionScore({ data: Float32Array.of(2, -1), shape: [1, 2] })).toThrow('A probability is -1')
  })
})
