// `distilled clean`: what the package keeps on the disk and can make again, removed when a person says so.

import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { UsageError } from '../core/errors.ts'
import { plural } from '../core/format.ts'
import { abandoned } from '../files/atomic.ts'
import { byteSize, commandOutput, type Io } from './io.ts'
import { removable } from './kept-folders.ts'

const examples = `
Examples:
  $ distilled clean                  what would be removed, with sizes
  $ distilled clean --yes            remove it
  $ distilled clean samples --yes    also unfinished files that killed processes left in this folder

Derived weights and the weights of distilled bench are made again when they are needed. In the given folders, only temporary
files of killed processes are removed. The Hugging Face cache is never touched: see hf cache --help.`

interface Flags {
  yes?: boolean
  json?: boolean
  quiet?: boolean
}

export function cleanCommand(io: Io): Command {
  return new Command('clean')
    .argument('[folders...]', 'your folders in which to look for temporary files of killed processes')
    .option('--yes', 'remove the files; without it they are only listed')
    .option('--json', 'print one JSON object')
    .option('-q, --quiet', 'print only errors')
    .addHelpText('after', examples)
    .action((folders: string[], flags: Flags) => clean(folders, flags, io))
}

async function clean(named: readonly string[], flags: Flags, io: Io): Promise<void> {
  const kept = await removable()
  const stale: string[] = []
  for (const folder of named) {
    const found = await stat(folder).catch(() => undefined)
    if (!found?.isDirectory()) throw new UsageError(`${folder}: there is no such folder.`)
    stale.push(...(await abandoned(folder)).map((name) => join(folder, name)))
  }
  if (flags.yes) {
    for (const path of [...kept.flatMap(({ paths }) => paths), ...stale]) {
      io.signal.throwIfAborted()
      await rm(path, { force: true, recursive: true })
    }
  }
  const total = kept.reduce((sum, { bytes }) => sum + bytes, 0)
  const lines = [
    ...kept.map((one) => `${one.what}: ${plural(one.files, 'file')}, ${byteSize(one.bytes)} in ${one.folder}`),
    ...stale.map((path) => `left by a dead process: ${path}`),
    flags.yes
      ? `Removed, ${byteSize(total)} in all.`
      : `${byteSize(total)} in all. Nothing was removed; --yes does it.`,
  ]
  const folders = kept.map(({ paths: _, ...one }) => one)
  commandOutput(io, flags).result(lines.join('\n'), { removed: flags.yes ?? false, folders, stale, bytes: total })
}
