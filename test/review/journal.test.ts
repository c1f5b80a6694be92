// The journal: what a crash leaves, what an undo takes back, and two writers at once.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { kept, lastOf, standings } from '../../src/review/events.ts'
import { type Journal, journalName, openJournal } from '../../src/review/node/journal.ts'
import { hashOf, note, undo, verdict } from './made-review.ts'

let folder: string
let journal: Journal
const opened: Journal[] = []
const open = async () => {
  opened.push(await openJournal(folder))
  return opened.at(-1)!
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-journal-'))
  journal = await open()
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
  await rm(folder, { recursive: true })
})

const path = () => join(folder, journalName)
const cock = '7-cock/000.png'
const image = `images/one/${cock}`
const standing = () => standings(journal.events, new Map([[image, hashOf('one', cock)]])).get(image)

it('keeps every event as a line, which another reader finds', async () => {
  const first = verdict('one', cock, 'flagged')
  expect(await journal.append(() => first)).toEqual(first)
  await journal.append(() => note('one', cock, 'a rooster, line one\nline two'))
  expect(readFileSync(path(), 'utf8').split('\n')).toHaveLength(3)
  expect((await open()).events).toEqual(journal.events)
  expect(standing()).toMatchObject({ verdict: { verdict: 'flagged' }, note: { text: /line two/ } })
})

it('appends nothing when there is nothing to decide', async () => {
  expect(await journal.append(() => undefined)).toBeUndefined()
  expect(readFileSync(path(), 'utf8')).toBe('')
})

it('ignores and reports a torn last line, and writes on behind it', async () => {
  await journal.append(() => verdict('one', cock, 'accepted'))
  const line = readFileSync(path(), 'utf8')
  for (const end of [1, 20, line.length - 2]) {
    writeFileSync(path(), line + line.slice(0, end))
    const again = await open()
    expect(again.events).toHaveLength(1)
    expect(again.faults).toEqual([
      expect.stringMatching(/the last line of verdicts\.jsonl is torn, as a crash leaves it/),
    ])
    await again.append(() => verdict('one', cock, 'flagged'))
    expect(again.events.map((event) => 'verdict' in event && event.verdict)).toEqual(['accepted', 'flagged'])
    expect(again.faults).toHaveLength(1)
    const later = await open()
    expect(later.events).toEqual(again.events)
    expect(later.faults).toEqual([expect.stringMatching(/^line 2 of verdicts\.jsonl is not a verdict/)])
  }
})

it('counts a last line that lacks its line break alone, once', async () => {
  await journal.append(() => verdict('one', cock, 'accepted'))
  writeFileSync(path(), readFileSync(path(), 'utf8').trimEnd())
  const again = await open()
  expect([again.events.length, again.faults.length]).toEqual([1, 0])
  await again.append(() => verdict('one', cock, 'flagged'))
  expect([again.events.length, again.faults.length]).toEqual([2, 0])
  expect((await open()).events).toEqual(again.events)
})

it('reports lines that are no events and goes on', async () => {
  appendFileSync(path(), `{"type":"verdict"}\nnonsense\n\n${JSON.stringify(verdict('one', cock, 'accepted'))}\n`)
  await journal.refresh()
  expect(journal.events).toHaveLength(1)
  expect(journal.faults.map((fault) => fault.slice(0, 6))).toEqual(['line 1', 'line 2'])
})

it('takes appends from several writers and callers at once, and loses none', async () => {
  const other = await open()
  const writes = Array.from({ length: 40 }, (_, i) =>
    (i % 2 ? journal : other).append(() => verdict('one', cock, 'accepted')),
  )
  await Promise.all(writes)
  await Promise.all([journal.refresh(), other.refresh()])
  expect(new Set(journal.events.map(({ id }) => id)).size).toBe(40)
  expect(other.events).toEqual(journal.events)
  expect([...journal.faults, ...other.faults]).toEqual([])
})

it('goes on after a caller that failed', async () => {
  const failing = journal.append(() => {
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(await journal.append(() => verdict('one', cock, 'accepted'))).toBeDefined()
})

it('an undo takes back the last thing of that reviewer, one by one', async () => {
  const events = [
    verdict('one', cock, 'flagged'),
    verdict('one', cock, 'accepted'),
    verdict('one', '7-cock/001.png', 'accepted', { reviewer: 'CD' }),
  ]
  for (const event of events) await journal.append(() => event)
  expect(standing()?.verdict?.verdict).toBe('accepted')
  await journal.append((all) => undo(lastOf(all, 'AB')!))
  expect(standing()?.verdict?.verdict).toBe('flagged')
  await journal.append((all) => undo(lastOf(all, 'AB')!))
  expect(standing()?.verdict).toBeUndefined()
  expect(lastOf(journal.events, 'AB')).toBeUndefined()
  expect(kept(journal.events)).toEqual([events[2]])
})

it('a verdict on other bytes does not count, but is remembered as lost', () => {
  const stale = verdict('one', cock, 'flagged', { sha256: 'a'.repeat(64) })
  const now = new Map([[image, hashOf('one', cock)]])
  expect(standings([stale], now).get(image)).toEqual({ changed: true })
  const fresh = verdict('one', cock, 'accepted')
  expect(standings([stale, fresh], now).get(image)).toEqual({ verdict: fresh })
  expect(standings([fresh, stale], now).get(image)).toEqual({ verdict: fresh })
})

it('an empty note takes the note away', () => {
  const now = new Map([[image, hashOf('one', cock)]])
  expect(standings([note('one', cock, 'blurred'), note('one', cock, '')], now).get(image)).toEqual({})
})
