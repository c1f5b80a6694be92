import { describe, expect, it } from 'vitest'
import { loadFixture } from '../../test/fixtures.ts'
import { squaredDistances } from './distances.ts'
import type { Features } from './features.ts'
import { insideEachOther, manifoldRadii, precisionRecall } from './precision-recall.ts'

const { arrays, meta } = loadFixture('metrics')

/** As the feature extractor gives them: float32. */
const features = (name: string, scale = 1): Features => {
  const { data, shape } = arrays(name)
  return { data: Float32Array.from(data, (value) => value / scale), shape: shape as [number, number] }
}
const reference = features('features_ref')
const sample = features('features_sample')

/** Distances are rounded to float32 once, features too. */
const FLOAT32 = 1e-6

describe('precision and recall', () => {
  it.each([64, 100, 512])('are the reference’s, point by point, in blocks of %i', async (blockRows) => {
    const radii = await manifoldRadii(reference, { blockRows })
    const sampleRadii = await manifoldRadii(sample, { blockRows })
    expect(radii).toBeAllclose(arrays('radii_ref').data, { atol: 0, rtol: FLOAT32 })
    expect(sampleRadii).toBeAllclose(arrays('radii_sample').data, { atol: 0, rtol: FLOAT32 })
    const inside = await insideEachOther(reference, radii, sample, sampleRadii, { blockRows })
    expect(inside.first).toEqual(arrays('ref_in_sample_manifold').data)
    expect(inside.second).toEqual(arrays('sample_in_ref_manifold').data)
    expect(await precisionRecall(reference, sample, { blockRows })).toEqual({
      precision: meta.values.precision_f64,
      recall: meta.values.recall_f64,
    })
  })

  it('are the reference’s for 2048 features', async () => {
    expect(await precisionRecall(features('big_ref_u8', 64), features('big_sample_u8', 64))).toEqual({
      precision: meta.values.big_precision_f64,
      recall: meta.values.big_recall_f64,
    })
  })

  it('are 1 between equals', async () => {
    expect(await precisionRecall(reference, reference)).toEqual({ precision: 1, recall: 1 })
  })

  it('take distances from elsewhere, and ask for each block once', async () => {
    let pairs = 0
    const seen: number[] = []
    const counted = await precisionRecall(reference, sample, {
      blockRows: 100,
      distances: async (a, b) => {
        pairs += a.shape[0] * b.shape[0]
        return squaredDistances(a, b)
      },
      onProgress: (done, total) => seen.push(done / total),
    })
    expect(counted).toEqual({ precision: meta.values.precision_f64, recall: meta.values.recall_f64 })
    expect(pairs).toBe((4 * 5 * 1e4) / 2 + (5 * 6 * 1e4) / 2 + 400 * 500)
    expect(seen).toEqual(Array.from({ length: 45 }, (_, i) => (i + 1) / 45))
  })

  it('can be cancelled between blocks', async () => {
    const abort = new AbortController()
    const run = precisionRecall(reference, sample, {
      blockRows: 50,
      signal: abort.signal,
      onProgress: (done) => done === 3 && abort.abort(new Error('enough')),
    })
    await expect(run).rejects.toThrow('enough')
  })

  it('say what is wrong', async () => {
    const few = { data: new Float32Array(6), shape: [3, 2] as const }
    await expect(precisionRecall(few, few)).rejects.toThrow('3 points have no neighbour number 3')
    await expect(precisionRecall(few, reference)).rejects.toThrow('2 and 64 features')
    await expect(manifoldRadii(few, { blockRows: 0, neighbours: 1 })).rejects.toThrow('at least one row')
    const hole = { data: Float32Array.of(1, Number.POSITIVE_INFINITY), shape: [2, 1] as const }
    await expect(manifoldRadii(hole, { neighbours: 1 })).rejects.toThrow('row 1 is Infinity')
  })
})
