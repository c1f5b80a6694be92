import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UsageError } from '../core/errors.ts'
import { knob, knobs } from './knobs.ts'
import { type ReportOptions, writeReport } from './report.ts'
import { openLog, type RunEvent } from './run-log.ts'
import { summarize } from './run-summary.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-report-'))
})
afterEach(() => rm(folder, { recursive: true }))

const start: RunEvent = { type: 'start', time: '2026-01-01T12:34:56.000Z', config: { steps: 3, betas: [0.9, 0.95] } }
const at = (step: number, loss = 1 / step): RunEvent => {
  return {
    type: 'step',
    step,
    time: step,
    loss,
    lr: 1e-4,
    gradNorm: 0.5,
    imagesPerSecond: 64,
    metrics: { ceLoss: 7.5 },
  }
}
const sheet = (step: number): RunEvent => ({ type: 'sheet', step, file: `a b/${step}.png`, caption: `<step> ${step}` })
const end: RunEvent = { type: 'end', step: 3, seconds: 3 }

async function report(events: readonly RunEvent[], options?: ReportOptions): Promise<string> {
  const log = await openLog(folder)
  for (const event of events) log.write(event)
  log.close()
  return readFile(await writeReport(folder, options), 'utf8')
}

describe('the page', () => {
  test('stands alone: no script, no address outside of itself', async () => {
    await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } }).toFile(join(folder, 'x.png'))
    const page = await report([start, at(1), at(2), { type: 'sheet', step: 2, file: 'x.png', caption: 'red' }, end])
    expect(page).not.toMatch(/<script|<link|https?:|url\(|@import/)
    const bytes = await readFile(join(folder, 'x.png'))
    expect(page).toContain(`src="data:image/png;base64,${bytes.toString('base64')}" alt="red" class="small"/>`)
    expect((await readdir(folder)).sort()).toEqual(['log.jsonl', 'report.html', 'x.png'])
  })

  test('more than twenty sheets are shown from the folder, the newest first', async () => {
    const page = await report([start, at(1), ...Array.from({ length: 21 }, (_, i) => sheet(i + 1))])
    const sources = [...page.matchAll(/src="([^"]*)"/g)].map(([, source]) => source)
    expect(sources).toHaveLength(21)
    expect(sources[0]).toBe('a%20b/21.png')
  })

  test('a sheet that is gone leaves its caption', async () => {
    const page = await report([start, at(1), sheet(1)])
    expect(page).toContain('<div class="gone">no image</div><figcaption><b>Step 1</b> &lt;step> 1</figcaption>')
  })

  test('a sheet that is a link out of the run, or no image, is not shown', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'distilled-outside-'))
    await writeFile(join(outside, 'secret.png'), 'TOP SECRET')
    await symlink(join(outside, 'secret.png'), join(folder, 'link.png'))
    await symlink(outside, join(folder, 'sheets'))
    await writeFile(join(folder, 'text.png'), 'TOP SECRET')
    const files = ['link.png', 'sheets/secret.png', 'text.png', 'log.jsonl']
    const page = await report([
      start,
      ...files.map((file): RunEvent => ({ type: 'sheet', step: 1, file, caption: '' })),
    ])
    expect(page.match(/<div class="gone">/g)).toHaveLength(4)
    expect(page).not.toContain('src=')
    await rm(outside, { recursive: true })
  })

  test('settings come with unit and provenance where they are given', async () => {
    const config = knobs({ lr: knob(1e-4, { unit: 'per step', provenance: 'paper', note: 'table <2>' }) })
    const rows = config.rows(await config.resolve({ overrides: { lr: 0.5 } }))
    const page = await report([start, at(1)], { title: 'A & B', rows })
    expect(page).toContain('<h1>A &amp; B</h1>')
    expect(page).toContain('<code>lr</code></td><td class="value">0.5<small> per step</small>')
    expect(page).toContain('this run</span></td><td>table &lt;2> (paper: 0.0001)')
    expect(await report([])).toContain('<code>betas</code></td><td class="value">[0.9,0.95]')
  })

  test('a run that has only begun has a page', async () => {
    expect(await report([start])).toContain('unfinished')
    await rm(join(folder, 'log.jsonl'))
    await expect(writeReport(folder)).rejects.toThrow(UsageError)
  })
})

describe('the summary', () => {
  test('says how a run ended', () => {
    const error: RunEvent = { type: 'error', step: 2, message: 'NaN' }
    expect(summarize([start, at(1), end]).outcome).toBe('finished')
    expect(summarize([start, at(1), error])).toMatchObject({ outcome: 'failed', message: 'NaN' })
    expect(summarize([start, error, start, at(2)])).toMatchObject({ outcome: 'unfinished', message: undefined })
  })

  test('times of a resumed run add up', () => {
    expect(summarize([start, at(1), at(2), start, at(1), at(2), at(3)]).seconds).toBe(5)
  })

  test('training and validation of a metric share a chart; what is not finite is left out', () => {
    const validation: RunEvent = { type: 'validation', step: 2, metrics: { loss: 0.25, accuracy: 0.5 } }
    const { curves } = summarize([start, at(1), at(2, Number.NaN), validation])
    const names = ['loss', 'ceLoss', 'accuracy', 'learning rate', 'gradient norm', 'images per second']
    expect(curves.map(({ name }) => name)).toEqual(names)
    expect(curves[0]!.series).toEqual([
      { name: 'training', line: 0, points: [[1, 1]] },
      { name: 'validation', line: 1, points: [[2, 0.25]] },
    ])
  })
})
