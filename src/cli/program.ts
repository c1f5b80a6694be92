// The tree of commands as commander parses it: the rows of the table, those that are wanted loaded, and the rules that hold for all
// of them (an option that takes one value is given once; paths are files and folders).
import { Command, CommanderError, Option } from 'commander'
import { printable } from '../core/show.ts'
import { version } from '../library/node/version.ts'
import { commands } from './commands.ts'
import { paragraph } from './error-text.ts'
import type { Io } from './io.ts'
import { collected } from './parse.ts'
import { refuseSpecialFiles } from './special-file.ts'

const examples = `
Examples:
  $ distilled sample --class boat                      an image of an embedded model, with nothing downloaded
  $ distilled models                                   all models, and which are on this machine
  $ distilled download var-dd-d16                      fetch a student and its tokenizer
  $ distilled sample --model var-dd-d16 --class otter  one image in one step
  $ distilled inspect var-d16.pth                      the contents of a checkpoint file

Each command explains itself: distilled sample --help`

/**
 * The program with all its commands, of which those named in `words` can run and the others are only listed.
 * @param words arguments of the command line, or undefined to load every command
 */
export async function programOf(io: Io, words?: readonly string[]): Promise<Command> {
  const program = new Command('distilled')
    .description('Images from distilled auto-regressive models in one step (Distilled Decoding, arXiv 2412.17153).')
    .version(version(), '-v, --version', 'print the version')
    .addOption(new Option('-V').hideHelp())
    .on('option:V', () => {
      io.stdout.write(`${version()}\n`)
      throw new CommanderError(0, 'commander.version', version())
    })
    .helpOption('-h, --help', 'explain the command')
    .addHelpText('after', examples)
    .configureHelp({ optionDescription: (option) => option.description }) // choices and defaults stand in there
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(printable(text)),
      writeErr: (text) => io.stderr.write(printable(text)),
      outputError: (text, write) => write(`${paragraph(text)}\n`),
      getOutHelpWidth: () => io.stdout.columns || 100,
      getErrHelpWidth: () => io.stderr.columns || 100,
    })
    .hook('preAction', (_, command) => refuseSpecialFiles(command))
  for (const { name, description, load } of commands) {
    const isWanted = words === undefined || words.includes(name)
    const command = isWanted ? (await load())(io) : new Command(name)
    program.addCommand(command.description(description))
  }
  if (words?.[0] === 'complete') {
    const { completeCommand } = await import('./completion.ts')
    program.addCommand(completeCommand(io), { hidden: true })
  }
  inherit(program)
  return program
}

function inherit(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent)
    refuseRepeated(command)
    inherit(command)
  }
}

/** Of two values of an option that takes one, the first would be passed over without a word. */
function refuseRepeated(command: Command): void {
  for (const option of command.options) {
    const takesOne = (option.required || option.optional) && !option.variadic && option.parseArg !== collected
    if (!takesOne) continue
    let isGiven = false
    command.on(`option:${option.name()}`, () => {
      if (isGiven) command.error(`error: option '${option.flags}' is given twice and takes one value. Leave one out.`)
      isGiven = true
    })
  }
}
