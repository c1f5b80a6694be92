// The folder of `distilled sample`: one run's images and no other's. A folder that was named is refused when it holds others (or
// cleaned with --force); without a name the first of samples, samples-2, ... that is free is taken.
import { join } from 'node:path'
import { UsageError } from '../core/errors.ts'
import { makeFolder } from '../files/atomic.ts'
import { refuseReplacing } from '../files/replacing.ts'
import { type NamedPath, refuseOverwriting } from '../images/node/overwriting.ts'
import type { Settings } from '../images/xmp.ts'
import { clearFolder, isClear } from '../library/node/image-folder.ts'
import type { SampleFlags } from './sample-flags.ts'

/** What tells a run of `distilled sample` from others. */
export interface SampledRun {
  /** What all its images share: model, seed, generator, plan, arithmetic; undefined where that does not make an image again. */
  settings: Settings | undefined
  /** Class of each image. */
  labels: readonly number[]
  firstIndex: number
  /** Ending of its images, and whether there is one file for each. */
  format: 'png' | 'jpeg' | 'webp'
  single: boolean
  /** Whether a grid is made of them. */
  grid: boolean
  /** Images of each class. */
  count: number
}

const defaultFolder = 'samples'
const mostFolders = 1000

/**
 * Chooses and makes the folder.
 * @throws UsageError when it holds images of another run, or a file that is being read would be replaced
 */
export async function outputFolder(flags: SampleFlags, run: SampledRun): Promise<string> {
  const inputs = inputsOf(flags)
  const expected = (name: string) => {
    const own = made(name, run)
    return own && run.settings && { ...run.settings, ...own }
  }
  const written = (folder: string): NamedPath[] =>
    inputs.flatMap(({ path }) => {
      const name = path.split(/[\\/]/).at(-1)!
      return made(name, run) ? [{ name: '--out', path: join(folder, name) }] : []
    })
  const dump = flags.dump === undefined ? [] : [{ name: '--dump', path: flags.dump, mark: dumpMark }]
  await refuseOverwriting(inputs, dump)
  await refuseReplacing(dump, flags)
  if (flags.out !== undefined) {
    await refuseOverwriting(inputs, written(flags.out))
    await makeFolder(flags.out)
    await clearFolder(flags.out, { expected, force: flags.force })
    return flags.out
  }
  for (let number = 1; number <= mostFolders; number++) {
    const folder = number === 1 ? defaultFolder : `${defaultFolder}-${number}`
    const replaces = await refuseOverwriting(inputs, written(folder)).then(
      () => false,
      () => true,
    )
    if (!flags.force && (replaces || !(await isClear(folder, expected)))) continue
    await makeFolder(folder)
    await clearFolder(folder, { expected, force: flags.force })
    return folder
  }
  throw new UsageError(`There are ${mostFolders} folders of samples here.`, { remedy: 'Name one with --out.' })
}

/** The arrays of a dump by their names. */
const dumpMark = /\bnoise\.npy[\s\S]*sequence\.npy[\s\S]*images\.npy/

const read = ['like', 'noise', 'student', 'teacher', 'tokenizer', 'config', 'policy'] as const

const inputsOf = (flags: SampleFlags): NamedPath[] =>
  read.flatMap((name) => {
    const path = flags[name]
    return typeof path === 'string' ? [{ name: `--${name}`, path }] : []
  })

/** What is particular of the file of that name, if the run makes it. */
function made(name: string, { labels, firstIndex, format, single, grid, count }: SampledRun) {
  if (name === `grid.${format}`) {
    const classes = labels.filter((_, i) => i % count === 0)
    return grid ? { index: firstIndex, classes, count } : undefined
  }
  const index = Number.parseInt(name, 10)
  const label = labels[index - firstIndex]
  if (!single || label === undefined || name !== imageName(index, format)) return undefined
  return { class: label, index }
}

/** 000000.png */
export const imageName = (index: number, format: string): string => `${String(index).padStart(6, '0')}.${format}`
