// Householder reduction of a real symmetric matrix to tridiagonal form, as EISPACK's tred2 orders it (last row first:
// Martin, Reinsch, Wilkinson, Numer. Math. 11, 1968). Two things are arranged for a processor's caches: each step's
// rank-two update is done in the pass that forms the next step's product, and the orthogonal factor is built four
// columns at a time.

import type { Steps } from '../core/steps.ts'

export interface Tridiagonal {
  readonly diagonal: Float64Array
  /** Entry i couples rows i and i + 1; the last is 0. */
  readonly offDiagonal: Float64Array
  /** Row i holds the reflector u of step i in its first i entries. */
  readonly reflectors: Float64Array
  /** uᵀu / 2 of each step; 0 where there was nothing to reflect. */
  readonly halfNorms: Float64Array
}

/** Reduces the lower triangle of `a` [n, n], which is overwritten with the reflectors. */
export function* tridiagonalise(a: Float64Array, n: number): Steps<Tridiagonal> {
  const diagonal = new Float64Array(n)
  const offDiagonal = new Float64Array(n)
  const halfNorms = new Float64Array(n)
  let pending = { u: new Float64Array(n), q: new Float64Array(n) } // a - u qᵀ - q uᵀ is what a stands for
  let next = { u: new Float64Array(n), q: new Float64Array(n) }
  for (let i = n - 1; i > 0; i--) {
    const row = i * n
    for (let k = 0; k <= i; k++) a[row + k]! -= pending.u[i]! * pending.q[k]! + pending.q[i]! * pending.u[k]!
    diagonal[i] = a[row + i]!
    const u = a.subarray(row, row + i)
    const { entry, half } = reflect(u)
    offDiagonal[i - 1] = entry
    halfNorms[i] = half
    next.u.fill(0)
    next.q.fill(0)
    next.u.set(u)
    updateAndMultiply(a, n, i, pending, next)
    if (half > 0) {
      let overlap = 0
      for (let k = 0; k < i; k++) overlap += next.q[k]! * next.u[k]!
      for (let k = 0; k < i; k++) next.q[k] = (next.q[k]! - (overlap / (2 * half)) * next.u[k]!) / half
    }
    ;[pending, next] = [next, pending]
    yield
  }
  if (n > 0) diagonal[0] = a[0]! - 2 * pending.u[0]! * pending.q[0]!
  return { diagonal, offDiagonal, reflectors: a, halfNorms }
}

/** Turns a row into the reflector that leaves only its last entry, and says what becomes of that. */
function reflect(u: Float64Array): { entry: number; half: number } {
  const last = u.length - 1
  let scale = 0
  for (let k = 0; k < last; k++) scale = Math.max(scale, Math.abs(u[k]!))
  const pivot = u[last]!
  if (scale === 0) {
    u.fill(0)
    return { entry: pivot, half: 0 }
  }
  scale = Math.max(scale, Math.abs(pivot))
  let square = 0
  for (let k = 0; k <= last; k++) {
    u[k]! /= scale
    square += u[k]! ** 2
  }
  const norm = pivot > 0 ? -Math.sqrt(square) : Math.sqrt(square)
  const half = square - u[last]! * norm
  u[last]! -= norm
  return { entry: scale * norm, half }
}

/** In the leading size x size block: a -= u qᵀ + q uᵀ of `pending`, then next.q += a next.u; lower triangle only, two rows at once. */
function updateAndMultiply(
  a: Float64Array,
  n: number,
  size: number,
  pending: { u: Float64Array; q: Float64Array },
  next: { u: Float64Array; q: Float64Array },
): void {
  const { u: oldU, q: oldQ } = pending
  const { u, q } = next
  const alone = size % 2
  if (alone) {
    a[0]! -= 2 * oldU[0]! * oldQ[0]!
    q[0]! += a[0]! * u[0]!
  }
  for (let j = alone; j < size; j += 2) {
    const row = j * n
    const below = row + n
    const oldU0 = oldU[j]!
    const oldQ0 = oldQ[j]!
    const u0 = u[j]!
    const oldU1 = oldU[j + 1]!
    const oldQ1 = oldQ[j + 1]!
    const u1 = u[j + 1]!
    let sum0 = 0
    let sum1 = 0
    for (let k = 0; k < j; k++) {
      const oldUk = oldU[k]!
      const oldQk = oldQ[k]!
      const uk = u[k]!
      const value0 = a[row + k]! - (oldU0 * oldQk + oldQ0 * oldUk)
      const value1 = a[below + k]! - (oldU1 * oldQk + oldQ1 * oldUk)
      a[row + k] = value0
      a[below + k] = value1
      sum0 += value0 * uk
      sum1 += value1 * uk
      q[k]! += value0 * u0 + value1 * u1
    }
    a[row + j]! -= 2 * oldU0 * oldQ0
    a[below + j]! -= oldU1 * oldQ0 + oldQ1 * oldU0
    a[below + j + 1]! -= 2 * oldU1 * oldQ1
    q[j]! += sum0 + a[row + j]! * u0 + a[below + j]! * u1
    q[j + 1]! += sum1 + a[below + j]! * u0 + a[below + j + 1]! * u1
  }
}

/** The orthogonal Q [n, n] for which Qᵀ a Q is tridiagonal: the product of the reflections, last step first. */
export function* orthogonalFactor({ reflectors, halfNorms }: Tridiagonal): Steps<Float64Array> {
  const n = halfNorms.length
  const q = new Float64Array(n * n)
  const columns = Array.from({ length: 4 }, () => new Float64Array(n))
  for (let first = 0; first < n; first += 4) {
    for (const [c, column] of columns.entries()) {
      column.fill(0)
      if (first + c < n) column[first + c] = 1
    }
    for (let i = first + 1; i < n; i++) if (halfNorms[i]! > 0) reflectFour(columns, reflectors, i * n, i, halfNorms[i]!)
    for (let c = 0; c < Math.min(4, n - first); c++) for (let k = 0; k < n; k++) q[k * n + first + c] = columns[c]![k]!
    yield
  }
  return q
}

/** z -= u (uᵀ z) / half for four columns z, where u are `size` numbers of `reflectors` from `at` on. */
function reflectFour(
  [z0, z1, z2, z3]: Float64Array[],
  reflectors: Float64Array,
  at: number,
  size: number,
  half: number,
): void {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  for (let k = 0; k < size; k++) {
    const u = reflectors[at + k]!
    s0 += u * z0![k]!
    s1 += u * z1![k]!
    s2 += u * z2![k]!
    s3 += u * z3![k]!
  }
  s0 /= half
  s1 /= half
  s2 /= half
  s3 /= half
  for (let k = 0; k < size; k++) {
    const u = reflectors[at + k]!
    z0![k]! -= s0 * u
    z1![k]! -= s1 * u
    z2![k]! -= s2 * u
    z3![k]! -= s3 * u
  }
}
