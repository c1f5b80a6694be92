// Paths on a command line are regular files and folders: a FIFO would be waited for, a device or a file of /proc has no end or no
// size, and none of them can be replaced by a finished file.
import { realpathSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { UsageError } from '../core/errors.ts'
import { quote } from '../core/show.ts'

const kinds: readonly (readonly [kind: string, is: (stats: Stats) => boolean])[] = [
  ['a FIFO', (stats) => stats.isFIFO()],
  ['a socket', (stats) => stats.isSocket()],
  ['a device', (stats) => stats.isCharacterDevice() || stats.isBlockDevice()],
]

/** What the file is when it is neither a regular file nor a folder. */
export function specialKind(path: string): string | undefined {
  const stats = attempt(() => statSync(path))
  const special = stats && kinds.find(([, is]) => is(stats))
  if (special) return special[0]
  const real = attempt(() => realpathSync(stats ? path : dirname(path)))
  return process.platform === 'linux' && real && /^\/(proc|sys)(\/|$)/.test(real) ? `in ${real.slice(0, 5)}` : undefined
}

/**
 * Looks at every value of a command that may be a path.
 * @throws UsageError naming the option or argument, and what the path leads to
 */
export function refuseSpecialFiles(command: Command): void {
  const given = command.registeredArguments.map((argument, i) => [`<${argument.name()}>`, command.args[i]] as const)
  const options: (readonly [string, unknown])[] = []
  for (let at: Command | null = command; at; at = at.parent) {
    for (const option of at.options) {
      if (!option.argChoices && at.getOptionValueSource(option.attributeName()) === 'cli')
        options.push([option.long ?? option.flags, at.getOptionValue(option.attributeName())])
    }
  }
  const rest = command.args.slice(given.length).map((value) => ['argument', value] as const)
  for (const [name, value] of [...given, ...rest, ...options]) {
    for (const path of Array.isArray(value) ? value : [value]) if (typeof path === 'string') refuse(name, path)
  }
}

function refuse(name: string, path: string): void {
  if (path === '-') {
    throw new UsageError(`${name} -: standard input and output are not read or written as files.`, {
      remedy: 'Name a file, or ./- for one that is called so.',
    })
  }
  const kind = specialKind(path)
  if (kind === undefined) return
  throw new UsageError(`${name} ${quote(path)} is ${kind}, and a regular file or a folder is expected.`, {
    remedy: 'Copy what it gives into a file first, or name a file to be written.',
  })
}

function attempt<T>(use: () => T): T | undefined {
  try {
    return use()
  } catch {
    return undefined
  }
}
