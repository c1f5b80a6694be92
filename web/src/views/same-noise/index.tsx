// Same noise: one noise and one class in every row, one way of sampling in every column. The teacher's flow map is the
// student's target; the other columns give their distance from it and their cost.
import { useEffect, useMemo, useState } from 'preact/hooks'
import { SeedField } from '../../ui/seed-field.tsx'
import type { ViewProps } from '../props.ts'
import { ClassList } from './class-list.tsx'
import { chosenColumns, columnsOf } from './columns.ts'
import { type Comparison, compare } from './comparison.ts'
import { ComparisonTable } from './comparison-table.tsx'
import { asksOf, mostClasses, mostNoises, readRows } from './rows.ts'
import './same-noise.css'

export default function SameNoise({ backend, model, classes, settings, set }: ViewProps) {
  const chosen = useMemo(() => readRows(settings, model), [settings, model])
  const all = useMemo(() => columnsOf(model), [model])
  const columns = useMemo(() => chosenColumns(all, settings.ways), [all, settings.ways])
  const rows = useMemo(() => asksOf(chosen), [JSON.stringify(chosen)])
  const [comparison, setComparison] = useState<Comparison>({})
  // Each round is one request for new times or another try.
  const [round, setRound] = useState({ number: 0, afresh: false })
  const again = (afresh: boolean) => setRound(({ number }) => ({ number: number + 1, afresh }))

  useEffect(() => {
    const controller = new AbortController()
    // Waits while a seed is typed instead of sampling after every digit.
    const soon = setTimeout(() => {
      const ask = { backend, model, columns, rows, afresh: round.afresh }
      compare(ask, controller.signal, setComparison).catch(() => {})
    }, 150)
    return () => {
      clearTimeout(soon)
      controller.abort(new DOMException('Cancelled', 'AbortError'))
    }
  }, [backend, model, columns, rows, round])
  useEffect(() => setRound((old) => (old.afresh ? { ...old, afresh: false } : old)), [columns, rows])

  const toggle = (key: string, on: boolean) => {
    const keys = all
      .map((column) => column.key)
      .filter((other) => (other === key ? on : columns.some((c) => c.key === other)))
    if (keys.length > 0) set({ ways: keys.join(',') })
  }
  return (
    <div class="view same-noise">
      <header class="view-head">
        <h1>Same noise</h1>
        <p class="lead">
          The teacher turns a noise into a picture group by group. The student was trained to make the same picture at
          once. Every row is one noise and one class; every column is one way of sampling.
        </p>
      </header>
      <form class="same-controls" onSubmit={(event) => event.preventDefault()}>
        <ClassList
          classes={classes}
          value={chosen.classes}
          most={mostClasses}
          onChange={(ids) => set({ classes: ids.join(','), class: ids[0], noises: chosen.noises })}
        />
        <SeedField
          value={chosen.seed}
          onChange={(seed) => set({ seed, index: undefined })}
          {...(chosen.index && { hint: `from picture ${chosen.index} of this seed` })}
        />
        <fieldset class="field">
          <legend class="label">Noises of each class</legend>
          <div class="segments">
            {Array.from({ length: mostNoises }, (_, i) => i + 1).map((count) => (
              <label key={count} class="segment">
                <input
                  type="radio"
                  name="same-noises"
                  checked={chosen.noises === count}
                  onChange={() => set({ noises: count, classes: chosen.classes.join(',') })}
                />
                <span>{count}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <fieldset class="field same-ways">
          <legend class="label">Ways</legend>
          <div class="row">
            {all.map(({ key, title }) => (
              <label key={key} class="same-way">
                <input
                  type="checkbox"
                  checked={columns.some((column) => column.key === key)}
                  onChange={({ currentTarget }) => toggle(key, currentTarget.checked)}
                />
                <span>{title}</span>
              </label>
            ))}
          </div>
        </fieldset>
      </form>
      <ComparisonTable
        columns={columns}
        rows={rows}
        classes={classes}
        comparison={comparison}
        size={model.imageSize}
        again={again}
      />
    </div>
  )
}
