// The record of a job's files, as JSON in the same folder: the settings that fix every byte, how the units are cut into chunks,
// and size and SHA-256 of each file. A shard keeps a manifest of its own while it works; merging them proves that
// nothing is missing and gives the folder its one `manifest.json`.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { count as inDigits } from '../../core/format.ts'
import { printableLine, show } from '../../core/show.ts'
import { writeAtomically } from '../../files/atomic.ts'
import { readText, UnreadableError } from '../../files/read.ts'
import {
  longestKey,
  longestList,
  longestText,
  mostFileBytes,
  mostFiles,
  mostManifestBytes,
  mostSettings,
  mostUnits,
} from '../limits.ts'
import type { Shard } from '../shard.ts'

/** A kind of job: the names of its files and of its units, and the command that makes them. */
export interface JobKind {
  readonly name: string
  readonly extension: string
  readonly unit: string
  /** Marks its files (files/replacing.ts). */
  readonly mark: RegExp
  /** The schema that its settings must meet before anything is computed from them. */
  readonly settings: v.GenericSchema<unknown, Settings>
  /** The command line that makes the files of a folder (again). */
  command(manifest: Manifest, folder: string): string
}

/** A whole number up to a bound, as settings hold it. */
export const wholeUpTo = (most: number, least = 0) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most))
export const shortText = v.pipe(v.string(), v.maxLength(longestText))
export const finite = v.pipe(v.number(), v.finite())

/** The schema of settings from which nothing is computed. */
export const anySetting = v.union([v.pipe(v.string(), v.maxLength(longestList)), finite, v.boolean()])

const fileSchema = v.strictObject({
  /** In the same folder. */
  name: v.pipe(v.string(), v.maxLength(longestKey), v.regex(/^[\w-]+\.\w+$/)),
  /** Number of its first unit. */
  first: wholeUpTo(mostUnits),
  /** Units in it. */
  count: wholeUpTo(mostUnits, 1),
  bytes: wholeUpTo(mostFileBytes),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
})

const manifestSchema = v.strictObject({
  kind: shortText,
  /** The program that wrote it; nothing depends on it. */
  madeBy: shortText,
  /** Everything that the content of the files depends on. */
  settings: v.pipe(
    v.record(v.pipe(v.string(), v.maxLength(longestKey)), anySetting),
    v.check((all) => Object.keys(all).length <= mostSettings, `has more than ${mostSettings} settings`),
  ),
  /** Units of the whole job. */
  count: wholeUpTo(mostUnits, 1),
  /** Units of a file; the last one may hold fewer. */
  chunk: wholeUpTo(mostUnits, 1),
  /** In the order of their units. */
  files: v.pipe(v.array(v.unknown()), v.maxLength(mostFiles), v.array(fileSchema)),
})

export type FileEntry = v.InferOutput<typeof fileSchema>
export type Manifest = v.InferOutput<typeof manifestSchema>
export type Settings = Manifest['settings']
export type Job = Omit<Manifest, 'files'>

export const manifestName = 'manifest.json'
export const shardName = ({ index, count }: Shard): string => `shard-${index}-of-${count}`
export const shardManifestName = (shard: Shard): string => `${shardName(shard)}.json`

/**
 * Reads and checks one manifest; undefined when there is no such file.
 * @throws CheckpointError when it is not a manifest of this kind, or out of bounds (limits.ts)
 */
export async function readManifest(folder: string, name: string, kind: JobKind): Promise<Manifest | undefined> {
  const path = join(folder, name)
  const text = await readText(path, mostManifestBytes).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof UnreadableError) throw notOf(path, kind, `it ${error.reason}`)
    if (error.code !== 'ENOENT') throw error
  })
  if (text === undefined) return undefined
  const parsed = v.safeParse(manifestSchema, parseJson(text), { abortEarly: true })
  if (!parsed.success) throw notOf(path, kind, issueOf(parsed.issues[0]))
  const manifest = parsed.output
  if (manifest.kind !== kind.name) throw notOf(path, kind, `it lists ${show(manifest.kind)}, not "${kind.name}"`)
  const chunks = chunksOf(manifest)
  if (chunks > mostFiles) {
    throw notOf(
      path,
      kind,
      `${manifest.count} ${kind.unit}s, ${manifest.chunk} in a file, are ${chunks} files, at most ${mostFiles}`,
    )
  }
  const settings = v.safeParse(kind.settings, manifest.settings, { abortEarly: true })
  if (!settings.success) throw notOf(path, kind, `settings.${issueOf(settings.issues[0])}`)
  return { ...manifest, settings: settings.output }
}

const issueOf = (issue: v.BaseIssue<unknown>): string =>
  printableLine(`${v.getDotPath(issue)?.slice(0, longestKey) ?? 'the file'}: ${issue.message.slice(0, longestText)}`)

const notOf = (path: string, kind: JobKind, why: string) =>
  new CheckpointError(`${path} is not a manifest of ${kind.name}: ${why}.`, {
    remedy:
      'If another program wrote it, name another folder. If not, delete it and run the command that made the folder again; finished files listed elsewhere are kept.',
  })

/**
 * Checks that a job can be written and read again.
 * @throws UsageError when it has too many units or files
 */
export function checkJob({ count, chunk }: Pick<Job, 'count' | 'chunk'>, kind: JobKind): void {
  if (count > mostUnits) {
    throw new UsageError(`A job holds at most ${inDigits(mostUnits)} ${kind.unit}s, not ${inDigits(count)}.`, {
      remedy: 'Make several, each with a folder and a seed of its own.',
    })
  }
  const files = chunksOf({ count, chunk })
  if (files <= mostFiles) return
  throw new UsageError(
    `${inDigits(count)} ${kind.unit}s, ${inDigits(chunk)} in a file, are ${inDigits(files)} files.`,
    {
      remedy: `Take at most ${inDigits(mostFiles)} files: ${inDigits(Math.ceil(count / mostFiles))} or more in each.`,
    },
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** All manifests of a folder by file name: the whole job's first, then those of shards. */
export async function readManifests(folder: string, kind: JobKind): Promise<Map<string, Manifest>> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return []
  })
  const found = new Map<string, Manifest>()
  for (const name of names.filter((n) => n === manifestName || /^shard-\d+-of-\d+\.json$/.test(n)).sort()) {
    const manifest = await readManifest(folder, name, kind)
    if (manifest) found.set(name, manifest)
  }
  return found
}

/** Writes a manifest whole or not at all, its files in order; equal manifests have equal bytes. */
export async function writeManifest(
  folder: string,
  name: string,
  { kind, madeBy, settings, count, chunk, files }: Manifest,
) {
  const sorted = files.toSorted((a, b) => a.first - b.first)
  const json = JSON.stringify({ kind, madeBy, settings, count, chunk, files: sorted }, null, 2)
  await writeAtomically(join(folder, name), new TextEncoder().encode(`${json}\n`))
}

export const chunksOf = ({ count, chunk }: Pick<Job, 'count' | 'chunk'>): number => Math.ceil(count / chunk)

/** Name and units of a chunk's file. */
export function chunkFile(job: Job, kind: JobKind, number: number): Pick<FileEntry, 'name' | 'first' | 'count'> {
  const first = number * job.chunk
  const name = `${kind.name}-${String(number).padStart(6, '0')}.${kind.extension}`
  return { name, first, count: Math.min(job.chunk, job.count - first) }
}

/** A setting in an error, cut where it is a long list. */
const shown = (value: Settings[string] | undefined): string => {
  const text = printableLine(String(value ?? 'missing'))
  return text.length > longestKey ? `${text.slice(0, longestKey)}...` : text
}

/** The first setting in which two jobs differ, as text. A file counts by its hash where that is known, not by its name. */
export function difference(a: Job, b: Job): string | undefined {
  const [x, y] = [a, b].map((job) => ({ ...job.settings, 'units in a file': job.chunk }) as Settings) as [
    Settings,
    Settings,
  ]
  const byHash = (name: string) => x[`${name}Sha256`] !== undefined && y[`${name}Sha256`] !== undefined
  const key = [...Object.keys(x), ...Object.keys(y)].find((name) => x[name] !== y[name] && !byHash(name))
  return key && `${printableLine(key)} ${shown(x[key])} and ${shown(y[key])}`
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** SHA-256 of a file of any size. */
export async function fileSha256(path: string | Uint8Array, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(typeof path === 'string' ? path : Buffer.from(path))) {
    signal?.throwIfAborted()
    hash.update(piece)
  }
  return hash.digest('hex')
}

/** What is wrong with a listed file, as text; undefined when it matches the manifest. */
export async function fault(folder: string, { name, bytes, sha256 }: FileEntry, signal?: AbortSignal) {
  const path = join(folder, name)
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return 'is missing'
  if (found.size !== bytes) return `has ${found.size} bytes where the manifest says ${bytes}`
  return (await fileSha256(path, signal)) === sha256 ? undefined : 'is damaged (another SHA-256 than the manifest says)'
}
