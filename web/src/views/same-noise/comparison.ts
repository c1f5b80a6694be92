// Runs the comparison: way after way, the cheapest first, all rows of a way together. The first run of a way opens its networks,
// so a second run is timed. Finished pictures are kept and not made again.
import {
  type Backend,
  type ImageAsk,
  isAbort,
  type ModelInfo,
  type Picture,
  type PlanOptions,
} from '../../backend/types.ts'
import type { Column } from './columns.ts'
import { type Pixels, pixelsOf } from './pixels.ts'

export interface Made {
  picture: Picture
  pixels: Pixels
}

/** The current state of a column. */
export interface ColumnState {
  phase: 'waiting' | 'running' | 'timing' | 'done' | 'failed'
  made: (Made | undefined)[]
  /** Requests before this one. */
  ahead: number
  step: number
  /** Seconds an image; undefined until measured. */
  seconds?: number
  error?: unknown
}

export type Comparison = Readonly<Record<string, ColumnState>>

export interface ComparisonAsk {
  backend: Backend
  model: ModelInfo
  columns: readonly Column[]
  rows: readonly ImageAsk[]
  /** Measures all times again. */
  afresh: boolean
}

const kept = new Map<string, Made>()
const mostKept = 600
const times = new Map<string, number>()

const optionsKey = ({ kind }: Backend, model: string, options: PlanOptions) => JSON.stringify([kind, model, options])

/** Makes what is missing and reports every change of state to `onChange`. Ends when all is made or the signal aborts. */
export async function compare(ask: ComparisonAsk, signal: AbortSignal, onChange: (now: Comparison) => void) {
  const { backend, model, columns, rows } = ask
  const states: Record<string, ColumnState> = {}
  const change = (id: string, part: Partial<ColumnState>) => {
    states[id] = { ...states[id]!, ...part }
    if (!signal.aborted) onChange({ ...states })
  }
  const rowKey = (column: Column, row: ImageAsk) =>
    `${optionsKey(backend, model.id, column.options)} ${JSON.stringify([row.class, row.noise])}`

  for (const column of columns) {
    const made = rows.map((row) => kept.get(rowKey(column, row)))
    const seconds = ask.afresh ? undefined : times.get(optionsKey(backend, model.id, column.options))
    const finished = seconds !== undefined && made.every(Boolean)
    const phase = finished ? 'done' : 'waiting'
    states[column.key] = { phase, made, ahead: 0, step: 0, ...(seconds !== undefined && { seconds }) }
  }
  onChange({ ...states })

  /** Runs some rows of a column; returns seconds an image. */
  const run = async (column: Column, places: readonly number[]) => {
    const images = places.map((place) => rows[place]!)
    const { seconds } = await collected(backend, { model: model.id, options: column.options, images }, signal, {
      onQueued: (ahead) => change(column.key, { ahead }),
      onStep: (step) => change(column.key, { step, ahead: 0 }),
      onMade: (made, at) => {
        const place = places[at]!
        keep(rowKey(column, rows[place]!), made)
        change(column.key, { made: states[column.key]!.made.with(place, made) })
      },
    })
    return seconds / images.length
  }

  const everyRow = rows.map((_, place) => place)
  const cheapestFirst = columns.toSorted((a, b) => a.evaluations - b.evaluations)
  const attempt = async (column: Column, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (isAbort(error) || signal.aborted) throw error
      change(column.key, { phase: 'failed', error })
    }
  }
  const untimed: Column[] = []
  for (const column of cheapestFirst) {
    const { made, phase } = states[column.key]!
    if (phase === 'done') continue
    await attempt(column, async () => {
      const missing = everyRow.filter((place) => !made[place])
      if (missing.length > 0) {
        change(column.key, { phase: 'running' })
        await run(column, missing)
      }
      if (states[column.key]!.seconds === undefined) untimed.push(column)
      change(column.key, { phase: states[column.key]!.seconds === undefined ? 'timing' : 'done', step: 0 })
    })
  }
  for (const column of untimed) {
    await attempt(column, async () => {
      const seconds = await run(column, everyRow)
      times.set(optionsKey(backend, model.id, column.options), seconds)
      change(column.key, { phase: 'done', seconds })
    })
  }
}

interface Collecting {
  onQueued(ahead: number): void
  onStep(step: number): void
  onMade(made: Made, at: number): void
}

/** One request; the pixels of its pictures have been read when it ends. */
async function collected(
  backend: Backend,
  ask: Parameters<Backend['sample']>[0],
  signal: AbortSignal,
  { onQueued, onStep, onMade }: Collecting,
) {
  const reading: Promise<void>[] = []
  const done = await backend.sample(ask, {
    signal,
    onQueued,
    onStep,
    onPicture: (picture) =>
      reading.push(pixelsOf(picture).then((pixels) => onMade({ picture, pixels }, picture.place))),
  })
  await Promise.all(reading)
  return done
}

function keep(key: string, made: Made) {
  kept.delete(key)
  kept.set(key, made)
  if (kept.size > mostKept) kept.delete(kept.keys().next().value!)
}
