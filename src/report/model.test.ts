import { describe, expect, it } from 'vitest'
import {
  inceptionProtocol,
  releasedResults,
  resultOf,
  spriteResults,
  spritesProtocol,
} from '../../test/report-results.ts'
import type { EvaluationResult } from '../evaluate/result.ts'
import { differenceText, type ReportTable, reportOf } from './model.ts'

const entriesOf = (results: Readonly<Record<string, EvaluationResult>>) =>
  Object.entries(results).map(([path, result]) => ({ path, result }))
const report = (results: Readonly<Record<string, EvaluationResult>>) => reportOf(entriesOf(results), 'T')
const tableOf = (results: Readonly<Record<string, EvaluationResult>>): ReportTable => report(results).tables[0]!

const titles = ({ columns }: ReportTable) => columns.map(({ title }) => title)
const column = (table: ReportTable, title: string) =>
  Object.fromEntries(table.rows.map(({ label, cells }) => [label, cells[titles(table).indexOf(title)]]))

describe('tables', () => {
  it('hold what may be compared, and what may not stands apart with its reasons', () => {
    const { tables, apart } = report({ ...spriteResults, ...releasedResults })
    expect(tables.map(({ letter, rows }) => [letter, rows.length])).toEqual([
      ['A', 7],
      ['B', 4],
    ])
    expect(apart).toHaveLength(1)
    expect(apart[0]!.table).toBe('B')
    expect(apart[0]!.differences.map(({ field }) => field)).toContain('reference.sha256')
    expect(apart[0]!.differences.every(({ weight }) => weight === 'forbids')).toBe(true)
  })

  it.each([
    ['count', { count: 100 }],
    ['labels', { labels: 'balanced' }],
    ['protocol', { name: 'adm' as const }],
  ])('never mix results of another %s', (_, change) => {
    const one = spriteResults['var-one-step.json']!
    const other = { ...one, protocol: { ...one.protocol, ...change } }
    expect(report({ a: one, b: other }).tables).toHaveLength(2)
  })

  it('have columns for what was measured only, in a fixed order', () => {
    expect(titles(tableOf(spriteResults))).toEqual([
      'Model',
      'Sampler',
      'Steps',
      'Time per image',
      'Speed-up',
      'Fréchet distance',
      'IS',
      'Precision',
      'Recall',
      'Accuracy',
    ])
    const folder = { ...spriteResults['var-one-step.json']!, name: 'photos', metrics: { fid: 3 } }
    const { sampler: _, ...rest } = folder
    expect(titles(tableOf({ a: rest }))).toEqual(['Samples', 'Fréchet distance'])
  })

  it('show a family with its teacher first, then by steps', () => {
    expect(tableOf(spriteResults).rows.map(({ label, begins }) => (begins ? `* ${label}` : label))).toEqual([
      '* sprites-var, teacher',
      'sprites-var-dd, one step',
      'sprites-var-dd, two steps',
      'sprites-var-dd, teacher from 2',
      '* sprites-llamagen, teacher',
      'sprites-llamagen-dd, one step',
      'sprites-llamagen-dd, two steps',
    ])
  })

  it('mark the best of each column, where there are several values', () => {
    const table = tableOf(releasedResults)
    const best = (title: string) =>
      table.rows.filter((row) => row.best[titles(table).indexOf(title)]).map(({ label }) => label)
    expect(best('FID')).toEqual(['var-d16, teacher'])
    expect(best('KID')).toEqual([])
    expect(best('Steps')).toEqual([])
  })

  it('tell rows of one name apart by the settings that differ', () => {
    const teacher = (cfg: number) =>
      resultOf({ model: 'sprites-var', name: 'teacher', steps: 6, fid: cfg, sampling: { 'plan.teacher.cfg': cfg } })
    expect(tableOf({ a: teacher(1), b: teacher(2) }).rows.map(({ label }) => label)).toEqual([
      'sprites-var, teacher (cfg 1)',
      'sprites-var, teacher (cfg 2)',
    ])
  })

  it('print figures as they are published: two decimals of FID, KID with its deviation', () => {
    const table = tableOf(releasedResults)
    expect(column(table, 'FID')['var-dd-d16, one step']).toBe('10.01')
    expect(column(table, 'KID')['var-dd-d16, one step']).toBe('0.00512 ± 0.00030')
    expect(column(table, 'Time per image')['var-dd-d16, one step']).toBe('910 ms')
  })
})

describe('the speed-up', () => {
  it('is against the teacher of the same family', () => {
    const cells = column(tableOf(spriteResults), 'Speed-up')
    expect(cells['sprites-var-dd, one step']).toBe('4.2x')
    expect(cells['sprites-llamagen-dd, one step']).toBe('9.8x')
    expect(cells['sprites-var, teacher']).toBe('1.0x')
  })

  it('is against a teacher under its student’s name, too', () => {
    const one = resultOf({ model: 'mine.pth', name: 'one step', steps: 1, seconds: 0.5, fid: 9 })
    const teacher = resultOf({ model: 'mine.pth', name: 'teacher', steps: 10, seconds: 5, fid: 4 })
    expect(column(tableOf({ one, teacher }), 'Speed-up')['mine.pth, one step']).toBe('10.0x')
  })

  it('is left out without such a teacher, and when it ran on other hardware', () => {
    const { 'var-one-step.json': one, 'llamagen-teacher.json': stranger, 'var-teacher.json': teacher } = spriteResults
    expect(column(tableOf({ one: one!, stranger: stranger! }), 'Speed-up')['sprites-var-dd, one step']).toBe('')
    const elsewhere = { ...teacher!, sampler: { ...teacher!.sampler!, device: 'cuda' } }
    expect(column(tableOf({ one: one!, elsewhere }), 'Speed-up')['sprites-var-dd, one step']).toBe('')
  })

  it('may be against a teacher of another table: time depends on no protocol', () => {
    const { 'var-one-step.json': one, 'var-teacher.json': teacher } = spriteResults
    const fewer = { ...teacher!, protocol: { ...teacher!.protocol, count: 100 } }
    expect(column(tableOf({ one: one!, fewer }), 'Speed-up')['sprites-var-dd, one step']).toBe('4.2x')
  })
})

describe('published figures', () => {
  const published = (table: ReportTable) => column(table, 'Published')

  it('stand in a column of their own, for the plans that they are of', () => {
    const cells = published(tableOf(releasedResults))
    expect(cells['var-dd-d16, one step']?.replaceAll('\u00a0', ' ')).toBe(
      'FID 9.94, IS 193.6, P 0.80, R 0.37, 0.021 s, 6.3x (DD)',
    )
    expect(cells['var-dd-d16, two steps']).toContain('7.82')
    expect(cells['var-d16, teacher']).toContain('4.19')
    expect(cells['var-dd-d16, timesteps 0,7']).toBe('')
  })

  it('are not shown for a teacher with other settings', () => {
    const sampling = { 'plan.kind': 'teacher', 'plan.teacher.cfg': 4 }
    const result = resultOf({
      model: 'var-d16',
      name: 'teacher',
      steps: 10,
      fid: 5,
      sampling,
      protocol: inceptionProtocol,
    })
    expect(titles(tableOf({ result }))).not.toContain('Published')
  })

  it('are part of no plot and of no other column', () => {
    const { plots, columns, rows } = tableOf(releasedResults)
    expect(JSON.stringify(plots)).not.toContain('9.94')
    const own = columns.findIndex(({ kind }) => kind === 'published')
    for (const { cells } of rows) expect(cells.filter((_, i) => i !== own).join()).not.toMatch(/9\.94|7\.82|4\.19/)
  })

  it('come with a word on their protocol: the same only for dd with 50,000 samples in Inception features', () => {
    const said = (change: Partial<typeof inceptionProtocol>) => {
      const one = releasedResults['d16-one-step.json']!
      return tableOf({ a: { ...one, protocol: { ...one.protocol, ...change } } }).remarks.join(' ')
    }
    expect(said({})).toContain('as here')
    const others = [{ count: 5000 }, { name: 'adm' as const }, { features: spritesProtocol.features }]
    for (const change of others) expect(said(change)).toContain("This table's protocol differs")
  })
})

describe('a table warns', () => {
  it('of features that are not Inception', () => {
    const [caveat] = tableOf(spriteResults).caveats
    expect(caveat).toBe('Measured in the features of sprites: these are not ImageNet FIDs.')
    expect(tableOf(releasedResults).caveats).toEqual([])
  })

  it('of features whose network is not known', () => {
    const one = spriteResults['var-one-step.json']!
    const protocol = { ...one.protocol, features: { name: 'given features', preprocessing: 'unknown' } }
    expect(tableOf({ a: { ...one, protocol } }).caveats[0]).toContain('no weights are recorded')
  })

  it('of FIDs of few samples', () => {
    const one = releasedResults['d16-one-step.json']!
    const few = tableOf({ a: { ...one, protocol: { ...one.protocol, count: 5000 } } })
    expect(few.caveats[0]).toMatch(/5,000 samples is higher than that of 50,000/)
  })
})

describe('the protocol block', () => {
  it('states what all rows share once, and by row what differs', () => {
    const { protocol } = tableOf(spriteResults)
    const shared = Object.fromEntries(protocol.shared.map(({ name, value }) => [name, value]))
    expect(shared).toMatchObject({
      Labels: 'random, seed 0',
      Samples: '5,000',
      'Sampling: seed': '0',
      'Features: sha256 of the weights': 'a'.repeat(64),
      'Reference: sha256': 'b'.repeat(64),
      Versions: 'distilled-decoding 0.1.0, onnxruntime-node 1.30.0',
    })
    expect(protocol.columns).toEqual(
      ['model', 'plan', 'timesteps', 'timestep', 'split', 'teacher from', 'cfg', 'top-k', 'top-p'].map(
        (n) => `Sampling: ${n}`,
      ),
    )
    expect(protocol.rows[0]).toEqual({
      label: 'sprites-var, teacher',
      cells: ['sprites-var', 'teacher', '', '', '', '', '1.5', '0', '1'],
    })
  })

  it('loses no field of any protocol', () => {
    const said = JSON.stringify(tableOf(releasedResults).protocol)
    for (const { protocol } of Object.values(releasedResults))
      for (const value of [
        ...Object.values(protocol.sampling),
        protocol.rounding,
        protocol.format,
        protocol.features.preprocessing,
      ])
        expect(said).toContain(String(value))
  })
})

describe('plots', () => {
  it('show distance against time and against steps, one line a family', () => {
    const [time, steps] = tableOf(spriteResults).plots
    expect(time).toMatchObject({ x: 'seconds', metric: 'Fréchet distance' })
    expect(steps!.groups.map(({ name }) => name)).toEqual([
      'sprites-var, sprites-var-dd',
      'sprites-llamagen, sprites-llamagen-dd',
    ])
    expect(steps!.groups[1]!.marks).toEqual([
      { x: 1, y: 260.1, label: 'one step', hollow: false },
      { x: 2, y: 204.7, label: 'two steps', hollow: false },
      { x: 64, y: 87.4, label: 'teacher', hollow: true },
    ])
  })

  it('are left out where there is one point', () => {
    expect(tableOf({ a: spriteResults['var-one-step.json']! }).plots).toEqual([])
  })
})

describe('accuracy by class', () => {
  it('puts the hardest class first, over all results that have classes', () => {
    const { classes } = tableOf(spriteResults)
    expect(classes!.labels).toHaveLength(7)
    expect(classes!.rows[0]!.name).toBe('key')
    expect(classes!.rows).toHaveLength(12)
  })

  it('shows the lowest of many classes, and says so', () => {
    const classes = Array.from({ length: 1000 }, (_, id) => ({ id, name: `c${id}`, count: 50, accuracy: id / 1000 }))
    const figures = tableOf({ a: { ...spriteResults['var-one-step.json']!, classes } }).classes!
    expect(figures.remark).toBe('the 24 lowest of 1,000')
    expect(figures.rows.map(({ name }) => name)).toEqual(Array.from({ length: 24 }, (_, i) => `c${i}`))
  })
})

it('a difference is told with its values where they say something', () => {
  const difference = { field: 'count', why: 'why', weight: 'forbids' as const }
  expect(differenceText({ ...difference, a: '50000', b: '5000' })).toBe('is 5000, not 50000: why')
  expect(differenceText({ ...difference, a: 'a'.repeat(64), b: 'b'.repeat(64) })).toBe('differs: why')
})
