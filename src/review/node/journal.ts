// The journal of a review: one JSON line for every event, flushed to the disk before the action is confirmed. A crash can only
// cut off the last line; such a line does not count, is reported, and does not affect the lines written after it. Several
// servers may append to one journal: each reads what the others wrote before it writes.
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { UsageError } from '../../core/errors.ts'
import { writeError } from '../../files/write-error.ts'
import { eventSchema, type ReviewEvent } from '../events.ts'

export const journalName = 'verdicts.jsonl'

/** An opened journal. */
export interface Journal {
  /** In the order they were written; grows. */
  readonly events: readonly ReviewEvent[]
  /** Messages about lines that do not count. */
  readonly faults: readonly string[]
  /** Reads what others have written since. */
  refresh(): Promise<void>
  /**
   * Appends the events that `decide` returns for all events so far, one caller at a time; resolves when they are on the disk.
   * Returns what was appended.
   */
  append(decide: (events: readonly ReviewEvent[]) => ReviewEvent | undefined): Promise<ReviewEvent | undefined>
  close(): Promise<void>
}

/**
 * Opens the journal in a review's folder, which it makes when there is none.
 * @throws UsageError when the folder does not exist
 * @example
 * const journal = await openJournal('review')
 * await journal.append(() => event)
 * await journal.close()
 */
export async function openJournal(folder: string): Promise<Journal> {
  const path = join(folder, journalName)
  const file = await open(path, 'a+').catch((cause) => {
    throw cause.code === 'ENOENT' ? new UsageError(`There is no folder ${folder}.`, { cause }) : writeError(path, cause)
  })
  const state = reading(file)
  let last: Promise<unknown> = state.refresh()
  /** Runs after the current operation has ended, whether it succeeded or failed. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return turn
  }
  await last
  return {
    events: state.events,
    faults: state.faults,
    refresh: () => inTurn(state.refresh),
    append: (decide) =>
      inTurn(async () => {
        await state.refresh()
        const event = decide(state.events)
        if (!event) return undefined
        const line = `${state.isOpen() ? '\n' : ''}${JSON.stringify(event)}\n`
        await appended(path, file, line)
        await state.refresh()
        return event
      }),
    close: () => inTurn(() => file.close()),
  }
}

async function appended(path: string, file: FileHandle, line: string): Promise<void> {
  try {
    await file.appendFile(line)
    await file.sync()
  } catch (error) {
    throw writeError(path, error)
  }
}

/**
 * Reads the journal of a folder without changing it; a folder without a journal has no events yet.
 * @example
 * const { events, faults } = await readJournal('review')
 */
export async function readJournal(folder: string): Promise<Pick<Journal, 'events' | 'faults'>> {
  const file = await open(join(folder, journalName), 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (!file) return { events: [], faults: [] }
  try {
    const state = reading(file)
    await state.refresh()
    return state
  } finally {
    await file.close()
  }
}

/** Follows a growing file: every whole line becomes an event or a fault, once. */
function reading(file: FileHandle) {
  const events: ReviewEvent[] = []
  const faults: string[] = []
  let offset = 0
  let line = 0
  /** The file does not end in a line break; its last line is torn and has been reported. */
  let open = false
  let torn = false
  const take = (text: string) => {
    line++
    const event = parse(text)
    if (event) events.push(event)
    else if (text.trim() && !torn) {
      faults.push(`line ${line} of ${journalName} is not a verdict and does not count: ${start(text)}`)
    }
    torn = false
  }
  const takeRest = (text: string, bytes: number) => {
    if (parse(text)) {
      take(text) // complete except for its line break, which the next append writes first
      line--
      offset += bytes
    } else if (!torn) {
      torn = true
      faults.push(`the last line of ${journalName} is torn, as a crash leaves it, and does not count: ${start(text)}`)
    }
  }
  return {
    events,
    faults,
    isOpen: () => open,
    async refresh() {
      const { size } = await file.stat()
      if (size <= offset) return
      const buffer = Buffer.alloc(size - offset)
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset)
      const bytes = buffer.subarray(0, bytesRead)
      const whole = bytes.lastIndexOf(10) + 1
      for (const text of bytes.toString('utf8', 0, whole).split('\n').slice(0, -1)) take(text)
      offset += whole
      open = bytesRead > whole
      if (open) takeRest(bytes.toString('utf8', whole), bytesRead - whole)
    },
  }
}

function parse(text: string): ReviewEvent | undefined {
  try {
    const parsed = v.safeParse(eventSchema, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

const start = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}...` : text)
