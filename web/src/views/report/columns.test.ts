import { describe, expect, it } from 'vitest'
import { type Column, isBest, nextOrder, numbers, sorted } from './columns.ts'

interface Row {
  name: string
  time?: number
}
const rows: Row[] = [{ name: 'b', time: 2 }, { name: 'a' }, { name: 'c', time: 1 }, { name: 'd', time: 2 }]
const time = numbers<Row>({ key: 'time', title: 'Time', better: 'lower', value: (row) => row.time }, (v) => `${v} s`)
const columns: Column<Row>[] = [
  { key: 'name', title: 'Name', value: ({ name }) => name, text: ({ name }) => name },
  time,
]
const names = (order: Parameters<typeof sorted>[2]) => sorted(rows, columns, order).map(({ name }) => name)

describe('a table that sorts', () => {
  it('keeps rows without a figure at the end, and equal rows as they were', () => {
    expect(names({ key: 'time', direction: 'ascending' })).toEqual(['c', 'b', 'd', 'a'])
    expect(names({ key: 'time', direction: 'descending' })).toEqual(['b', 'd', 'c', 'a'])
    expect(names({ key: 'name', direction: 'descending' })).toEqual(['d', 'c', 'b', 'a'])
    expect(names(undefined)).toEqual(['b', 'a', 'c', 'd'])
  })

  it('goes from ascending to descending and back to the order of the table', () => {
    const first = nextOrder(undefined, 'time')
    const second = nextOrder(first, 'time')
    expect([first?.direction, second?.direction, nextOrder(second, 'time')]).toEqual([
      'ascending',
      'descending',
      undefined,
    ])
    expect(nextOrder(second, 'name')).toEqual({ key: 'name', direction: 'ascending' })
  })

  it('marks the best of a column, and a dash where there is no figure', () => {
    expect(rows.map((row) => isBest(row, rows, time))).toEqual([false, false, true, false])
    expect(time.text(rows[1]!)).toBe('–')
  })
})
