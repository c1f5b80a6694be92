// The work behind the page, as a value that grows: way after way, the cheapest first, all rows of a way together. The first
// run of a way opens its networks, so its time is taken from a second run. Pictures that were made once are kept.
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

/** A column of the page at some moment. */
export interface ColumnState {
  phase: 'waiting' | 'running' | 'timing' | 'done' | 'failed'
  made: (Made | undefined)[]
  /** Requests before ours. */
  ahead: number
  step: number
  /** Seconds an image; undefined until they were taken. */
  seconds?: number
  error?: unknown
}

export type Comparison = Readonly<Record<string, ColumnState>>

export interface ComparisonAsk {
  backend: Backend
  model: ModelInfo
  columns: readonly Column[]
  rows: readonly ImageAsk[]
  /** Takes all times again. */
  afresh: boolean
}

const kept = new Map<string, Made>()
const mostKept = 600
const times = new Map<string, number>()

const optionsKey = ({ kind }: Backend, model: string, options: PlanOptions) => JSON.stringify([kind, model, options])

/** Runs what is missing; every change of state goes to `onChange`. Ends when all is there, or when the signal aborts. */
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

  /** Runs some rows of a column; seconds an image. */
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

/** One ask, whose pictures' pixels have been read when it ends. */
async function collected(
  backend: Backend,
  ask: Parameters<Backend['sample']>[0],
  signal: AbortSignal,
  { onQueued, onStep, onMade }: Collecting,
) {
  const reading: Promise<void>[] = []
  const done = await backend.sample(ask, {
    ...{ signal, onQueued, onStep },
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
