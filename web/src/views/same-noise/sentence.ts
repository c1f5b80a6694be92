// What the page shows, in words made of its own figures: what the student keeps of the teacher's picture, and what it saves.
import type { Column } from './columns.ts'

export interface Measured {
  column: Column
  /** Seconds an image. */
  seconds?: number | undefined
  /** Mean difference to the flow map's pictures, in levels. */
  levels?: number | undefined
}

const round = (value: number) => (value < 10 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(0))

/** Sentences about the columns that are finished; empty while there is nothing to compare. */
export function findings(measured: readonly Measured[]): string[] {
  const flow = measured.find(({ column }) => column.kind === 'flow')
  const students = measured.filter(({ column, levels }) => column.kind === 'student' && levels !== undefined)
  const [first, ...others] = students
  if (!flow || !first) return []
  const said = [`${first.column.title} lands ${round(first.levels!)} of 255 levels from the flow map’s picture`]
  const ratio = flow.seconds && first.seconds ? flow.seconds / first.seconds : undefined
  if (ratio && ratio >= 1.05) said[0] += `, ${round(ratio)} times as fast`
  const next = others.at(-1)
  if (next) {
    const change = next.levels! - first.levels!
    const how = Math.abs(change) < 0.05 ? 'as near as that' : change < 0 ? 'nearer' : 'no nearer'
    said.push(`${next.column.title} ${next.column.evaluations === 1 ? 'is' : 'are'} ${how}: ${round(next.levels!)}`)
  }
  const involved = measured.filter(({ column, levels }) => column.kind === 'involved' && levels !== undefined)
  const furthest = involved.toSorted((a, b) => b.levels! - a.levels!)[0]
  if (furthest) {
    said.push(
      `With the teacher in between some tokens are drawn by dice instead of following the noise, so the picture may be another one: ${round(furthest.levels!)}`,
    )
  }
  return said.map((sentence) => `${sentence}.`)
}

/** 0.0123 -> '12 ms', 1.2 -> '1.2 s'. */
export function duration(seconds: number): string {
  if (seconds < 0.00995) return `${(seconds * 1000).toFixed(1)} ms`
  if (seconds < 0.9995) return `${(seconds * 1000).toFixed(0)} ms`
  return `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s`
}
