import { describe, expect, it } from 'vitest'
import { normal } from '../../test/normal.ts'
import { rowProducts } from './features.ts'
import { symmetricEigen, symmetricEigenvalues } from './symmetric-eigen.ts'

/** Backward error of a Householder reduction with QL, in units of the largest eigenvalue. */
const BACKWARD = 1e-14

function symmetric(seed: number, n: number): Float64Array {
  const a = normal(seed, n * n)
  return a.map((_, at) => a[Math.floor(at / n) * n + (at % n)]! + a[(at % n) * n + Math.floor(at / n)]!)
}

/** [n, m] -> [m, n] */
const transposed = (a: Float64Array, n: number, m: number) => a.map((_, at) => a[(at % n) * m + Math.floor(at / n)]!)

const largest = (values: Float64Array) => Math.max(...values.map(Math.abs))

/** vᵀ diag(values) v */
function rebuilt(values: Float64Array, vectors: Float64Array, n: number): Float64Array {
  const v = transposed(vectors, n, n)
  return rowProducts(
    v.map((x, at) => x * values[at % n]!),
    v,
    n,
  )
}

function expectDecomposed(a: Float64Array, n: number): void {
  const { values, vectors } = symmetricEigen(a, n)
  const scale = largest(values) || 1
  const identity = new Float64Array(n * n).map((_, at) => (at % (n + 1) === 0 ? 1 : 0))
  expect(rowProducts(vectors, vectors, n)).toBeAllclose(identity, { atol: n * BACKWARD, rtol: 0 })
  expect(rebuilt(values, vectors, n)).toBeAllclose(a, { atol: n * BACKWARD * scale, rtol: 0 })
  expect(values).toEqual(values.slice().sort())
  expect(symmetricEigenvalues(a, n)).toBeAllclose(values, { atol: n * BACKWARD * scale, rtol: 0 })
}

describe('eigenvalues of a symmetric matrix', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 33, 66, 131, 260])(
    'rebuild a generic matrix of %i rows with orthonormal vectors',
    (n) => {
      expectDecomposed(symmetric(n, n), n)
    },
  )

  it('are known for the second difference matrix', () => {
    const n = 200
    const a = new Float64Array(n * n)
    for (let i = 0; i < n; i++) {
      a[i * n + i] = 2
      if (i) a[i * n + i - 1] = a[(i - 1) * n + i] = -1
    }
    const known = Float64Array.from({ length: n }, (_, k) => 4 * Math.sin(((k + 1) * Math.PI) / (2 * (n + 1))) ** 2)
    expect(symmetricEigenvalues(a, n)).toBeAllclose(known, { atol: n * BACKWARD, rtol: 0 })
    expectDecomposed(a, n)
  })

  it('are zero where the rank ends', () => {
    const n = 120
    const rank = 17
    const factor = normal(3, n * rank)
    const a = rowProducts(factor, factor, rank) // [n, n] of rank 17
    const values = symmetricEigenvalues(a, n)
    const small = symmetricEigenvalues(rowProducts(transposed(factor, n, rank), transposed(factor, n, rank), n), rank)
    const scale = largest(values)
    expect(values.subarray(n - rank)).toBeAllclose(small, { atol: n * BACKWARD * scale, rtol: 0 })
    expect(values.subarray(0, n - rank)).toBeAllclose(new Float64Array(n - rank), {
      atol: n * BACKWARD * scale,
      rtol: 0,
    })
    expectDecomposed(a, n)
  })

  it('may repeat, vanish, or span hundreds of powers of ten', () => {
    expectDecomposed(new Float64Array(49), 7)
    expectDecomposed(new Float64Array(64).fill(1), 8)
    const diagonal = new Float64Array(25).map((_, at) => (at % 6 === 0 ? [3, -1, 3, 0, 3][at / 6]! : 0))
    expect(symmetricEigen(diagonal, 5).values).toEqual(Float64Array.of(-1, 0, 3, 3, 3))
    expectDecomposed(
      symmetric(5, 20).map((x) => x * 1e-200),
      20,
    )
    expectDecomposed(
      symmetric(6, 20).map((x) => x * 1e200),
      20,
    )
    const graded = symmetric(8, 30).map((x, at) => x * 10 ** (10 * ((at % 30) + Math.floor(at / 30) - 30)))
    expectDecomposed(graded, 30)
  })

  it('are accurate to the last when the matrix is graded', () => {
    const n = 40
    const grade = Float64Array.from({ length: n }, (_, i) => 2 ** (i - n)) // exact scaling
    const a = normal(9, n * n)
    const gram = rowProducts(a, a, n)
    const graded = gram.map((x, at) => x * grade[Math.floor(at / n)]! * grade[at % n]!)
    // det(D G D) = det(D)^2 det(G): an error in the smallest of the values, 1e-24 of the largest, would show.
    const logs = (values: Float64Array) => values.reduce((sum, x) => sum + Math.log(x), 0)
    const expected = logs(symmetricEigenvalues(gram, n)) + 2 * logs(grade)
    expect(logs(symmetricEigenvalues(graded, n))).toBeCloseTo(expected, 8)
  })

  it('read only the lower triangle', () => {
    const a = symmetric(11, 12)
    const lower = a.map((x, at) => (at % 12 > Math.floor(at / 12) ? Number.NaN : x))
    expect(symmetricEigen(lower, 12)).toEqual(symmetricEigen(a, 12))
  })

  it('refuse what is no matrix of numbers', () => {
    expect(() => symmetricEigen(new Float64Array(5), 2)).toThrow('no matrix of shape [2, 2]')
    expect(() => symmetricEigenvalues(Float64Array.of(1, 0, Number.NaN, 1), 2)).toThrow('Entry [1, 0]')
  })
})
