// The table of a review: what is counted, what is not, and how it reads as Markdown, CSV and JSON.
import { appendFileSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ReviewEvent } from '../../src/review/events.ts'
import { readReview } from '../../src/review/node/folder.ts'
import { journalName } from '../../src/review/node/journal.ts'
import { makeReport } from '../../src/review/node/report.ts'
import { reportCsv, reportMarkdown } from '../../src/review/node/report-text.ts'
import { distilled } from '../cli/command-line.ts'
import { makeReviewFolder, note, undo, verdict } from './made-review.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-review-'))
  await makeReviewFolder(folder)
})
afterEach(() => rm(folder, { recursive: true }))

const report = async (...events: ReviewEvent[]) => makeReport(await readReview(folder), events, [])
const path = (name: string) => join(folder, 'images', 'one', name)

const some = () => {
  const mistake = verdict('two', '7-cock/000.png', 'flagged')
  return [
    verdict('one', '7-cock/000.png', 'accepted'),
    verdict('one', '7-cock/001.png', 'flagged', { time: '2026-03-02T09:00:00.000Z' }),
    note('one', '7-cock/001.png', 'blood | on *the* floor'),
    verdict('one', '7-cock/002.png', 'accepted', { reviewer: 'CD' }),
    verdict('one', '403-aircraft-carrier/000.png', 'accepted'),
    mistake,
    undo(mistake),
  ]
}

describe('counting', () => {
  it('adds up classes to models and models to a total', async () => {
    const { total, models } = await report(...some())
    expect(total).toMatchObject({ images: 12, reviewed: 4, accepted: 3, flagged: 1, defectRate: 0.25 })
    expect(total).toMatchObject({
      reviewers: ['AB', 'CD'],
      first: '2026-03-01T10:00:00.000Z',
      last: '2026-03-02T09:00:00.000Z',
    })
    expect(models.map((model) => [model.id, model.total.reviewed, model.total.flagged])).toEqual([
      ['one', 4, 1],
      ['two', 0, 0],
    ])
    expect(models[0]!.classes).toMatchObject([
      { id: 7, name: 'cock', sensitive: true, images: 3, reviewed: 3, flagged: 1, defectRate: 1 / 3 },
      { id: 403, images: 3, reviewed: 1, flagged: 0, defectRate: 0 },
    ])
  })

  it('a rate of nothing is no rate', async () => {
    expect((await report()).total).toMatchObject({ reviewed: 0, defectRate: null, first: null })
  })

  it('lists flagged images and notes', async () => {
    expect((await report(...some())).findings).toEqual([
      {
        image: 'images/one/7-cock/001.png',
        model: 'one',
        class: 7,
        className: 'cock',
        verdict: 'flagged',
        reviewer: 'AB',
        note: 'blood | on *the* floor',
      },
    ])
  })

  it('a verdict does not count when the image changed, and the report says so', async () => {
    writeFileSync(path('7-cock/001.png'), 'something else')
    const { total, changed, faults } = await report(...some())
    expect(total).toMatchObject({ images: 12, reviewed: 3, flagged: 0 })
    expect(changed).toEqual(['images/one/7-cock/001.png'])
    expect(faults).toEqual(['images/one/7-cock/001.png is not what its manifest says.'])
  })

  it('nor when the image was made anew with other bytes', async () => {
    const other = verdict('one', '7-cock/001.png', 'flagged', { sha256: 'b'.repeat(64) })
    expect(await report(other)).toMatchObject({
      total: { reviewed: 0 },
      changed: ['images/one/7-cock/001.png'],
      faults: [],
    })
  })

  it('a missing image is named, and a link is no image', async () => {
    rmSync(path('7-cock/001.png'))
    rmSync(path('7-cock/002.png'))
    symlinkSync(path('7-cock/000.png'), path('7-cock/002.png'))
    expect((await report()).faults).toEqual([
      'images/one/7-cock/001.png is missing.',
      'images/one/7-cock/002.png is missing.',
    ])
  })

  it('refuses a folder that is no review, and a manifest that leads elsewhere', async () => {
    await expect(readReview(join(folder, 'images'))).rejects.toThrow(
      'is not a review folder: it holds no manifest. Make one with',
    )
    await expect(readReview(join(folder, 'nowhere'))).rejects.toThrow('there is no such folder')
    const text = readFileSync(path('manifest.json'), 'utf8')
    writeFileSync(path('manifest.json'), text.replace('7-cock/000.png', '../../../etc/passwd'))
    await expect(readReview(folder)).rejects.toThrow(/manifest\.json is not a manifest of a review: images\.0\.file/)
  })
})

describe('reading', () => {
  it('Markdown: a headline, a table of models, a table of classes for each, hashes, findings', async () => {
    const text = reportMarkdown(await report(...some()))
    expect(text).toContain(
      '12 images of 2 models, 4 reviewed, 1 flagged: **defect rate 25.00 %** so far; **8 images are still to be looked at**.',
    )
    expect(text).toContain('Reviewers: AB, CD; 2026-03-01 to 2026-03-02.')
    expect(text).toContain('| one (1 step) | 6 | 4 | 1 | 25.00 % | AB, CD | 2026-03-01 to 2026-03-02 |')
    expect(text).toContain('| two (1 step) | 6 | 0 | 0 | - |  |  |')
    expect(text).toContain('| 403 aircraft carrier | 3 | 1 | 0 | 0.00 % | AB | 2026-03-01 |')
    expect(text).toMatch(/- student one\.pth, SHA-256 `[0-9a-f]{64}`/)
    expect(text).toContain('- `images/one/7-cock/001.png` (7 cock), flagged, AB: blood \\| on \\*the\\* floor')
  })

  it('CSV: one row for every model and class', async () => {
    const rows = reportCsv(await report(...some())).split('\r\n')
    expect(rows).toHaveLength(6)
    expect(rows[0]).toBe(
      'model,sampler,class,name,images,reviewed,accepted,flagged,defect_rate,reviewers,first,last,checkpoint_sha256',
    )
    expect(rows[2]).toMatch(/^one,1 step,403,aircraft carrier,3,1,1,0,0,AB,2026-03-01T10:00:00\.000Z,2026-03-01T10/)
    expect(rows[4]).toMatch(/^two,1 step,403,aircraft carrier,3,0,0,0,,,,,[0-9a-f]{64}$/)
  })
})

describe('distilled review report', () => {
  beforeEach(() => {
    appendFileSync(
      join(folder, journalName),
      some()
        .map((event) => `${JSON.stringify(event)}\n`)
        .join(''),
    )
  })

  it('prints Markdown unless told otherwise', async () => {
    const { code, stdout, stderr } = await distilled('review', 'report', folder)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^# Safety review\n/)
    const json = JSON.parse((await distilled('review', 'report', folder, '--format', 'json')).stdout)
    expect(json).toMatchObject({ kind: 'distilled-review-report', total: { reviewed: 4, flagged: 1 } })
  })

  it('writes what the file is called', async () => {
    const out = join(folder, 'table.csv')
    expect(await distilled('review', 'report', folder, '--out', out, '--quiet')).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
    expect(readFileSync(out, 'utf8')).toMatch(/^model,sampler/)
    expect(await distilled('review', 'report', folder, '--out', 'table.jsn')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean .json?'),
    })
  })

  it('says aloud that verdicts were lost', async () => {
    writeFileSync(path('7-cock/001.png'), 'something else')
    appendFileSync(join(folder, journalName), '{"type": "verd')
    const { stdout, stderr } = await distilled('review', 'report', folder)
    expect(stderr).toContain('note: 1 verdict not counted: the image changed since.')
    expect(stdout).toMatch(
      /## Verdicts that do not count: the image changed since\n\n- `images\/one\/7-cock\/001\.png`/,
    )
    expect(stdout).toContain('the last line of verdicts.jsonl is torn')
  })
})
