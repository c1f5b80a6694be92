// The columns of the report's tables: their titles, the format of their figures, and whether higher or lower is better.

export interface Column<R> {
  key: string
  title: string
  /** Explains the title. */
  hint?: string
  better?: 'lower' | 'higher'
  /** The value that rows are sorted by; rows without one stay at the end. */
  value(row: R): number | string | undefined
  text(row: R): string
}

/** Written in place of a missing figure. */
const none = '–'

const figure =
  <R>(value: (row: R) => number | undefined, write: (value: number) => string) =>
  (row: R): string => {
    const found = value(row)
    return found === undefined ? none : write(found)
  }

/** A column of numbers. */
export function numbers<R>(
  { value, ...rest }: Omit<Column<R>, 'text' | 'value'> & { value(row: R): number | undefined },
  write: (value: number) => string,
): Column<R> {
  return { ...rest, value, text: figure(value, write) }
}

export type Order = { key: string; direction: 'ascending' | 'descending' } | undefined

/** Rows in that order; those without a value last, and equal ones as they were. */
export function sorted<R>(rows: readonly R[], columns: readonly Column<R>[], order: Order): R[] {
  const column = columns.find(({ key }) => key === order?.key)
  if (!column || !order) return [...rows]
  const sign = order.direction === 'ascending' ? 1 : -1
  return rows.toSorted((a, b) => {
    const left = column.value(a)
    const right = column.value(b)
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined)
    if (typeof left === 'string' || typeof right === 'string')
      return sign * String(left).localeCompare(String(right), 'en', { numeric: true })
    return sign * (left - right)
  })
}

/** Each press of a column's heading: ascending, descending, original order. */
export function nextOrder(order: Order, key: string): Order {
  if (order?.key !== key) return { key, direction: 'ascending' }
  return order.direction === 'ascending' ? { key, direction: 'descending' } : undefined
}

/** Whether no row is better. */
export function isBest<R>(row: R, rows: readonly R[], { better, value }: Column<R>): boolean {
  const own = value(row)
  if (!better || typeof own !== 'number') return false
  const all = rows.map(value).filter((one) => typeof one === 'number')
  return own === (better === 'lower' ? Math.min(...all) : Math.max(...all))
}
