// Eigenvalues and eigenvectors of a real symmetric matrix in float64: Householder tridiagonalisation, then QL with
// implicit shifts as in EISPACK's imtql2 (Dubrulle, Martin, Wilkinson, Numer. Math. 12, 1968). Rotations are collected
// over many sweeps and applied to four rows of the vectors at a time, which then stay in the first-level cache.
import { EngineError, UsageError } from '../core/errors.ts'
import { atOnce, type Steps } from '../core/steps.ts'
import { orthogonalFactor, tridiagonalise } from './tridiagonal.ts'

export interface SymmetricEigen {
  /** n eigenvalues, ascending. */
  readonly values: Float64Array
  /** [n, n]: row i is the unit eigenvector of value i. */
  readonly vectors: Float64Array
}

/**
 * Eigenvalues of a symmetric matrix [n, n], ascending, to about n times the rounding error of the largest. Only the
 * lower triangle is read. For a matrix whose entries grow towards the lower right, small eigenvalues are accurate, too.
 * @throws UsageError when the matrix is not square or holds a value that is not finite
 * @example
 * symmetricEigenvalues(Float64Array.of(3, 0, 0, -1), 2) // [-1, 3]
 */
export const symmetricEigenvalues = (matrix: Float64Array, n: number): Float64Array =>
  atOnce(eigenvalueSteps(matrix, n))

/** `symmetricEigenvalues` in pieces. */
export function* eigenvalueSteps(matrix: Float64Array, n: number): Steps<Float64Array> {
  const { scaled, scale } = normalised(matrix, n)
  const { diagonal, offDiagonal } = yield* tridiagonalise(scaled, n)
  yield* implicitQL(diagonal, offDiagonal)
  return diagonal.map((value) => value * scale).sort()
}

/**
 * Eigenvalues, ascending, and orthonormal eigenvectors of a symmetric matrix [n, n], of which only the lower triangle is
 * read.
 * @throws UsageError when the matrix is not square or holds a value that is not finite
 * @example
 * symmetricEigen(Float64Array.of(2, 0, 0, 1), 2).values // [1, 2]
 */
export const symmetricEigen = (matrix: Float64Array, n: number): SymmetricEigen => atOnce(eigenSteps(matrix, n))

/** `symmetricEigen` in pieces. */
export function* eigenSteps(matrix: Float64Array, n: number): Steps<SymmetricEigen> {
  const { scaled, scale } = normalised(matrix, n)
  const reduced = yield* tridiagonalise(scaled, n)
  const { diagonal, offDiagonal } = reduced
  const z = yield* orthogonalFactor(reduced) // columns become the eigenvectors
  yield* implicitQL(diagonal, offDiagonal, rotator(z, n))
  const order = Uint32Array.from(diagonal.keys()).sort((i, j) => diagonal[i]! - diagonal[j]!)
  const vectors = new Float64Array(n * n)
  for (let k = 0; k < n; k++) for (let i = 0; i < n; i++) vectors[i * n + k] = z[k * n + order[i]!]!
  return { values: Float64Array.from(order, (i) => diagonal[i]! * scale), vectors }
}

/** A copy over its largest magnitude, so that squares neither overflow nor vanish. */
function normalised(matrix: Float64Array, n: number): { scaled: Float64Array; scale: number } {
  if (matrix.length !== n * n) throw new UsageError(`${matrix.length} values are no matrix of shape [${n}, ${n}].`)
  let largest = 0
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const value = Math.abs(matrix[i * n + j]!)
      if (!(value < Number.POSITIVE_INFINITY))
        throw new UsageError(
          `Entry [${i}, ${j}] of the matrix is ${matrix[i * n + j]}; eigenvalues need finite numbers.`,
        )
      if (value > largest) largest = value
    }
  const scale = largest || 1
  return { scaled: matrix.map((value) => value / scale), scale }
}

/** Takes the rotations of one sweep in order: (c, s) turns columns i and i + 1, i falling from `top` by one each. */
interface Rotations {
  begin(top: number): void
  turn(c: number, s: number): void
  finish(): void
}

const SWEEPS_PER_EIGENVALUE = 60
/** In a matrix whose largest entry is 1, less than this is 0. */
const TINY = 2 ** -500

/** Replaces the diagonal by the eigenvalues, in no order, of the tridiagonal matrix; destroys the off-diagonal. */
function* implicitQL(d: Float64Array, e: Float64Array, rotations?: Rotations): Steps<void> {
  const n = d.length
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l
      while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!)) + TINY) m++
      if (m === l) break
      if (sweep === SWEEPS_PER_EIGENVALUE)
        throw new EngineError(`No eigenvalue ${l} of ${n} after ${sweep} sweeps; this should not happen.`)
      sweepQL(d, e, l, m, rotations)
      yield
    }
  }
  rotations?.finish()
}

function sweepQL(d: Float64Array, e: Float64Array, l: number, m: number, rotations?: Rotations): void {
  const ratio = (d[l + 1]! - d[l]!) / (2 * e[l]!)
  const root = Math.sqrt(ratio * ratio + 1)
  let g = d[m]! - d[l]! + e[l]! / (ratio + (ratio < 0 ? -root : root))
  let s = 1
  let c = 1
  let p = 0
  rotations?.begin(m - 1)
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i]!
    const b = c * e[i]!
    const r = length(f, g)
    e[i + 1] = r
    if (r === 0) {
      d[i + 1]! -= p
      e[m] = 0
      return
    }
    s = f / r
    c = g / r
    g = d[i + 1]! - p
    const t = (d[i]! - g) * s + 2 * c * b
    p = s * t
    d[i + 1] = g + p
    g = c * t - b
    rotations?.turn(c, s)
  }
  d[l]! -= p
  e[l] = g
  e[m] = 0
}

/** sqrt(f² + g²); Math.hypot is safe but slow, so it sees only what would lose digits. */
function length(f: number, g: number): number {
  const r = Math.sqrt(f * f + g * g)
  return r > 2 ** -450 ? r : Math.hypot(f, g)
}

const BUFFERED = 1 << 14

/** Applies rotations to the columns of z [n, n], many sweeps at once. */
function rotator(z: Float64Array, n: number): Rotations {
  const cs = new Float64Array(2 * (BUFFERED + n))
  let filled = 0
  let sweeps: { top: number; at: number }[] = []
  const finish = () => {
    for (let row = 0; row < n; row += 4) {
      for (const [k, { top, at }] of sweeps.entries()) {
        const end = sweeps[k + 1]?.at ?? filled
        const r = row * n + top
        if (row + 4 <= n) rotateFour(z, cs, at, end, r, r + n, r + 2 * n, r + 3 * n)
        else for (let one = r; one < n * n; one += n) rotateOne(z, cs, at, end, one)
      }
    }
    filled = 0
    sweeps = []
  }
  return {
    begin(top) {
      if (filled >= 2 * BUFFERED) finish()
      sweeps.push({ top, at: filled })
    },
    turn(c, s) {
      cs[filled++] = c
      cs[filled++] = s
    },
    finish,
  }
}

function rotateFour(
  z: Float64Array,
  cs: Float64Array,
  at: number,
  end: number,
  r0: number,
  r1: number,
  r2: number,
  r3: number,
): void {
  let h0 = z[r0 + 1]!
  let h1 = z[r1 + 1]!
  let h2 = z[r2 + 1]!
  let h3 = z[r3 + 1]!
  let back = 0
  for (let k = at; k < end; k += 2, back++) {
    const c = cs[k]!
    const s = cs[k + 1]!
    const x0 = z[r0 - back]!
    z[r0 - back + 1] = s * x0 + c * h0
    h0 = c * x0 - s * h0
    const x1 = z[r1 - back]!
    z[r1 - back + 1] = s * x1 + c * h1
    h1 = c * x1 - s * h1
    const x2 = z[r2 - back]!
    z[r2 - back + 1] = s * x2 + c * h2
    h2 = c * x2 - s * h2
    const x3 = z[r3 - back]!
    z[r3 - back + 1] = s * x3 + c * h3
    h3 = c * x3 - s * h3
  }
  z[r0 - back + 1] = h0
  z[r1 - back + 1] = h1
  z[r2 - back + 1] = h2
  z[r3 - back + 1] = h3
}

function rotateOne(z: Float64Array, cs: Float64Array, at: number, end: number, r: number): void {
  let h = z[r + 1]!
  let place = r
  for (let k = at; k < end; k += 2, place--) {
    const x = z[place]!
    z[place + 1] = cs[k + 1]! * x + cs[k]! * h
    h = cs[k]! * x - cs[k + 1]! * h
  }
  z[place + 1] = h
}
