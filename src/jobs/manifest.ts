// What a job has made, in JSON beside the files: the settings that fix every byte, how the units are cut into chunks,
// and size and SHA-256 of each file. A shard keeps a manifest of its own while it works; merging them proves that
// nothing is missing and gives the folder its one `manifest.json`.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { CheckpointError } from '../core/errors.ts'
import { writeAtomically } from '../files/atomic.ts'
import type { Shard } from './shard.ts'

/** A sort of job: what its files are called, what a unit is called, and which command makes them. */
export interface JobKind {
  readonly name: string
  readonly extension: string
  readonly unit: string
  /** The command line that makes the files of a folder (again). */
  command(manifest: Manifest, folder: string): string
}

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1))

const fileSchema = v.strictObject({
  /** In the same folder. */
  name: v.pipe(v.string(), v.regex(/^[\w-]+\.\w+$/)),
  /** Number of its first unit. */
  first: natural,
  /** Units in it. */
  count: positive,
  bytes: natural,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
})

const manifestSchema = v.strictObject({
  kind: v.string(),
  /** The program that wrote it; nothing depends on it. */
  madeBy: v.string(),
  /** Everything that the content of the files depends on. */
  settings: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
  /** Units of the whole job. */
  count: positive,
  /** Units of a file; the last one may hold fewer. */
  chunk: positive,
  /** In the order of their units. */
  files: v.array(fileSchema),
})

export type FileEntry = v.InferOutput<typeof fileSchema>
export type Manifest = v.InferOutput<typeof manifestSchema>
export type Settings = Manifest['settings']
export type Job = Omit<Manifest, 'files'>

export const manifestName = 'manifest.json'
export const shardManifestName = ({ index, count }: Shard): string => `shard-${index}-of-${count}.json`

/** Reads and checks one manifest; undefined when there is no such file. */
export async function readManifest(folder: string, name: string, kind: JobKind): Promise<Manifest | undefined> {
  const path = join(folder, name)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (text === undefined) return undefined
  const parsed = v.safeParse(manifestSchema, parseJson(text))
  const wrong = !parsed.success
    ? `${v.getDotPath(parsed.issues[0]) ?? 'the file'}: ${parsed.issues[0].message}`
    : parsed.output.kind !== kind.name && `it lists "${parsed.output.kind}", not "${kind.name}"`
  if (parsed.success && !wrong) return parsed.output
  throw new CheckpointError(`${path} is no manifest of ${kind.name}: ${wrong}.`, {
    remedy: 'Delete it and run the command that made the folder again; finished files listed elsewhere are kept.',
  })
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

/** The first setting in which two jobs differ, in words. */
export function difference(a: Job, b: Job): string | undefined {
  const [x, y] = [a, b].map((job) => ({ ...job.settings, 'units in a file': job.chunk }) as Settings) as [
    Settings,
    Settings,
  ]
  const key = [...Object.keys(x), ...Object.keys(y)].find((name) => x[name] !== y[name])
  return key && `${key} ${x[key] ?? 'missing'} and ${y[key] ?? 'missing'}`
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** SHA-256 of a file of any size. */
export async function fileSha256(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) {
    signal?.throwIfAborted()
    hash.update(piece)
  }
  return hash.digest('hex')
}

/** What is wrong with a listed file, in words; undefined when it is as the manifest says. */
export async function fault(folder: string, { name, bytes, sha256 }: FileEntry, signal?: AbortSignal) {
  const path = join(folder, name)
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return 'is missing'
  if (found.size !== bytes) return `has ${found.size} bytes where the manifest says ${bytes}`
  return (await fileSha256(path, signal)) === sha256 ? undefined : 'is damaged (another SHA-256 than the manifest says)'
}
