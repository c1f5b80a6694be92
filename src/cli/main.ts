// The command line: parses, runs one command, turns every outcome into an exit code and every error into one paragraph.
// 0 done, 1 failed, 2 bad usage, 130 interrupted.
import { Command, CommanderError } from 'commander'
import { UsageError } from '../core/errors.ts'
import { commands } from './commands.ts'
import { errorText } from './error-text.ts'
import { Interrupted, type Io } from './io.ts'
import { version } from './version.ts'

const examples = `
Examples:
  $ distilled models                                   what there is, and what is on this machine
  $ distilled download var-dd-d16                      fetch a student and its tokenizer
  $ distilled sample --model var-dd-d16 --class otter  one image in one step
  $ distilled inspect var-d16.pth                      what a checkpoint file holds

Each command explains itself: distilled sample --help`

/**
 * Runs one command line and returns its exit code; writes to `io` only.
 * @param argv arguments behind the program's name
 * @example
 * const code = await run(['models', '--json'], { stdout: process.stdout, stderr: process.stderr, signal })
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const program = new Command('distilled')
    .description('Images from distilled auto-regressive models in one step (Distilled Decoding, arXiv 2412.17153).')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain the command')
    .addHelpText('after', examples)
    .configureHelp({ optionDescription: (option) => option.description }) // choices and defaults stand in there
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(`${text.trim().replace(/\s*\n\s*/g, ' ')}\n`),
      getOutHelpWidth: () => io.stdout.columns || 100,
      getErrHelpWidth: () => io.stderr.columns || 100,
    })
  for (const command of commands) program.addCommand(command(io).copyInheritedSettings(program))
  try {
    await program.parseAsync(argv, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2 // it has said what is wrong
    if (io.signal.aborted) {
      const quiet = argv.includes('--quiet') || argv.includes('-q')
      if (!quiet) io.stderr.write(`${error instanceof Interrupted ? error.message : 'Interrupted.'}\n`)
      return 130
    }
    io.stderr.write(`error: ${describe(error, flagsOf(program))}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}

function describe(error: unknown, flags: ReadonlySet<string>): string {
  if (!(error instanceof Error)) return String(error)
  if (process.env.DISTILLED_DEBUG === '1' && error.stack) return error.stack
  return errorText(error, flags).replace(/\s*\n\s*/g, ' ')
}

/** Names of all flags, in camel case. */
const flagsOf = ({ options, commands: below }: Command): Set<string> =>
  new Set([...options.map((option) => option.attributeName()), ...below.flatMap((command) => [...flagsOf(command)])])

/** The process: its arguments, its streams, Ctrl-C, and the SIGTERM of schedulers. The second of a kind ends it at once. */
export async function main(): Promise<void> {
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort())
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0) // `distilled models | head`
  })
  const { stdout, stderr } = process
  process.exitCode = await run(process.argv.slice(2), { stdout, stderr, signal: interrupt.signal })
}
