// A summary of each table in a few sentences, built from its figures so that it cannot contradict them.
import type { FamilyResults, Row } from './results.ts'

const row = ({ rows }: FamilyResults, name: string): Row => rows.find((one) => one.name === name)!
const times = (value: number): string => value.toFixed(value < 10 ? 1 : 0)
const percent = (share: number): string => `${(100 * share).toFixed(1)}\u00a0%`

/** The summary of a family's table. @throws TypeError for a table without the rows of the paper's comparison */
export function sentence(results: FamilyResults): string {
  const [teacher, one, two, independent] = ['teacher', 'one step', 'two steps', 'onestep*'].map((name) =>
    row(results, name),
  ) as [Row, Row, Row, Row]
  const involved = results.rows.filter(({ kind }) => kind === 'involved')
  const best = involved.reduce((a, b) => (b.frechet < a.frechet ? b : a))
  const precise = involved.every(({ precision }) => precision > two.precision)
  const helps =
    best.frechet < two.frechet * 0.95
      ? `With the teacher for its first ${results.timestep} ${results.family === 'var' ? 'scales' : 'tokens'} it comes to ${best.relative.toFixed(2)} times.`
      : `The teacher’s help brings no smaller distance here${precise ? ', but more precision' : ''}.`
  return [
    `One step is ${times(one.speedup!)} times as fast as the teacher’s ${teacher.steps} and ${one.relative.toFixed(2)} times as far from the data;`,
    `${percent(one.accuracy)} of its pictures are taken for the class that was asked for (the teacher’s: ${percent(teacher.accuracy)}).`,
    `A second step brings it to ${two.relative.toFixed(2)} times.`,
    helps,
    `Tokens drawn independently in one step are ${times(independent.relative)} times as far as the teacher.`,
  ].join(' ')
}
