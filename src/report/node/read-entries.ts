// From files and folders to the results of a report: each once, each with its sheet of samples. In a folder, JSON files
// of other kinds are passed over; a file that was named has to be a result.

import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { count } from '../../core/format.ts'
import { quote } from '../../core/show.ts'
import { maxResultBytes, readResult } from '../../evaluate/node/read-result.ts'
import type { EvaluationResult } from '../../evaluate/result.ts'
import { readText } from '../../files/read.ts'
import { inlineImage } from '../../images/node/inline.ts'
import type { Grid, ReportEntry } from '../entry.ts'

/** Every row is compared with every other. */
const mostResults = 500

const remedy =
  'Results are what `distilled evaluate --save FILE.json` writes; name such files, or folders that hold some.'

/**
 * The results that `paths` name, in order; those of a folder by name, its subfolders included.
 * @throws UsageError when there is nothing at a path, no result at all, or one measurement twice; CheckpointError when a file
 * that was named, or says that it is a result, is none
 * @example
 * const entries = await readEntries(['results', 'teacher.json'])
 * entries.length // 3
 */
export async function readEntries(
  paths: readonly string[],
  { signal }: { signal?: AbortSignal } = {},
): Promise<ReportEntry[]> {
  const files: string[] = []
  for (const path of paths) files.push(...(await filesOf(path)))
  const seen = new Set<string>()
  const entries: ReportEntry[] = []
  for (const file of files) {
    signal?.throwIfAborted()
    const real = await realpath(file)
    if (seen.has(real)) continue
    seen.add(real)
    if (seen.size > mostResults)
      throw new UsageError(`There are more than ${count(mostResults)} results in ${quote(paths.join(', '))}.`, {
        remedy: 'Name fewer of them.',
      })
    const result = await readResult(file)
    const grid = result.grid === undefined ? undefined : await gridOf(file, result.grid)
    entries.push({ path: file, result, ...(grid && { grid }) })
  }
  if (!entries.length) throw new UsageError(`There is no result in ${paths.join(', ')}.`, { remedy })
  refuseTwins(entries)
  return entries
}

async function filesOf(path: string): Promise<string[]> {
  const kind = await stat(path).catch((cause) => {
    if (cause.code !== 'ENOENT') throw cause
    throw new UsageError(`There is no file or folder ${path}.`, { remedy, cause })
  })
  if (!kind.isDirectory()) return [path]
  const names = await readdir(path, { recursive: true, withFileTypes: true })
  const files = names
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json') && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const results: string[] = []
  for (const file of files) if (await claimsToBeResult(file)) results.push(file) // one text in memory at a time
  return results
}

/** By its kind alone: a result that is damaged is an error, not another file. */
async function claimsToBeResult(file: string): Promise<boolean> {
  if ((await stat(file)).size > maxResultBytes) return false
  return (await readText(file)).includes('"distilled-evaluation"')
}

/** The sheet beside the result; a result does not reach out of its folder, for a report may be given to others. */
async function gridOf(file: string, grid: string): Promise<Grid> {
  const path = join(dirname(file), grid)
  const inside = relative(dirname(file), path)
  if (isAbsolute(grid) || inside.startsWith('..') || !/\.(png|jpe?g|webp)$/i.test(grid))
    throw new CheckpointError(`${file}: its grid ${quote(grid)} is no image beside it.`, {
      remedy: 'Expected the name of a PNG file in the folder of the result.',
    })
  const image = await inlineImage(dirname(file), grid)
  return { path, source: image?.source, width: image?.width }
}

/** Two files of one measurement would stand as two rows that look like two measurements. */
function refuseTwins(entries: readonly ReportEntry[]): void {
  const seen = new Map<string, string>()
  for (const { path, result } of entries) {
    const key = identity(result)
    const twin = seen.get(key)
    if (twin !== undefined) {
      throw new UsageError(`${twin} and ${path} are the same measurement: ${quote(result.name)} under one protocol.`, {
        remedy: 'Leave out one of them.',
      })
    }
    seen.set(key, path)
  }
}

/** What was measured and how, whatever came out. */
function identity({ name, protocol, sampler }: EvaluationResult): string {
  const sorted = (object: object = {}) => Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1))
  const { sampling, versions, features, reference, ...rest } = protocol
  const who = sampler && [sampler.model, sampler.name, sampler.steps, sampler.device, sampler.threads]
  return JSON.stringify([name, who, ...[rest, sampling, versions, features, reference].map(sorted)])
}
