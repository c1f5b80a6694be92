// What a command sees of the outside: two streams and a signal. Commands never touch `process`, so tests call them
// in-process, and each says everything through `note` (people, stderr) or `result` (stdout).

/** The part of a writable stream that a command uses. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

/** Thrown when the signal ended a command that has something to say about what is left behind. */
export class Interrupted extends Error {}

export interface Voice {
  /** A line for the person at the terminal; silent with --quiet and --json. */
  note(line: string): void
  /** What the command was run for: lines, or one JSON value with --json. */
  result(lines: string, json: unknown): void
}

/** How loud a command is. */
export interface Loudness {
  json?: boolean
  quiet?: boolean
}

export function voice(io: Io, { json, quiet }: Loudness): Voice {
  return {
    note(line) {
      if (!json && !quiet) io.stderr.write(`${line}\n`)
    },
    result(lines, value) {
      if (json) io.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
      else if (!quiet) io.stdout.write(`${lines}\n`)
    },
  }
}

/** "1 image", "3 images". */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** Seconds as a person says them: "0.35 s", "12 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** "1.3 GB" */
export function byteSize(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3))
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1000 ** power).toFixed(1)} ${units[power]}`
}
