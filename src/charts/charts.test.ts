import { h } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { describe, expect, it } from 'vitest'
import { strongestHeat } from '../report/style.ts'
import { BarChart, type BarChartProps } from './bar-chart.tsx'
import { labelPlaces } from './label-places.ts'
import { palette } from './page-style.ts'
import { type Mark, ScatterChart, type ScatterChartProps } from './scatter-chart.tsx'

const scatterChart = (props: ScatterChartProps) => renderToString(h(ScatterChart, props))
const barChart = (props: BarChartProps) => renderToString(h(BarChart, props))
const axes = { title: 'FID against time', x: { title: 'seconds', log: true }, y: { title: 'FID', log: true } }
const mark = (x: number, y: number, label = `${x}`): Mark => ({ x, y, label })

/** Where marks stand, as shares of the plot: [from the left, from the top]. */
const placesOf = (chart: string): [number, number][] =>
  [...chart.matchAll(/<svg x="([\d.]+)%" y="([\d.]+)%"/g)].map(([, x, y]) => [Number(x) / 100, Number(y) / 100])

describe('a scatter chart', () => {
  it('puts equal ratios at equal distances on logarithmic axes, and less below more', () => {
    const chart = scatterChart({
      ...axes,
      groups: [{ name: 'a', marks: [mark(0.01, 100), mark(0.1, 10), mark(1, 1)] }],
    })
    const [first, second, third] = placesOf(chart) as [number, number][]
    expect(second![0] - first![0]).toBeCloseTo(third![0] - second![0], 3)
    expect(second![1] - first![1]).toBeCloseTo(third![1] - second![1], 3)
    expect(first![0]).toBeLessThan(third![0])
    expect(first![1]).toBeLessThan(third![1])
  })

  it('keeps every mark inside of the plot', () => {
    const marks = [mark(0.005, 260), mark(0.069, 20), mark(0.0051, 21)]
    for (const [x, y] of placesOf(scatterChart({ ...axes, groups: [{ name: 'a', marks }] })))
      for (const share of [x, y]) {
        expect(share).toBeGreaterThan(0.02)
        expect(share).toBeLessThan(0.98)
      }
  })

  it('names groups in a legend only where there are several, each with a look of its own', () => {
    const groups = Array.from({ length: 16 }, (_, i) => ({ name: `<${i}>`, marks: [mark(1 + i, 1 + i)] }))
    expect(scatterChart({ ...axes, groups: groups.slice(0, 1) })).not.toContain('legend')
    const chart = scatterChart({ ...axes, groups })
    expect(chart).toContain('&lt;15>')
    const looks = [...chart.matchAll(/<span class="(line-\d)"><svg[^>]*><path d="([^"]*)"/g)].map(([, ...look]) =>
      look.join(),
    )
    expect(new Set(looks).size).toBe(16)
  })

  it('leaves out what has no place on a logarithmic axis, and is empty without marks', () => {
    const marks = [mark(0, 1), mark(1, Number.NaN), mark(2, 3)]
    expect(placesOf(scatterChart({ ...axes, groups: [{ name: 'a', marks }] }))).toHaveLength(1)
    expect(scatterChart({ ...axes, groups: [{ name: 'a', marks: [mark(0, 1)] }] })).toBe('')
  })

  it('says its figures to those who do not see it', () => {
    const chart = scatterChart({ ...axes, groups: [{ name: 'a', marks: [mark(0.5, 10, 'one "step"')] }] })
    expect(chart).toContain('aria-label="FID against time. one &quot;step&quot;: 0.500 seconds, FID 10.0"')
  })
})

describe('labels', () => {
  it('stand to the right where there is room, and to the left at the right edge', () => {
    const [middle, edge] = labelPlaces(
      [
        { x: 0.3, y: 0.2, label: 'teacher' },
        { x: 0.97, y: 0.8, label: 'teacher' },
      ],
      300,
    )
    expect(middle).toEqual({ dx: 10, dy: 0, anchor: 'start' })
    expect(edge).toMatchObject({ anchor: 'end' })
  })

  it('make way for each other', () => {
    const near = [0.5, 0.52].map((y) => ({ x: 0.5, y, label: 'two steps' }))
    const [a, b] = labelPlaces(near, 300)
    expect(a).toBeDefined()
    expect(b).toBeDefined()
    expect(a).not.toEqual(b)
  })

  it('are left out where all would cover one another', () => {
    const crowd = Array.from({ length: 40 }, () => ({ x: 0.5, y: 0.5, label: 'a long name of a sampler' }))
    const places = labelPlaces(crowd, 300)
    expect(places.filter(Boolean).length).toBeGreaterThan(0)
    expect(places.filter(Boolean).length).toBeLessThan(12)
  })
})

describe('a bar chart', () => {
  it('has bars as long as their shares, with names and values', () => {
    const bars = [
      { name: 'key <1>', share: 0.912 },
      { name: 'a name that is far too long for its place', share: 1 },
    ]
    const chart = barChart({ title: 'Accuracy', remark: 'of all', bars })
    expect([...chart.matchAll(/<rect [^>]*width="([^"]*)"/g)].map(([, width]) => width)).toEqual(['91.2%', '100%'])
    expect(chart).toContain('>91.2 %</text>')
    expect(chart).toContain('>key &lt;1></text>')
    expect(chart).toContain('>a name that is far to…</text>')
    expect(barChart({ title: 'Accuracy', remark: '', bars: [] })).toBe('')
  })
})

describe('colours', () => {
  const luminance = (colour: number[]): number => {
    const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
  }
  const rgb = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))
  const contrast = (a: number[], b: number[]): number => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number]
    return (high + 0.05) / (low + 0.05)
  }

  it.each(['light', 'dark'] as const)('of text reach WCAG AA on all that is behind them: %s', (scheme) => {
    const { page, card, hover, rule: _, ...inks } = palette[scheme]
    const weak = Object.entries(inks).flatMap(([name, ink]) =>
      [page, card, hover]
        .filter((behind) => contrast(rgb(ink), rgb(behind)) < 4.5)
        .map((behind) => `${name} on ${behind}`),
    )
    expect(weak).toEqual([])
  })

  it.each(['light', 'dark'] as const)('of the strongest heat leave text readable: %s', (scheme) => {
    const { card, text, 'line-1': heat } = palette[scheme]
    const mixed = rgb(heat).map((c, i) => strongestHeat * c + (1 - strongestHeat) * rgb(card)[i]!)
    expect(contrast(rgb(text), mixed)).toBeGreaterThan(4.5)
  })
})
