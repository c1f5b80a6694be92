import { h } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { describe, expect, test } from 'vitest'
import { LineChart, type LineChartProps, type Point } from './line-chart.tsx'
import { linearScale, logScale } from './scale.ts'

const lineChart = (props: LineChartProps) => renderToString(h(LineChart, props))

describe('charts', () => {
  const labels = ({ ticks }: ReturnType<typeof linearScale>) => ticks.map(({ label }) => label)

  test('linear ticks are round numbers', () => {
    expect(labels(linearScale(0.13, 0.61))).toEqual(['0', '0.2', '0.4', '0.6', '0.8'])
    expect(labels(linearScale(0, 3e-4))).toEqual(['0', '1e-4', '2e-4', '3e-4'])
    expect(labels(linearScale(0, 12000, { wanted: 7, round: false }))).toEqual([
      '0',
      '2k',
      '4k',
      '6k',
      '8k',
      '10k',
      '12k',
    ])
    expect(labels(linearScale(-1, 1))).toEqual(['-1.0', '-0.5', '0', '0.5', '1.0'])
    expect(linearScale(5, 5).place(5)).toBeCloseTo(0.5, 1)
    expect(labels(linearScale(0, 0)).length).toBeGreaterThan(1)
  })

  test('logarithmic ticks are 1, 2, 5 of each power of ten, or the powers', () => {
    expect(labels(logScale(0.4, 3))).toEqual(['0.5', '1', '2'])
    expect(labels(logScale(1e-4, 10))).toEqual(['1e-4', '0.001', '0.01', '0.1', '1', '10'])
    expect(labels(logScale(2.1, 2.9)).length).toBeGreaterThan(1)
    expect(logScale(0.1, 10).place(1)).toBeCloseTo(0.5)
  })

  test('a long curve is averaged, with a band of its extremes', () => {
    const points = Array.from({ length: 100_000 }, (_, i): Point => [i, i % 2])
    const chart = lineChart({ title: 'Loss', series: [{ name: 'training', points, line: 0 }] })
    expect(chart.length).toBeLessThan(20_000)
    expect(chart).toContain('class="band"')
    const [, path] = /class="curve" d="M([^"]*)"/.exec(chart)!
    const heights = path!.split('L').map((pair) => Number(pair.split(' ')[1]))
    expect(heights).toHaveLength(240)
    expect(heights.every((height) => Math.abs(height - 500) < 5)).toBe(true)
  })

  test('nothing to draw draws nothing', () => {
    expect(lineChart({ title: 'x', series: [{ name: 'a', points: [[0, Number.NaN]], line: 0 }] })).toBe('')
  })

  test('what lies at or below 0 has no logarithm, and its chart none', () => {
    const series = [
      {
        name: 'a',
        points: [
          [0, 0],
          [1, 100],
        ] as Point[],
        line: 0 as const,
      },
    ]
    expect(lineChart({ title: 'x', series, log: true })).not.toContain('logarithmic')
  })
})
