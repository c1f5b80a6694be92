// The flow map in the plane, for the toy of the page: a handful of codebook entries c_j with probabilities p_j, and noise
// that the ODE carries to one of them. The closed form is that of docs/FLOW-MAP.md:
//   dx/dt = (D(x, t) - x) / (1 - t),   D(x, t) = sum_j w_j c_j,
//   log w_j = log p_j + t / (1-t)^2 (x.c_j - t |c_j|^2 / 2) + const.
// Solved as the library does by default (DPM-Solver++(2M) with its line in t, arXiv 2211.01095): the last step goes onto the
// entry of largest weight, so every path ends on an entry.

export interface Entry {
  x: number
  y: number
  /** At least 0; probabilities are weights divided by their sum. */
  weight: number
}

/** Probabilities of entries; the sum of weights has to be above 0. */
export function probabilities(entries: readonly Entry[]): number[] {
  const total = entries.reduce((sum, { weight }) => sum + weight, 0)
  return entries.map(({ weight }) => weight / total)
}

/** Called with x_t at t = step / steps, from the noise (0) to the entry (steps). */
export type Visit = (step: number, x: number, y: number) => void

/** From noise to the index of the entry it ends on. */
export type FlowMap = (x: number, y: number, visit?: Visit) => number

/** The coefficients of one step from t: x = keep x + now D(x, t) - slope (D before), and the scale of the exponent at t. */
interface Move {
  time: number
  scale: number
  keep: number
  now: number
  before: number
}

/**
 * The flow map of these entries.
 * @example
 * const map = flowMap([{ x: -1, y: 0, weight: 1 }, { x: 1, y: 0, weight: 1 }])
 * map(0.7, -2) // 1: two entries alike share the plane in halves
 */
export function flowMap(entries: readonly Entry[], steps = 32): FlowMap {
  const moves = Array.from({ length: steps }, (_, i) => moveOf(i, steps))
  const count = entries.length
  const logP = Float64Array.from(probabilities(entries), Math.log)
  const cx = Float64Array.from(entries, ({ x }) => x)
  const cy = Float64Array.from(entries, ({ y }) => y)
  const half = Float64Array.from(entries, ({ x, y }) => (x * x + y * y) / 2)
  const score = new Float64Array(count)
  /** Scores of all entries at (x, y, t); the index of the largest. */
  const rate = (x: number, y: number, { time, scale }: Move): number => {
    let best = 0
    for (let j = 0; j < count; j++) {
      score[j] = logP[j]! + scale * (x * cx[j]! + y * cy[j]! - time * half[j]!)
      if (score[j]! > score[best]!) best = j
    }
    return best
  }
  return (x, y, visit) => {
    let px = 0
    let py = 0
    for (let i = 0; i < steps - 1; i++) {
      visit?.(i, x, y)
      const move = moves[i]!
      const top = score[rate(x, y, move)]!
      let sum = 0
      let dx = 0
      let dy = 0
      for (let j = 0; j < count; j++) {
        const w = Math.exp(score[j]! - top)
        sum += w
        dx += w * cx[j]!
        dy += w * cy[j]!
      }
      dx /= sum
      dy /= sum
      x = move.keep * x + move.now * dx + move.before * px
      y = move.keep * y + move.now * dy + move.before * py
      ;[px, py] = [dx, dy]
    }
    visit?.(steps - 1, x, y)
    const end = rate(x, y, moves[steps - 1]!)
    visit?.(steps, cx[end]!, cy[end]!)
    return end
  }
}

function moveOf(i: number, steps: number): Move {
  const t = i / steps
  const u = (i + 1) / steps
  const gain = (u - t) / (1 - t)
  const slope = i === 0 || i === steps - 1 ? 0 : (u - t + (1 - u) * Math.log((1 - u) / (1 - t))) * steps
  return { time: t, scale: t / (1 - t) ** 2, keep: (1 - u) / (1 - t), now: gain + slope, before: -slope }
}

/** The paths of points that start at Gaussian noise. */
export interface Paths {
  steps: number
  /** The entry at which each path ends. */
  ends: Uint8Array
  /** [points, steps + 1, 2] */
  places: Float32Array
}

/** The paths of noise [points, 2]. */
export function pathsOf(map: FlowMap, noise: Float32Array, steps = 32): Paths {
  const points = noise.length / 2
  const places = new Float32Array(points * (steps + 1) * 2)
  const ends = Uint8Array.from({ length: points }, (_, n) =>
    map(noise[2 * n]!, noise[2 * n + 1]!, (step, x, y) => places.set([x, y], 2 * (n * (steps + 1) + step))),
  )
  return { steps, ends, places }
}

/** Where point n is at time t, from 0 to 1: on the line between the two states around t. */
export function placeAt({ steps, places }: Paths, n: number, t: number): [x: number, y: number] {
  const at = Math.min(Math.max(t, 0), 1) * steps
  const step = Math.min(Math.floor(at), steps - 1)
  const from = 2 * (n * (steps + 1) + step)
  const between = (k: number) => places[from + k]! + (at - step) * (places[from + 2 + k]! - places[from + k]!)
  return [between(0), between(1)]
}

/** The plane as the toy shows it: -reach to reach in both directions. */
export const reach = 3.2

/** The plane's points as pixels of a picture of side x side, row by row from the top left; y points up. */
export const pixelPlace = (pixel: number, side: number): [x: number, y: number] => [
  (((pixel % side) + 0.5) / side - 0.5) * 2 * reach,
  (0.5 - (Math.floor(pixel / side) + 0.5) / side) * 2 * reach,
]

/** For each pixel, the entry at which noise that starts there ends. */
export const cellsOf = (map: FlowMap, side: number): Uint8Array =>
  Uint8Array.from({ length: side * side }, (_, pixel) => map(...pixelPlace(pixel, side)))

/**
 * The same map on a grid `factor` times as fine, of side * factor squared pixels: only pixels near a border are computed again.
 */
export function refinedCells(map: FlowMap, coarse: Uint8Array, side: number, factor: number): Uint8Array {
  const fine = side * factor
  return Uint8Array.from({ length: fine * fine }, (_, pixel) => {
    const column = Math.floor((pixel % fine) / factor)
    const row = Math.floor(pixel / fine / factor)
    const cell = coarse[row * side + column]!
    for (let y = Math.max(0, row - 1); y <= Math.min(side - 1, row + 1); y++)
      for (let x = Math.max(0, column - 1); x <= Math.min(side - 1, column + 1); x++)
        if (coarse[y * side + x] !== cell) return map(...pixelPlace(pixel, fine))
    return cell
  })
}
