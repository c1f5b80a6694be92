// `distilled report`: files written, errors with their codes, what --json says.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { releasedResults, spriteResults, writeResults } from '../report-results.ts'
import { distilled, distilledJson, temporaryFolder } from './command-line.ts'

const folder = temporaryFolder()
const results = join(folder, 'results')
beforeAll(() => writeResults(results, { ...spriteResults, ...releasedResults }))

describe('report', () => {
  it('writes a page and Markdown, and nothing beside them', async () => {
    const page = join(folder, 'out', 'page.html')
    const text = join(folder, 'out', 'table.md')
    await mkdir(join(folder, 'out'))
    const done = await distilled('report', results, '--out', page, '--markdown', text, '--title', 'Sprites & more')
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout).toContain('11 results in 2 tables: what may not be compared stands apart.')
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['page.html', 'table.md'])
    expect(readFileSync(page, 'utf8')).toContain('<h1>Sprites &amp; more</h1>')
    expect(readFileSync(text, 'utf8')).toContain('](<../results/var-one-step.png>)')
  })

  it('writes Markdown alone when that is all that is asked for', async () => {
    const text = join(folder, 'alone.md')
    const { stdout } = await distilled('report', join(results, 'var-teacher.json'), '--markdown', text)
    expect(stdout).toBe(`${text}\n1 result.\n`)
    expect(existsSync('report.html')).toBe(false)
  })

  it('says the tables as JSON, without images', async () => {
    const out = join(folder, 'json.html')
    const said = await distilledJson('report', results, '--out', out)
    expect(said.out).toBe(out)
    expect(said.tables).toHaveLength(2)
    expect(said.tables[1].rows[0]).toMatchObject({ label: 'sprites-llamagen, teacher' })
    expect(JSON.stringify(said)).not.toContain('base64')
  })

  it('notes a sheet that is gone', async () => {
    const file = join(folder, 'gone.json')
    await writeFile(file, JSON.stringify({ ...spriteResults['var-teacher.json'], grid: 'gone.png' }))
    const { code, stderr } = await distilled('report', file, '--out', join(folder, 'gone.html'))
    expect(code).toBe(0)
    expect(stderr).toMatch(/gone\.png, the samples of "sprites-var, teacher", is not there/)
  })

  it('refuses to write over a result or its sheet, and two outputs of one name', async () => {
    const result = join(results, 'var-one-step.json')
    const before = readFileSync(result)
    for (const [args, said] of [
      [['--out', result], 'is what is being read'],
      [['--markdown', join(results, 'var-one-step.png')], 'is what is being read'],
      [['--out', join(results, 'new.json')], 'would be part of what is being read'],
      [['--out', join(folder, 'x'), '--markdown', join(folder, 'x')], 'would both write'],
    ] as const) {
      const { code, stderr } = await distilled('report', results, ...args)
      expect(code).toBe(2)
      expect(stderr).toContain(said)
    }
    expect(readFileSync(result)).toEqual(before)
  })

  it('refuses folders without results and files that are none, and writes nothing', async () => {
    const out = join(folder, 'never.html')
    const empty = join(folder, 'empty')
    await mkdir(empty)
    expect(await distilled('report', empty, '--out', out)).toMatchObject({ code: 2, stdout: '' })
    const other = join(folder, 'other.json')
    await writeFile(other, '{}')
    const { code, stderr } = await distilled('report', other, '--out', out)
    expect(code).toBe(1)
    expect(stderr).toContain('other.json is no result of an evaluation')
    expect(existsSync(out)).toBe(false)
  })
})
