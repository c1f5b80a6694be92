// What a command sees of the outside: two streams and a signal. Commands never touch `process`, so tests call them
// in-process, and each says everything through `note` (people, stderr) or `result` (stdout), which escape what would act on a
// terminal.

import { printable, printableLine } from '../core/show.ts'

export { byteSize, duration } from '../core/format.ts'

/** The part of a writable stream that a command uses. */
export interface TextStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export interface Io {
  readonly stdout: TextStream
  readonly stderr: TextStream
  /** Aborted by Ctrl-C, by a scheduler's SIGTERM, or when the terminal is gone. */
  readonly signal: AbortSignal
}

/** Thrown when the signal ended a command that has something to say about what is left behind. */
export class Interrupted extends Error {}

export interface CommandOutput {
  /** A line for the person at the terminal; silent with --quiet and --json. */
  note(line: string): void
  /** What the command was run for: lines, or one JSON value with --json. */
  result(lines: string, json: unknown): void
}

/** How loud a command is. */
export interface Loudness {
  json?: boolean
  quiet?: boolean
  /** Whether progress is shown; without it, unless there is --json or --quiet. */
  progress?: boolean
}

export function commandOutput(io: Io, { json, quiet }: Loudness): CommandOutput {
  return {
    note(line) {
      if (!json && !quiet) io.stderr.write(`${printable(line)}\n`)
    },
    result(lines, value) {
      if (json) io.stdout.write(`${printable(JSON.stringify(value, null, 2))}\n`)
      else if (!quiet) io.stdout.write(`${printable(lines)}\n`)
    },
  }
}

/** Resolves when the command is to end: after Ctrl-C or SIGTERM. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Prints the failures of a server that goes on. */
export const printFailure = (io: Io) => (error: unknown) =>
  void io.stderr.write(`error: ${printableLine(error instanceof Error ? error.message : String(error))}\n`)
