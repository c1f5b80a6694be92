// Errors a person can act on: what was expected, what came, where, and what to do about it.
// Every error this package throws on purpose is a DistilledError; the CLI maps its kind to an exit code.
// An option stands in backticks, as a program writes it: `teacherFrom: 4`. The command line shows it as its flag, --teacher-from 4
// (cli/error-text.ts).

export interface ErrorOptions {
  /** What to do next; part of the message. */
  remedy?: string | undefined
  /** What to do next on the command line, where that is more than another spelling of the options in `remedy`. */
  shellRemedy?: string | undefined
  cause?: unknown
}

/** Base class of every deliberate error; `remedy` says what to do next and is part of the message. */
export class DistilledError extends Error {
  override name = 'DistilledError' // written out: bundlers give classes other names
  /** The message without the remedy. */
  readonly finding: string
  readonly remedy: string | undefined
  readonly shellRemedy: string | undefined

  constructor(message: string, options: ErrorOptions = {}) {
    super(options.remedy ? `${message} ${options.remedy}` : message, { cause: options.cause })
    this.finding = message
    this.remedy = options.remedy
    this.shellRemedy = options.shellRemedy
  }
}

/** The caller asked for something that cannot be: a bad flag, an unknown class, an impossible combination. */
export class UsageError extends DistilledError {
  override name = 'UsageError'
}

/** A file is damaged, hostile, or not what it was taken for. */
export class CheckpointError extends DistilledError {
  override name = 'CheckpointError'
}

/** Operands of a graph operation do not fit together; thrown while the graph is built. */
export class ShapeError extends DistilledError {
  override name = 'ShapeError'
}

/** The execution engine cannot do what was asked: missing device, failed session, dead worker, native code that does not load. */
export class EngineError extends DistilledError {
  override name = 'EngineError'
}

/** A file cannot be written: no room, no permission, a disk that fails, another process at work there. */
export class FileError extends DistilledError {
  override name = 'FileError'
}

/** Something on the network did not go well. */
export class DownloadError extends DistilledError {
  override name = 'DownloadError'
}

/** Throws a UsageError unless `value` is one of `allowed`; `what` is how the caller knows it. */
export function oneOf<T extends string>(what: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  throw new UsageError(`${what} must be one of ${allowed.join(', ')}; got ${JSON.stringify(value)}.`)
}

/** The candidate nearest to `word` by edit distance, when it is near enough to be a slip of the pen. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue
    const distance = editDistance(word, candidate)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    previous = row
  }
  return previous[b.length]!
}
