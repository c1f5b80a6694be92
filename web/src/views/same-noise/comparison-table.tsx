// The table: heads with evaluations and times, rows of pictures with their difference from the flow map's, and a summary.
import { useMemo } from 'preact/hooks'
import type { ClassEntry, ImageAsk } from '../../backend/types.ts'
import { Fault } from '../../ui/fault.tsx'
import { Picture } from '../../ui/picture.tsx'
import { plural, secondsText } from '../../ui/text.ts'
import type { Column } from './columns.ts'
import type { ColumnState, Comparison } from './comparison.ts'
import { type Difference, difference, meanOf, near } from './difference.ts'
import { DifferenceMap, MapLegend } from './difference-map.tsx'
import { findings, levelsText } from './sentence.ts'

interface TableProps {
  columns: readonly Column[]
  rows: readonly ImageAsk[]
  classes: readonly ClassEntry[]
  comparison: Comparison
  size: number
  /** Repeats failed runs, or all runs with `afresh`. */
  again(afresh: boolean): void
}

type Differences = Readonly<Record<string, (Difference | undefined)[]>>

export function ComparisonTable({ columns, rows, classes, comparison, size, again }: TableProps) {
  const nameOf = (id: number) => classes[id]?.name ?? `class ${id}`
  const differences = useMemo(() => differencesTo(columns, comparison), [columns, comparison])
  const states = columns.map((column) => comparison[column.key])
  const measured = columns.map((column) => ({
    column,
    seconds: comparison[column.key]?.seconds,
    levels: meanOf((differences[column.key] ?? []).flatMap((d) => d?.levels ?? [])),
  }))
  const finished = states.length > 0 && states.every((state) => state?.phase === 'done')
  const apart = useMemo(() => apartOf(columns, rows, comparison), [columns, rows, comparison])
  const said = findings(measured, apart)
  const fault = states.find((state) => state?.phase === 'failed')?.error
  return (
    <section class="stack">
      <Fault error={fault} again={() => again(false)} />
      <p class="note same-words" aria-live="polite">
        {finished && said.length > 0
          ? said.join(' ')
          : 'The same noise in every way of sampling; the cheapest runs first.'}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard, too */}
      <section class="same-scroll" aria-label="Comparison" tabIndex={0}>
        <table class="same-table" style={{ minWidth: `${5 + 9 * columns.length}rem` }}>
          <colgroup>
            <col class="same-corner" />
          </colgroup>
          <thead>
            <tr>
              <td />
              {columns.map((column) => (
                <th key={column.key} scope="col">
                  <Head column={column} state={comparison[column.key]} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, place) => (
              <tr key={JSON.stringify(row)}>
                <th scope="row">
                  <strong>{nameOf(row.class)}</strong>
                  <span class="small quiet">
                    seed {row.noise.seed}
                    {row.noise.index ? `, image ${row.noise.index}` : ''}
                  </span>
                  {classes[row.class]?.policy === 'flag' && <span class="tag">flagged</span>}
                </th>
                {columns.map((column) => (
                  <td key={column.key}>
                    <Cell
                      column={column}
                      alt={`${nameOf(row.class)}, ${column.title}`}
                      state={comparison[column.key]}
                      place={place}
                      size={size}
                      difference={differences[column.key]?.[place]}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <div class="row spread same-foot">
        <MapLegend />
        <button type="button" class="button small" disabled={!finished} onClick={() => again(true)}>
          Measure the times again
        </button>
      </div>
      <p class="hint same-how">
        Levels are of 255, the mean over pixels and colours; a pixel is alike when no colour of it is more than {near}{' '}
        levels away.
      </p>
      <p class="hint same-how">
        Times are of {plural(rows.length, 'picture')} computed together, divided by {rows.length}; networks were opened
        in a run before. The flow map’s time includes its ODE: it is how the student’s lessons are made, not how a
        teacher usually draws.
      </p>
    </section>
  )
}

function differencesTo(columns: readonly Column[], comparison: Comparison): Differences {
  const reference = comparison[columns.find(({ kind }) => kind === 'flow')?.key ?? '']?.made
  const others = columns.filter(({ kind }) => kind !== 'flow')
  const each = ({ key }: Column) =>
    (comparison[key]?.made ?? []).map((made, place) => {
      const a = made?.pixels
      const b = reference?.[place]?.pixels
      return a && b && difference(a, b)
    })
  return Object.fromEntries(others.map((column) => [column.key, each(column)]))
}

/** Mean difference in levels between the flow map's pictures of one class for two noises, as a scale for the others. */
function apartOf(columns: readonly Column[], rows: readonly ImageAsk[], comparison: Comparison): number | undefined {
  const made = comparison[columns.find(({ kind }) => kind === 'flow')?.key ?? '']?.made ?? []
  const pairs = rows.flatMap((row, a) =>
    rows.flatMap((other, b) => (a < b && row.class === other.class ? [[a, b]] : [])),
  )
  return meanOf(
    pairs.flatMap(([a, b]) => {
      const one = made[a!]?.pixels
      const two = made[b!]?.pixels
      return one && two ? difference(one, two).levels : []
    }),
  )
}

function Head({ column, state }: { column: Column; state: ColumnState | undefined }) {
  const { title, detail, evaluations } = column
  return (
    <div class="same-head">
      <strong>{title}</strong>
      <span class="quiet same-detail">{detail}</span>
      <span class="same-cost">
        <span class="same-time">{timeText(state)}</span>
        <span class="quiet">{plural(evaluations, 'evaluation')}</span>
      </span>
    </div>
  )

  function timeText(of: ColumnState | undefined): string {
    if (of?.phase === 'running' || of?.phase === 'timing') {
      if (of.ahead > 0) return `${of.ahead} before`
      if (evaluations > 4 && of.step > 0) return `${of.step} of ${evaluations}`
      return of.phase === 'running' ? 'making' : 'timing'
    }
    return of?.seconds === undefined ? '–' : secondsText(of.seconds)
  }
}

const percent = (share: number) => `${Math.round(100 * share)} %`

interface CellProps {
  column: Column
  alt: string
  state: ColumnState | undefined
  place: number
  size: number
  difference: Difference | undefined
}

function Cell({ column, alt, state, place, size, difference: d }: CellProps) {
  const made = state?.made[place]
  return (
    <div class="same-cell">
      <Picture png={made?.picture.png} alt={alt} working={state?.phase === 'running' && !made} />
      {column.kind === 'flow' ? (
        <p class="caption same-figures">{made ? 'reference' : ' '}</p>
      ) : (
        <div class="same-difference">
          <DifferenceMap map={d?.map} size={size} />
          <p class="caption same-figures">
            {d && (
              <>
                <span>
                  <strong>{levelsText(d.levels)}</strong> levels off
                </span>
                <span title={`${percent(d.equal)} of the pixels are equal to the bit`}>
                  <strong>{percent(d.alike)}</strong> alike
                </span>
              </>
            )}
          </p>
        </div>
      )}
    </div>
  )
}
