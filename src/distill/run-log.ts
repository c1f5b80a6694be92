// A run's log, `log.jsonl`: one event per line, appended as it happens, so that all lines but the last one are intact however a
// run ends. The live view and the report use only these events.
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { CheckpointError, UsageError } from '../core/errors.ts'
import { printableLine, quote } from '../core/show.ts'
import { writeStream } from '../files/atomic.ts'
import { readText } from '../files/read.ts'
import { writeError } from '../files/write-error.ts'

/** JSON has no NaN: what is not finite is written as null and read as NaN. */
const real = v.union([
  v.number(),
  v.pipe(
    v.null(),
    v.transform(() => Number.NaN),
  ),
])
const step = v.pipe(v.number(), v.safeInteger('a whole number'), v.minValue(0, 'a number from 0'))
const metrics = v.record(v.string(), real)
/** A path below the run's folder, which a page may name: forward slashes, no address, no way out. */
const fileBelow = v.pipe(
  v.string(),
  v.maxLength(1000, 'at most 1,000 characters'),
  v.check(
    (path) => !/[\\:]/.test(path) && path.split('/').every((part) => !['', '.', '..'].includes(part)),
    'a path below the folder',
  ),
)

const schema = v.variant('type', [
  /** `time` in ISO 8601; a resumed run has a second one. */
  v.object({ type: v.literal('start'), time: v.string(), config: v.unknown() }),
  /** `time` in seconds since the last start. */
  v.object({
    type: v.literal('step'),
    step,
    time: real,
    loss: real,
    lr: real,
    gradNorm: real,
    imagesPerSecond: real,
    metrics,
  }),
  v.object({ type: v.literal('validation'), step, metrics }),
  /** `file` of sample images, relative to the run's folder. */
  v.object({ type: v.literal('sheet'), step, file: fileBelow, caption: v.string() }),
  v.object({ type: v.literal('checkpoint'), step, file: fileBelow }),
  v.object({ type: v.literal('error'), step, message: v.string() }),
  v.object({ type: v.literal('end'), step, seconds: real }),
])

/** The events of a run; `step` counts finished steps. */
export type RunEvent = v.InferOutput<typeof schema>
/** One kind of event, e.g. `EventOf<'step'>`. */
export type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>

export interface RunLog {
  /** Appends an event; it is with the operating system when this returns. */
  write(event: RunEvent): void
  close(): void
}

const fileOf = (folder: string): string => join(folder, 'log.jsonl')

/**
 * Opens a run's log to append to, after mending what a crash left: a half-written last line goes.
 * @param options `fromStep`: the run resumes at this step, so events of later ones go too
 * @throws CheckpointError that names the line that is not an event
 * @example
 * const log = await openLog('.', { fromStep: 0 })
 * log.write({ type: 'validation', step: 0, metrics: { loss: 0.7 } })
 * log.close()
 */
export async function openLog(folder: string, options: { fromStep?: number } = {}): Promise<RunLog> {
  const { fromStep = Number.POSITIVE_INFINITY } = options
  const file = fileOf(folder)
  const text = await textOf(file)
  const lines = text === undefined ? [] : wholeLines(text)
  const kept = lines.filter((line, i) => stepOf(parse(file, line, i)) <= fromStep)
  const mended = kept.map((line) => `${line}\n`).join('')
  if (text !== undefined && mended !== text)
    await writeStream(file, [new TextEncoder().encode(mended)], { durable: true })
  const descriptor = explained(file, () => openSync(file, 'a'))
  return {
    write(event) {
      const line = Buffer.from(`${JSON.stringify(event)}\n`)
      explained(file, () => writeWhole(descriptor, line))
    },
    close() {
      closeSync(descriptor)
    },
  }
}

/**
 * A run's events in their order; a half-written last line is left out.
 * @throws UsageError when the folder has no log; CheckpointError that names the line which is no event
 * @example
 * const events = await readLog('.')
 * events.filter(({ type }) => type === 'validation').length // 1
 */
export async function readLog(folder: string): Promise<RunEvent[]> {
  const file = fileOf(folder)
  const text = await textOf(file)
  if (text !== undefined) return wholeLines(text).map((line, i) => parse(file, line, i))
  throw new UsageError(`${file}: there is no such file.`, { remedy: 'Name the folder of a training run.' })
}

/** A write may take a part of the bytes only, as on a disk with little room left. */
function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
}

function explained<T>(file: string, write: () => T): T {
  try {
    return write()
  } catch (error) {
    throw writeError(file, error)
  }
}

const textOf = (file: string): Promise<string | undefined> =>
  readText(file).catch((error) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })

/** What follows the last line break was cut off while it was written. */
const wholeLines = (text: string): string[] => text.split('\n').slice(0, -1)

const stepOf = (event: RunEvent): number => ('step' in event ? event.step : 0)

function parse(file: string, line: string, index: number): RunEvent {
  const parsed = v.safeParse(schema, json(line))
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const key = v.getDotPath(issue)
  const expected = issue.kind === 'schema' ? issue.expected : issue.message
  throw new CheckpointError(
    `${file}, line ${index + 1}: expected ${expected}${key ? ` at ${quote(key)}` : ''}, found ${printableLine(issue.received.slice(0, 100))}.`,
    { remedy: 'The file was damaged or edited; remove that line.' },
  )
}

function json(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
