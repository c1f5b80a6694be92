import { describe, expect, it } from 'vitest'
import { releasedResults, resultOf, spriteResults } from '../../test/report-results.ts'
import type { EvaluationResult } from '../evaluate/result.ts'
import type { Grid } from './entry.ts'
import { evaluationMarkdown } from './markdown.ts'
import { reportOf } from './model.ts'
import { evaluationPage } from './page.tsx'

type Results = Readonly<Record<string, EvaluationResult>>
const reported = (results: Results, grid?: Grid) =>
  reportOf(
    Object.entries(results).map(([path, result]) => ({ path, result, ...(grid && { grid }) })),
    'A & B',
  )
const page = (results: Results, grid?: Grid) => evaluationPage(reported(results, grid))
const markdown = (results: Results, grid?: Grid) => evaluationMarkdown(reported(results, grid))

const hostile = resultOf({ model: '<img src=x>', name: '"><script>alert(1)</script> | `x`', steps: 1, fid: 1 })
const sheet: Grid = { path: 'results/a b.png', source: 'data:image/png;base64,AAAA', width: 320 }

describe('the page', () => {
  const all = page({ ...spriteResults, ...releasedResults })

  it('stands alone: no script, no address outside of itself', () => {
    expect(all).not.toMatch(/<script|<link|https?:|url\(|@import/)
  })

  it('says in words why tables stand apart', () => {
    expect(all).toContain('Figures of different tables may not be compared.')
    expect(all).toContain('<code>count</code> is 50000, not 5000: FID falls as samples are added')
    expect(page(spriteResults)).not.toContain('may not be compared')
  })

  it('marks published figures as such, in the heading and in every cell', () => {
    expect(all).toContain('Published <small>by the authors, not measured here</small>')
    expect(all).toMatch(/<td class="published">FID\u00a09\.94/)
    expect(page(spriteResults)).not.toContain('class="published"')
  })

  it('has plots as inline SVG, and a heat table for the classes of several results', () => {
    const html = page(spriteResults)
    expect(html.match(/<svg role="img"/g)).toHaveLength(2)
    expect(html).toContain('aria-label="Accuracy by class"')
    expect(html).toContain('style="--heat:1.00">91.0 %')
  })

  it('has bars for the classes of one result', () => {
    const html = page({ a: spriteResults['var-one-step.json']! })
    expect(html.match(/<rect /g)).toHaveLength(12)
    expect(html).not.toContain('--heat:')
  })

  it('shows sheets of samples with what they are, small ones pixel by pixel', () => {
    const one = { a: spriteResults['var-one-step.json']! }
    const caption =
      'sprites-var-dd, one step: the first samples that were measured (1 step, noise of seed 0, labels: random, seed 0).'
    expect(page(one, sheet)).toContain(`<img src="data:image/png;base64,AAAA" alt="${caption}" class="small"/>`)
    expect(page(one, { ...sheet, width: 2000 })).not.toContain('class="small"')
    expect(page(one, { ...sheet, source: undefined })).toContain('no image')
  })

  it('takes every text for text', () => {
    const html = page({ hostile })
    expect(html).not.toMatch(/<script|<img/)
    expect(html).toContain('&lt;img src=x>')
    expect(html).toContain('<h1>A &amp; B</h1>')
  })

  it('can be read with a keyboard and by a screen reader: scrolling tables take focus and have names', () => {
    for (const [tag] of all.matchAll(/<section class="scroll[^>]*>/g))
      expect(tag).toMatch(/tabindex="0" aria-label="[^"]+"/)
    for (const [tag] of all.matchAll(/<svg role="img"[^>]*>/g)) expect(tag).toContain('aria-label="')
    expect(all).toContain('<html lang="en">')
    expect(all).toContain('<th scope="row">')
  })
})

describe('the Markdown', () => {
  it('has a row per result with the best in bold, and what is published in italics', () => {
    const text = markdown(releasedResults).replaceAll('\u00a0', ' ')
    expect(text).toContain('| var-d16 | teacher | 10 | 5.82 s | 1.0x | **4.25** |')
    expect(text).toContain('Published by the authors, not measured here |')
    expect(text).toContain('| *FID 9.94, IS 193.6, P 0.80, R 0.37, 0.021 s, 6.3x (DD)* |')
  })

  it('has tables whose rows have as many cells as their heads', () => {
    const text = markdown({ ...spriteResults, ...releasedResults, hostile }).trim()
    const cells = (line: string) => line.split(/(?<!\\)\|/).length
    for (const table of text.split('\n\n').filter((block) => block.startsWith('|'))) {
      const [head, ...rows] = table.split('\n') as [string, ...string[]]
      for (const row of rows) expect(cells(row)).toBe(cells(head))
    }
  })

  it('takes every text for text', () => {
    expect(markdown({ hostile })).not.toMatch(/(?<!\\)<|(?<!\\)`/)
  })

  it('shows sheets by the names of their files', () => {
    expect(markdown({ a: spriteResults['var-one-step.json']! }, sheet)).toContain('](<results/a%20b.png>)')
  })

  it('holds the protocol of every table', () => {
    const text = markdown({ ...spriteResults, ...releasedResults })
    expect(text.match(/^### Protocol$/gm)).toHaveLength(2)
    expect(text).toContain(`- Reference: sha256: ${'d'.repeat(64)}`)
  })
})
