// A summary built from the page's figures: how close the student's pictures are to the teacher's, and how much time it saves.
import type { Column } from './columns.ts'

export interface Measured {
  column: Column
  /** Seconds an image. */
  seconds?: number | undefined
  /** Mean difference from the flow map's pictures, in levels. */
  levels?: number | undefined
}

/** @example levelsText(8.04) // '8' */
export const levelsText = (value: number): string =>
  value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(0)

/**
 * Sentences about the columns that are finished; none while there is nothing to compare.
 * @param apart levels between pictures of one class for two noises, if known
 */
export function findings(measured: readonly Measured[], apart?: number): string[] {
  const known = (kind: Column['kind']) =>
    measured.filter(({ column, levels }) => column.kind === kind && levels !== undefined)
  const flow = measured.find(({ column }) => column.kind === 'flow')
  const [first, ...others] = known('student')
  if (!flow || !first) return []
  const ratio = flow.seconds && first.seconds ? flow.seconds / first.seconds : 0
  const faster = ratio >= 1.05 ? `, ${levelsText(ratio)} times as fast` : ''
  const further = others.map(({ column, levels }) => `; ${column.title} at ${levelsText(levels!)}`).join('')
  const said = [
    `${first.column.title} lands ${levelsText(first.levels!)} of 255 levels from the flow map’s picture${faster}${further}.`,
  ]
  if (apart !== undefined) said.push(`Pictures of two noises of one class are ${levelsText(apart)} levels apart.`)
  const involved = known('involved')
  if (involved.length > 0) {
    const each = involved.map(({ column, levels }) => `${column.title}: ${levelsText(levels!)}`).join(', ')
    said.push(
      `With the teacher in between (${each}) some tokens are drawn by dice and not by the noise: the picture may become another one.`,
    )
  }
  return said
}
