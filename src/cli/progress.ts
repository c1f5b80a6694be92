// Progress of a long command: one line redrawn in place on a terminal, plain lines in a log, nothing when silent.
import { Option } from 'commander'
import { printableLine } from '../core/show.ts'
import type { Loudness, TextStream } from './io.ts'

export interface Progress {
  /** @param fraction of the work that is done, 0 to 1 */
  update(fraction: number, text: string): void
  /** Clears the bar, so that other lines can follow. */
  end(): void
}

const silent: Progress = { update() {}, end() {} }
const barWidth = 24
const redrawMs = 80
const linesMs = 2000

export const showsProgress = ({ json, quiet, progress: asked }: Loudness): boolean => asked ?? !(json || quiet)

/** The two flags of every command that shows progress. */
export const showProgress = (): Option => new Option('--progress', 'show progress even with --json or --quiet')
export const hideProgress = (): Option => new Option('--no-progress', 'hide the progress; the result is still printed')

/** A bar on a terminal; elsewhere a line every two seconds and one at the end. */
export function progress(out: TextStream, loudness: Loudness): Progress {
  if (!showsProgress(loudness)) return silent
  return out.isTTY ? bar(out) : lines(out)
}

function bar(out: TextStream): Progress {
  let drawn = Number.NEGATIVE_INFINITY
  return {
    update(fraction, text) {
      const now = performance.now()
      if (fraction < 1 && now - drawn < redrawMs) return
      drawn = now
      const full = Math.round(fraction * barWidth)
      const line = `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}] ${printableLine(text)}`
      out.write(`\r\x1b[2K${line.slice(0, (out.columns || 80) - 1)}`)
    },
    end() {
      if (drawn > 0) out.write('\r\x1b[2K')
    },
  }
}

function lines(out: TextStream): Progress {
  let written = Number.NEGATIVE_INFINITY
  let waiting: string | undefined
  const write = () => {
    if (waiting !== undefined) out.write(`${printableLine(waiting)}\n`)
    waiting = undefined
  }
  return {
    update(_, text) {
      waiting = text
      const now = performance.now()
      if (now - written < linesMs) return
      written = now
      write()
    },
    end: write,
  }
}

/** Seconds left when the rest goes as fast as what was done since `started` (performance.now()). */
export function secondsLeft(started: number, fraction: number): number {
  return fraction > 0 ? ((performance.now() - started) / 1000) * (1 / fraction - 1) : Number.POSITIVE_INFINITY
}
