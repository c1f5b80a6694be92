// `distilled completion bash`: the script that lets a shell complete commands, options, choices and model names. The script asks
// `distilled complete -- WORDS` at every Tab; @bomb.sh/tab writes both and prints to the process's standard output itself.
import tab, { ShellCompDirective } from '@bomb.sh/tab'
import { Argument, Command } from 'commander'
import { UsageError } from '../core/errors.ts'
import { models } from '../zoo/registry.ts'
import type { Io } from './io.ts'
import { programOf } from './program.ts'

const shells = ['bash', 'zsh', 'fish'] as const

const examples = `
Examples:
  $ source <(distilled completion bash)                                           this shell, bash with bash-completion
  $ distilled completion bash > ~/.local/share/bash-completion/completions/distilled      every bash
  $ distilled completion zsh > ~/.zsh/completions/_distilled                      zsh, with that folder in fpath before compinit
  $ distilled completion fish > ~/.config/fish/completions/distilled.fish         fish

Commands, options, their choices and model names are completed; elsewhere, file names.`

export function completionCommand(): Command {
  return new Command('completion')
    .addArgument(new Argument('[shell]', shells.join(', ')).choices(shells))
    .addHelpText('after', examples)
    .action((shell: string | undefined) => {
      if (shell === undefined)
        throw new UsageError(`For which shell? There are ${shells.join(', ')}.`, {
          remedy: 'For example: distilled completion bash',
        })
      tab.setup('distilled', 'distilled', shell)
    })
}

/** What the scripts ask; people do not. */
export function completeCommand(io: Io): Command {
  return new Command('complete').argument('[words...]', 'the command line so far').action(async (words: string[]) => {
    const program = await programOf(io, words)
    const { default: describe } = await import('@bomb.sh/tab/commander')
    program.commands.forEach(nameModels)
    // The library never lets files be completed; where it has nothing, they are what is left.
    Object.defineProperty(tab, 'directive', {
      get: () =>
        ShellCompDirective[tab.completions.length ? 'ShellCompDirectiveNoFileComp' : 'ShellCompDirectiveDefault'],
      set() {},
    })
    const root = describe(program)
    root.commands.delete('complete')
    root.parse(words)
  })
}

/** Names for what takes a model's, which may also be a folder or a file and so has no choices of commander's. */
function nameModels(command: Command): void {
  const named = (...kinds: readonly string[]) =>
    models.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name)
  for (const option of command.options) {
    if (option.long === '--model') option.argChoices = named('student', 'teacher')
    if (option.flags === '-t, --teacher <name>') option.argChoices = named('teacher')
  }
  for (const argument of command.registeredArguments) {
    if (argument.name() === 'name')
      argument.argChoices = named('student', ...(command.name() === 'download' ? ['teacher', 'tokenizer'] : []))
  }
  command.commands.forEach(nameModels)
}
