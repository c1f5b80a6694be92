// The state of the toy: entries with their probabilities and noise, as the reader sets them, and everything computed from them.
import { useEffect, useMemo, useState } from 'preact/hooks'
import { noise } from '../../../../src/core/random/philox.ts'
import {
  cellsOf,
  type Entry,
  type FlowMap,
  flowMap,
  type Paths,
  pathsOf,
  probabilities,
  reach,
  refinedCells,
} from './flow.ts'

export const letters = ['A', 'B', 'C', 'D', 'E'] as const

/** Limits for the positions of entries and of the reader's noise, within the visible plane. */
export const within = (v: number): number => Math.round(100 * Math.min(reach - 0.2, Math.max(0.2 - reach, v))) / 100

const places = [
  [-1.7, 1.3],
  [1.5, 1.6],
  [0.1, -0.2],
  [2, -1.3],
  [-1.2, -1.9],
] as const

const weighted = (weights: readonly number[]): Entry[] => places.map(([x, y], j) => ({ x, y, weight: weights[j]! }))

export const presets: readonly { name: string; entries: Entry[] }[] = [
  { name: 'Undecided', entries: weighted([35, 25, 20, 12, 8]) },
  { name: 'All alike', entries: weighted([20, 20, 20, 20, 20]) },
  { name: 'Nearly sure', entries: weighted([2, 2, 92, 2, 2]) },
]

/** Number of drawn points, and number of noise samples that are counted when the pointer rests. */
const shown = 220
export const counted = 4000
const coarse = 64
const factor = 3

export interface ToyFacts {
  probabilities: readonly number[]
  paths: Paths
  /** The path of the reader's own noise. */
  own: Paths
  cells: { side: number; cells: Uint8Array }
  /** How many of `counted` noise samples reach each entry; while the pointer moves, the numbers of its last rest. */
  arrived: readonly number[] | undefined
}

interface Rested {
  map: FlowMap
  cells: ToyFacts['cells']
  arrived: readonly number[]
}

/** Coarse cells are computed at once, finer cells and the counts when the pointer has rested for a moment. */
export function useFacts(entries: readonly Entry[], own: readonly [number, number], seed: number): ToyFacts {
  const map = useMemo(() => flowMap(entries), [entries])
  const many = useMemo(() => noise(seed, 0, 2 * counted), [seed])
  const rough = useMemo(() => ({ side: coarse, cells: cellsOf(map, coarse) }), [map])
  const [rested, setRested] = useState<Rested>()
  useEffect(() => {
    const timer = setTimeout(() => {
      const cells = { side: coarse * factor, cells: refinedCells(map, rough.cells, coarse, factor) }
      setRested({ map, cells, arrived: countOf(map, many, entries.length) })
    }, 120)
    return () => clearTimeout(timer)
  }, [map, many])
  return {
    probabilities: probabilities(entries),
    paths: useMemo(() => pathsOf(map, many.subarray(0, 2 * shown)), [map, many]),
    own: useMemo(() => pathsOf(map, Float32Array.from(own)), [map, own]),
    cells: rested?.map === map ? rested.cells : rough,
    arrived: rested?.arrived,
  }
}

function countOf(map: FlowMap, noises: Float32Array, entries: number): number[] {
  const counts = new Array<number>(entries).fill(0)
  for (let n = 0; n < noises.length / 2; n++) counts[map(noises[2 * n]!, noises[2 * n + 1]!)]!++
  return counts
}
