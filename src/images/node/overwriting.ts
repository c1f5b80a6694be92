// An output that is an input would be lost the moment it is written. Paths are compared by the files they lead to, so links
// (symbolic and hard) and file systems that ignore case are covered.
import { stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UsageError } from '../../core/errors.ts'

/** A path and what the person calls it: `--out`, `the samples`. */
export interface NamedPath {
  readonly name: string
  readonly path: string
}

export interface InputPath extends NamedPath {
  /** For a folder: whether a file in it (path relative to the folder) is read. When left out, every file is. */
  reads?(file: string): boolean
}

/**
 * Refuses to write over what is being read: an output that is an input, an output folder that is an input folder, an output in
 * an input folder where it would be read, and one name for two outputs. Paths that do not exist do not count as inputs.
 * @throws UsageError that names both
 * @example
 * await refuseOverwriting([{ name: 'the samples', path: 'samples' }], [{ name: '--save', path: 'one-step.json' }])
 */
export async function refuseOverwriting(inputs: readonly InputPath[], outputs: readonly NamedPath[]): Promise<void> {
  for (const [i, output] of outputs.entries()) {
    for (const earlier of outputs.slice(0, i)) {
      if (resolve(earlier.path) !== resolve(output.path) && !(await isSame(earlier.path, output.path))) continue
      throw new UsageError(`${earlier.name} and ${output.name} would both write ${output.path}.`, {
        remedy: 'Give each a path of its own.',
      })
    }
    for (const input of inputs) {
      const found = await whatIsOverwritten(input, output.path)
      if (!found) continue
      throw new UsageError(
        `${output.name} ${output.path} ${found} (${input.name}: ${input.path}). Nothing was written.`,
        {
          remedy: `Give ${output.name} another path.`,
        },
      )
    }
  }
}

async function whatIsOverwritten({ path, reads = () => true }: InputPath, output: string): Promise<string | undefined> {
  if (await isSame(path, output)) return 'is what is being read'
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) return undefined
  if ((await stat(output).catch(() => undefined))?.isDirectory()) return undefined
  let folder = dirname(resolve(output))
  for (let file = basename(output); ; folder = dirname(folder)) {
    if (await isSame(path, folder)) return reads(file) ? 'would be part of what is being read' : undefined
    if (folder === dirname(folder)) return undefined
    file = join(basename(folder), file)
  }
}

/** Whether two paths lead to one file or folder. */
async function isSame(a: string, b: string): Promise<boolean> {
  const found = await Promise.all([a, b].map((path) => stat(path, { bigint: true }).catch(() => undefined)))
  const [one, other] = found
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev
}
