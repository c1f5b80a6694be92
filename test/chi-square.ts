// Pearson's test of counts against probabilities: the statistic, and the value it exceeds once in ten thousand times.

/** Entries expected fewer than 8 times count as one. */
export function chiSquare(indices: ArrayLike<number>, probabilities: readonly number[]) {
  const seen = new Array<number>(probabilities.length).fill(0)
  for (const index of Array.from(indices)) seen[index]!++
  const cells = probabilities.map((p, i) => ({ expected: p * indices.length, seen: seen[i]! }))
  const rest = { expected: 0, seen: 0 }
  for (const cell of cells) {
    if (cell.expected >= 8) continue
    rest.expected += cell.expected
    rest.seen += cell.seen
  }
  const used = [...cells.filter(({ expected }) => expected >= 8), ...(rest.expected + rest.seen > 0 ? [rest] : [])]
  const statistic = used.reduce((sum, c) => sum + (c.seen - c.expected) ** 2 / c.expected, 0)
  return { statistic, bound: quantile(used.length - 1) }
}

/** The 99.99th percentile for `k` degrees of freedom (Wilson & Hilferty 1931). */
function quantile(k: number): number {
  const z = 3.719
  return k === 0 ? 0 : k * (1 - 2 / (9 * k) + z * Math.sqrt(2 / (9 * k))) ** 3
}
