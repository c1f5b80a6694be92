import { describe, expect, it } from 'vitest'
import { noise } from '../../../../src/core/random/philox.ts'
import { chiSquare } from '../../../../test/chi-square.ts'
import { cellsOf, type Entry, flowMap, pathsOf, pixelPlace, placeAt, probabilities, refinedCells } from './flow.ts'

const entry = (x: number, y: number, weight: number): Entry => ({ x, y, weight })
const scattered = [
  entry(-1.6, 1.1, 4),
  entry(1.4, 1.5, 3),
  entry(0.2, -0.3, 2),
  entry(1.9, -1.4, 1),
  entry(-1, -1.8, 1),
]
const rows = 20_000
const noises = noise(5, 0, 40_000)

function endsOf(entries: readonly Entry[], steps = 32, points = rows): Uint8Array {
  const map = flowMap(entries, steps)
  return Uint8Array.from({ length: points }, (_, n) => map(noises[2 * n]!, noises[2 * n + 1]!))
}

const differing = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).filter((value, i) => value !== b[i]).length / a.length

describe('the flow map in the plane', () => {
  it.each<[string, Entry[]]>([
    ['five entries, none alike', scattered],
    ['entries that are all alike', scattered.map(({ x, y }) => entry(x, y, 1))],
    ['one entry at 95 %', scattered.map(({ x, y }, j) => entry(x, y, j === 2 ? 76 : 1))],
    ['one entry that never is', scattered.map(({ x, y }, j) => entry(x, y, j === 0 ? 0 : 1))],
    ['entries in a row', [-2, -1, 0, 1, 2].map((x) => entry(x, 0.5 * x, 3 + x))],
    ['entries close together in a corner', scattered.map(({ x, y, weight }) => entry(2 + x / 10, 2 + y / 10, weight))],
  ])('carries Gaussian noise onto the probabilities: %s', (_, entries) => {
    const { statistic, bound } = chiSquare(endsOf(entries), probabilities(entries))
    expect(statistic).toBeLessThan(bound)
  })

  it('begins at the noise and ends on an entry, exactly', () => {
    const { ends, places, steps } = pathsOf(flowMap(scattered), noises.slice(0, 400))
    for (const [n, end] of ends.entries()) {
      const path = places.subarray(2 * n * (steps + 1), 2 * (n + 1) * (steps + 1))
      expect([...path.subarray(0, 2)]).toEqual([...noises.subarray(2 * n, 2 * n + 2)])
      const { x, y } = scattered[end]!
      expect([...path.subarray(-2)]).toEqual([Math.fround(x), Math.fround(y)])
      expect(Math.hypot(path.at(-4)! - x, path.at(-3)! - y)).toBeLessThan(0.5) // the last step is a short one
    }
  })

  it('parts two entries along a line, as far from the middle as their probabilities say', () => {
    const map = flowMap([entry(-1.5, 0, 1), entry(1.5, 0, 3)], 64)
    const threshold = -0.6745 // the lower quartile of a Gaussian
    for (const y of [-2, 0, 1.3]) {
      expect(map(threshold - 0.02, y)).toBe(0)
      expect(map(threshold + 0.02, y)).toBe(1)
    }
  })

  it('does not see where the entries lie as a whole, and how far apart', () => {
    const moved = scattered.map(({ x, y, weight }) => entry(1 + x / 2, y / 2 - 1, weight))
    expect(differing(endsOf(moved, 256, 4000), endsOf(scattered, 256, 4000))).toBeLessThan(0.01)
  })

  it('changes under 1 % of its ends when the steps are refined eightfold', () => {
    expect(differing(endsOf(scattered), endsOf(scattered, 256))).toBeLessThan(0.01)
  })

  it('takes the likelier of two entries that coincide', () => {
    const map = flowMap([entry(0, 0, 1), entry(0, 0, 2), entry(2, 0, 0)])
    expect(new Set([map(-1, 0), map(0, 0), map(1, 2)])).toEqual(new Set([1]))
  })
})

/** Share of all Gaussian noise that lies in each entry's cell, by a sum over the pixels. */
function sharesOf(cells: Uint8Array, side: number, entries: number): number[] {
  const shares = new Array<number>(entries).fill(0)
  for (const [pixel, cell] of cells.entries()) {
    const [x, y] = pixelPlace(pixel, side)
    shares[cell]! += Math.exp(-(x * x + y * y) / 2)
  }
  const total = shares.reduce((sum, share) => sum + share, 0)
  return shares.map((share) => share / total)
}

describe('the toy', () => {
  it('shows cells that hold as much of the noise as their entry is probable', () => {
    const shares = sharesOf(cellsOf(flowMap(scattered), 128), 128, scattered.length)
    for (const [j, p] of probabilities(scattered).entries()) expect(Math.abs(shares[j]! - p)).toBeLessThan(0.006)
  })

  it('knows where a point is between two states, and beyond the ends', () => {
    const places = Float32Array.of(0, 0, 2, 4, 6, 4)
    const paths = { steps: 2, ends: Uint8Array.of(0), places }
    expect(placeAt(paths, 0, 0.25)).toEqual([1, 2])
    expect(placeAt(paths, 0, 0.75)).toEqual([4, 4])
    expect(placeAt(paths, 0, 2)).toEqual([6, 4])
    expect(placeAt(paths, 0, -1)).toEqual([0, 0])
  })
})

describe('cells on a finer grid', () => {
  it('are those of the map itself, though only borders are computed', () => {
    const map = flowMap(scattered)
    let asked = 0
    const counted: typeof map = (x, y) => {
      asked++
      return map(x, y)
    }
    const fine = refinedCells(counted, cellsOf(map, 64), 64, 3)
    expect(differing(fine, cellsOf(map, 192))).toBeLessThan(0.001)
    expect(asked).toBeLessThan(fine.length / 4)
  })
})
