// The command line: parses, runs one command, turns every outcome into an exit code and every error into one paragraph.
// 0 done, 1 failed, 2 bad usage, 128 + the signal's number when one ended it: 129 SIGHUP, 130 SIGINT, 143 SIGTERM.
import { constants } from 'node:os'
import { type Command, CommanderError } from 'commander'
import { UsageError } from '../core/errors.ts'
import { printable, printableLine } from '../core/show.ts'
import { errorText, paragraph } from './error-text.ts'
import { Interrupted, type Io } from './io.ts'
import { programOf } from './program.ts'

const interrupted = 128 + constants.signals.SIGINT

/**
 * Runs one command line and returns its exit code; writes to `io` only.
 * @param argv arguments behind the program's name
 * @example
 * const code = await run(['models', '--json'], { stdout: process.stdout, stderr: process.stderr, signal })
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const program = await programOf(io, argv)
  try {
    await program.parseAsync(withHelp(argv, program), { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2 // it has said what is wrong
    if (io.signal.aborted) {
      const quiet = argv.includes('--quiet') || argv.includes('-q')
      if (!quiet) io.stderr.write(`${printableLine(error instanceof Interrupted ? error.message : 'Interrupted.')}\n`)
      return interrupted
    }
    io.stderr.write(`error: ${describe(error, flagsOf(program))}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}

/** `distilled` alone, or the name of several commands alone, asks which commands there are. */
function withHelp(argv: readonly string[], program: Command): readonly string[] {
  const group = argv.length
    ? program.commands.find((command) => argv.length === 1 && command.name() === argv[0])
    : program
  const isGroup = group?.commands.length && (group === program || !group.options.length)
  return isGroup ? [...argv, '--help'] : argv
}

function describe(error: unknown, flags: ReadonlySet<string>): string {
  if (process.env.DISTILLED_DEBUG === '1' && error instanceof Error && error.stack) return printable(error.stack)
  const message = error instanceof Error ? errorText(error, flags) : String(error)
  return paragraph(message)
}

/** Names of all flags of the commands that are loaded, in camel case. */
const flagsOf = ({ options, commands: below }: Command): Set<string> =>
  new Set([...options.map((option) => option.attributeName()), ...below.flatMap((command) => [...flagsOf(command)])])

/** The process: its arguments, its streams and its signals. The second of a kind ends it at once. */
export async function main(): Promise<void> {
  const interrupt = new AbortController()
  let code = interrupted
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      code = 128 + constants.signals[name]
      interrupt.abort()
    })
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0) // `distilled models | head`
  })
  const { stdout, stderr } = process
  const outcome = await run(process.argv.slice(2), { stdout, stderr, signal: interrupt.signal })
  process.exitCode = outcome === interrupted ? code : outcome
}
