import { describe, expect, it } from 'vitest'
import { loadFixture } from '../../test/fixtures.ts'
import { normal } from '../../test/normal.ts'
import { atOnce } from '../core/steps.ts'
import { type Features, rowProducts } from './features.ts'
import { frechetDistance, traceOfRoot } from './frechet.ts'
import { addFeatures, emptyMoments, type Gaussian, gaussian } from './moments.ts'

const { arrays, meta } = loadFixture('metrics')
const features = (name: string) => arrays(name) as unknown as Features

const traced = (a: Float64Array, b: Float64Array, n: number) => atOnce(traceOfRoot(a, b, n))

/** The fixtures are float64 throughout; scipy's sqrtm is good to about 1e-9 where the covariances have full rank. */
const RELATIVE = 1e-6
/** Where only the second covariance lacks rank, its zeros come out as rounding errors, of which the root is taken. */
const ROOT_OF_ROUNDING = 1e-7

function fitted(all: Features): Gaussian {
  const seen = emptyMoments(all.shape[1])
  addFeatures(seen, all)
  return gaussian(seen)
}

const given = (set: string): Gaussian => ({
  mean: arrays(`mu_${set}`).data as Float64Array,
  covariance: arrays(`sigma_${set}`).data as Float64Array,
})

/** The features of the big sets: value / 64. */
function big(set: string): Features {
  const { data, shape } = arrays(`big_${set}_u8`)
  return { data: Float32Array.from(data, (value) => value / 64), shape: shape as [number, number] }
}

/** A covariance of n features whose eigenvalues fall as 1 / i². */
function powerLaw(seed: number, n: number): Float64Array {
  const factor = normal(seed, n * n).map((x, at) => x / (1 + (at % n)))
  return rowProducts(factor, factor, n)
}

describe('Fréchet distance', () => {
  it('is the reference implementation’s', () => {
    const distance = frechetDistance(fitted(features('features_ref')), fitted(features('features_sample')))
    expect(distance / meta.values.fid).toBeCloseTo(1, 6)
    expect([distance]).toBeWithinRelative([meta.values.fid], RELATIVE)
    expect([frechetDistance(given('sample'), given('ref'))]).toBeWithinRelative([meta.values.fid], RELATIVE)
    const trace = traced(given('ref').covariance, given('sample').covariance, 64)
    expect([trace]).toBeWithinRelative([meta.values.trace_covmean], 1e-9)
  })

  it('is zero between equals', () => {
    const { covariance } = given('ref')
    const trace = covariance.reduce((sum, x, at) => (at % 65 === 0 ? sum + x : sum), 0)
    expect(frechetDistance(given('ref'), given('ref'))).toBeLessThan(1e-12 * trace)
  })

  it('is zero between equals whose variances span twelve orders of magnitude', () => {
    const n = 100
    const factor = normal(1, n * n).map((x, at) => x / 1.15 ** (at % n))
    const covariance = rowProducts(factor, factor, n)
    const trace = covariance.reduce((sum, x, at) => (at % (n + 1) === 0 ? sum + x : sum), 0)
    expect([traced(covariance, covariance, n)]).toBeWithinRelative([trace], 1e-9)
  })

  it('is exact with fewer samples than features, where sqrtm is not', { timeout: 300_000 }, () => {
    const distance = frechetDistance(fitted(big('ref')), fitted(big('sample')))
    expect([distance]).toBeWithinRelative([meta.values.big_fid_exact], 1e-9)
    expect([distance]).not.toBeWithinRelative([meta.values.big_fid_sqrtm], RELATIVE)
  })

  it('does not depend on which comes first', () => {
    const a = powerLaw(2, 80)
    const b = powerLaw(3, 80)
    expect([traced(a, b, 80)]).toBeWithinRelative([traced(b, a, 80)], 1e-9)
    const few = { data: Float32Array.from(normal(4, 5 * 80)), shape: [5, 80] as const }
    const { covariance } = fitted(few)
    expect([traced(a, covariance, 80)]).toBeWithinRelative([traced(covariance, a, 80)], ROOT_OF_ROUNDING)
  })

  it('of scaled copies is known', () => {
    const a = { mean: new Float64Array(50), covariance: powerLaw(5, 50) }
    const b = { mean: new Float64Array(50).fill(2), covariance: a.covariance.map((x) => 9 * x) } // b = 3 a + 2
    const trace = a.covariance.reduce((sum, x, at) => (at % 51 === 0 ? sum + x : sum), 0)
    expect([frechetDistance(a, b)]).toBeWithinRelative([50 * 4 + 4 * trace], 1e-9)
  })

  it('takes features that never vary', () => {
    const still = { mean: Float64Array.of(1, 1), covariance: new Float64Array(4) }
    const one = { mean: Float64Array.of(1, 2), covariance: Float64Array.of(4, 0, 0, 0) }
    expect(frechetDistance(still, still)).toBe(0)
    expect(frechetDistance(still, one)).toBe(5)
    expect(frechetDistance(one, still)).toBe(5)
  })

  it('says what is wrong', () => {
    const of = (...mean: number[]) => ({
      mean: Float64Array.from(mean),
      covariance: new Float64Array(mean.length ** 2),
    })
    expect(() => frechetDistance(of(1), of(1, 2))).toThrow('1 and 2 features')
    expect(() => frechetDistance(of(1), { ...of(1), covariance: new Float64Array(4) })).toThrow('no covariance')
    expect(() => frechetDistance(of(1), of(Number.NaN))).toThrow('not finite')
  })
})
