// A summary of a run's log: how far it came and how it ended, its curves by name, its sheets.
// A resumed run counts as one: its times add up.

import type { Point, Series } from '../charts/line-chart.tsx'
import type { EventOf, RunEvent } from './run-log.ts'

export interface Curves {
  name: string
  series: Series[]
}

export interface RunSummary {
  /** ISO 8601, of the first start. */
  started: string | undefined
  /** As the last start has it. */
  config: unknown
  steps: number
  /** Over all its starts, without the pauses between. */
  seconds: number
  outcome: 'finished' | 'failed' | 'unfinished'
  /** Why it failed. */
  message: string | undefined
  /** "loss" first, then all metrics, in training and validation; then what only the trainer knows. */
  curves: Curves[]
  sheets: EventOf<'sheet'>[]
}

/** Summarises the events of `readLog`. */
export function summarize(events: readonly RunEvent[]): RunSummary {
  const all = <T extends RunEvent['type']>(type: T) => events.filter((event) => event.type === type) as EventOf<T>[]
  const last = events.findLast(({ type }) => ['start', 'step', 'error', 'end'].includes(type))
  const starts = all('start')
  return {
    started: starts[0]?.time,
    config: starts.at(-1)?.config,
    steps: all('step').at(-1)?.step ?? 0,
    seconds: secondsOf(events),
    outcome: last?.type === 'end' ? 'finished' : last?.type === 'error' ? 'failed' : 'unfinished',
    message: last?.type === 'error' ? last.message : undefined,
    curves: curvesOf(all('step'), all('validation')),
    sheets: all('sheet'),
  }
}

/** Each start counts from 0, so a step's time that falls back begins a new part. */
function secondsOf(events: readonly RunEvent[]): number {
  let finished = 0
  let current = 0
  for (const event of events) {
    if (event.type === 'start') [finished, current] = [finished + current, 0]
    else if (event.type === 'step') current = event.time
  }
  return finished + current
}

function curvesOf(steps: readonly EventOf<'step'>[], validations: readonly EventOf<'validation'>[]): Curves[] {
  const trained = (value: (event: EventOf<'step'>) => number | undefined): Point[] =>
    steps.flatMap((event) => point(event.step, value(event)))
  const names = new Set(['loss', ...steps, ...validations].flatMap(namesOf))
  const metrics = Array.from(names, (name) => ({
    name,
    series: [
      training(trained((event) => (name === 'loss' ? event.loss : event.metrics[name]))),
      {
        name: 'validation',
        line: 1 as const,
        points: validations.flatMap(({ step, metrics }) => point(step, metrics[name])),
      },
    ].filter(({ points }) => points.length),
  }))
  const own: Curves[] = [
    { name: 'learning rate', series: [training(trained(({ lr }) => lr))] },
    { name: 'gradient norm', series: [training(trained(({ gradNorm }) => gradNorm))] },
    { name: 'images per second', series: [training(trained((event) => event.imagesPerSecond))] },
  ]
  return [...metrics, ...own].filter(({ series }) => series.some(({ points }) => points.length))
}

const training = (points: Point[]): Series => ({ name: 'training', line: 0, points })

const namesOf = (item: string | { metrics: Record<string, number> }): string[] =>
  typeof item === 'string' ? [item] : Object.keys(item.metrics)

const point = (step: number, value: number | undefined): Point[] =>
  value !== undefined && Number.isFinite(value) ? [[step, value]] : []
