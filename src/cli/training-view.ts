// A training run as one watches it: on a terminal a few lines redrawn in place, in a log a line every ten seconds,
// nothing when silent. It is drawn from the events of the run's log alone, and so from a log read back as well.
import { count, duration, figure } from '../core/format.ts'
import { printableLine } from '../core/show.ts'
import type { EventOf, RunEvent } from '../distill/run-log.ts'
import type { Loudness, TextStream } from './io.ts'
import { showsProgress } from './progress.ts'

export interface TrainingView {
  event(event: RunEvent): void
}

export interface RunTitle {
  title: string
  /** Steps of the whole run. */
  steps: number
}

const barWidth = 24
const sparklineWidth = 60
const redrawSeconds = 0.1
const lineSeconds = 10
/** Weight of what was in the moving average of the loss. */
const smoothing = 0.9
const levels = '▁▂▃▄▅▆▇█'

/**
 * The view of a run on `out`.
 * @example
 * const view = trainingView(process.stderr, { title: 'var-dd-d16', steps: 1000 }, { quiet: true })
 * view.event({ type: 'validation', step: 0, metrics: { loss: 0.7 } })
 */
export function trainingView(out: TextStream, run: RunTitle, loudness: Loudness): TrainingView {
  if (!showsProgress(loudness)) return { event() {} }
  return out.isTTY ? redrawn(out, run) : plain(out, run)
}

function redrawn(out: TextStream, run: RunTitle): TrainingView {
  const state = follow()
  let height = 0
  let drawn = Number.NEGATIVE_INFINITY
  const draw = (above: readonly string[] = []) => {
    const width = (out.columns || 80) - 1
    const lines = [...above, ...picture(run, state, width)].map(
      (line) => `\x1b[2K${printableLine(line).slice(0, width)}\n`,
    )
    out.write(`${height ? `\x1b[${height}A` : ''}${lines.join('')}`)
    height = lines.length - above.length
    drawn = state.step?.time ?? drawn
  }
  return {
    event(event) {
      state.take(event)
      if (event.type === 'start') drawn = Number.NEGATIVE_INFINITY
      else if (event.type !== 'step') draw(event.type === 'validation' ? [] : aside(event))
      else if (event.time - drawn >= redrawSeconds || event.step >= run.steps) draw()
    },
  }
}

function plain(out: TextStream, run: RunTitle): TrainingView {
  const state = follow()
  let written = Number.NEGATIVE_INFINITY
  return {
    event(event) {
      state.take(event)
      if (event.type === 'start') written = Number.NEGATIVE_INFINITY
      else if (event.type !== 'step') for (const line of aside(event)) out.write(`${printableLine(line)}\n`)
      else if (event.time - written >= lineSeconds || event.step >= run.steps) {
        written = event.time
        out.write(`${[`step ${count(event.step)} of ${count(run.steps)}`, ...figures(run, state)].join(', ')}\n`)
      }
    },
  }
}

interface Followed {
  take(event: RunEvent): void
  /** The last step, and the first since the run started or resumed. */
  step?: EventOf<'step'>
  first?: EventOf<'step'>
  validation?: EventOf<'validation'>
  /** The loss after each of the last steps, smoothed. */
  losses: number[]
  seconds?: number
}

function follow(): Followed {
  let sum = 0
  let weight = 0
  const state: Followed = {
    losses: [],
    take(event) {
      if (event.type === 'start') delete state.first
      else if (event.type === 'validation') state.validation = event
      else if (event.type === 'end') state.seconds = event.seconds
      else if (event.type === 'step') {
        state.step = event
        state.first ??= event
        if (!Number.isFinite(event.loss)) return
        sum = smoothing * sum + (1 - smoothing) * event.loss
        weight = smoothing * weight + (1 - smoothing)
        state.losses = [...state.losses, sum / weight].slice(-sparklineWidth)
      }
    },
  }
  return state
}

/** Title and step; bar; loss with its curve; validation. */
function picture(run: RunTitle, state: Followed, width: number): string[] {
  const { step, validation, losses } = state
  const done = step ? Math.min(1, step.step / run.steps) : 0
  const full = Math.round(done * barWidth)
  const bar = `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}]`
  const [loss = '', ...others] = figures(run, state)
  return [
    `${run.title}, step ${count(step?.step ?? 0)} of ${count(run.steps)}`,
    [`${bar} ${Math.floor(100 * done)} %`, ...others].join(', '),
    `${loss} ${sparkline(losses.slice(-Math.max(0, width - loss.length - 1)))}`,
    validation ? aside(validation)[0]! : 'not validated yet',
  ]
}

function figures(run: RunTitle, { step, first, losses, seconds }: Followed): string[] {
  if (!step) return []
  const rate = first && step.step > first.step ? (step.time - first.time) / (step.step - first.step) : Number.NaN
  const left = rate * (run.steps - step.step)
  const loss = Number.isFinite(step.loss) ? losses.at(-1)! : step.loss
  return [
    `loss ${figure(loss)}`,
    `learning rate ${figure(step.lr)}`,
    `${figure(step.imagesPerSecond, 3)} images/s`,
    ...(seconds !== undefined ? [`done in ${duration(seconds)}`] : left > 0 ? [`${duration(left)} left`] : []),
  ]
}

/** An event in a line of its own, where it deserves one. */
function aside(event: Exclude<RunEvent, { type: 'start' | 'step' }>): string[] {
  const at = `step ${count(event.step)}: `
  if (event.type === 'validation') {
    const values = Object.entries(event.metrics).map(([name, value]) => `${name} ${figure(value)}`)
    return [`validation at step ${count(event.step)}: ${values.join(', ')}`]
  }
  if (event.type === 'error') return [`${at}${event.message}`]
  return 'file' in event ? [`${at}${event.type} ${event.file}`] : []
}

/**
 * Values as a curve of one line, from the smallest to the largest of them.
 * @example
 * sparkline([1, 2, 3]) // '▁▅█'
 */
export function sparkline(values: readonly number[]): string {
  const low = Math.min(...values)
  const range = Math.max(...values) - low || 1
  return values.map((value) => levels[Math.round(((value - low) / range) * (levels.length - 1))]).join('')
}
