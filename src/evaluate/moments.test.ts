import { describe, expect, it } from 'vitest'
import { loadFixture } from '../../test/fixtures.ts'
import { normal } from '../../test/normal.ts'
import { type Features, rows } from './features.ts'
import { addFeatures, emptyMoments, gaussian, mergeMoments } from './moments.ts'

const { arrays } = loadFixture('metrics')
const features = (name: string) => arrays(name) as unknown as Features

/** Both sides are float64 sums of at most 500 terms. */
const FLOAT64 = 1e-12

function moments(all: Features, batch: number) {
  const seen = emptyMoments(all.shape[1])
  for (let start = 0; start < all.shape[0]; start += batch) addFeatures(seen, rows(all, start, start + batch))
  return seen
}

describe('moments', () => {
  it.each(['ref', 'sample'])('are numpy’s mean and covariance of the %s features', (set) => {
    const { mean, covariance } = gaussian(moments(features(`features_${set}`), 37))
    expect(mean).toBeWithinRelative(features(`mu_${set}`).data, FLOAT64)
    expect(covariance).toBeWithinRelative(features(`sigma_${set}`).data, FLOAT64)
  })

  it('do not depend on the batches, nor on who saw which part', () => {
    const all = features('features_sample')
    const whole = gaussian(moments(all, 500))
    const parts = [rows(all, 0, 1), rows(all, 1, 123), rows(all, 123, 500)].map((part) => moments(part, 50))
    const merged = emptyMoments(64)
    for (const part of parts) mergeMoments(merged, part)
    expect(merged.count).toBe(500)
    expect(gaussian(merged).mean).toBeWithinRelative(whole.mean, FLOAT64)
    expect(gaussian(merged).covariance).toBeWithinRelative(whole.covariance, FLOAT64)
  })

  it('stay accurate far from zero', () => {
    const near = {
      data: Float64Array.from(normal(7, 300 * 5), (x) => Math.round(x * 1024) / 1024),
      shape: [300, 5] as const,
    }
    const far = { ...near, data: near.data.map((x) => x + 1e6) } // exact in float64
    expect(gaussian(moments(far, 32)).covariance).toBeWithinRelative(gaussian(moments(near, 32)).covariance, 1e-9)
  })

  it('take float32 batches, empty ones too', () => {
    const seen = emptyMoments(2)
    addFeatures(seen, { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] })
    addFeatures(seen, { data: new Float32Array(0), shape: [0, 2] })
    expect(seen.count).toBe(2)
    expect(Array.from(gaussian(seen).mean)).toEqual([2, 3])
  })

  it('say what is wrong', () => {
    const seen = emptyMoments(2)
    expect(() => gaussian(seen)).toThrow('at least two rows, got 0')
    expect(() => addFeatures(seen, { data: new Float32Array(3), shape: [1, 3] })).toThrow('3 features')
    expect(() => addFeatures(seen, { data: new Float32Array(3), shape: [2, 2] })).toThrow('do not fill')
    const hole = { data: Float32Array.of(0, 1, 2, Number.NaN), shape: [2, 2] as const }
    expect(() => addFeatures(seen, hole)).toThrow('feature 1 of row 1 is NaN')
    expect(seen.count).toBe(0)
    expect(() => mergeMoments(seen, emptyMoments(3))).toThrow('cannot be merged')
  })
})
