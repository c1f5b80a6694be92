// A table that is sorted by its headings, which are buttons: with the mouse or the keyboard; aria-sort names the order. A wide
// table scrolls in its own box while the column of names stays in place.
import { useState } from 'preact/hooks'
import { type Column, isBest, nextOrder, type Order, sorted } from './columns.ts'

export interface SortableTableProps<R> {
  caption: string
  columns: readonly Column<R>[]
  rows: readonly R[]
  rowKey(row: R): string
  /** Class of a row. */
  look?(row: R): string
  /** Under the name of a row. */
  detail?(row: R): string
}

export function SortableTable<R>({ caption, columns, rows, rowKey, look, detail }: SortableTableProps<R>) {
  const [order, setOrder] = useState<Order>()
  const [name, ...rest] = columns
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reached by the keyboard
    <section class="table-wrap report-table" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="sr-only">{caption}; press a heading to sort</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading
                key={column.key}
                column={column}
                order={order}
                onPress={() => setOrder(nextOrder(order, column.key))}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted(rows, columns, order).map((row) => (
            <tr key={rowKey(row)} class={look?.(row)}>
              <th scope="row">
                {name!.text(row)}
                {detail && <small>{detail(row)}</small>}
              </th>
              {rest.map((column) => (
                <td key={column.key} class={isBest(row, rows, column) ? 'best' : ''}>
                  {column.text(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface HeadingProps<R> {
  column: Column<R>
  order: Order
  onPress(): void
}

function Heading<R>({ column: { key, title, hint, better }, order, onPress }: HeadingProps<R>) {
  const direction = order?.key === key ? order.direction : undefined
  const arrow = direction === 'ascending' ? '↑' : direction === 'descending' ? '↓' : '↕'
  return (
    <th scope="col" aria-sort={direction ?? 'none'} title={hint ?? (better && `${better} is better`)}>
      <button type="button" onClick={onPress}>
        <span>
          {title}
          {better && <span class="sr-only">, {better} is better</span>}
        </span>
        <span class={direction ? 'report-arrow on' : 'report-arrow'} aria-hidden="true">
          {arrow}
        </span>
      </button>
    </th>
  )
}
