// Merging: from the shards' manifests to one for the whole job, with proof. Every unit is in exactly one file, every file
// has the hash it was written with, and all were made with the same settings; otherwise the error names what to run again.

import { rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { copyAtomically, makeFolder, sweep } from '../../files/atomic.ts'
import { lockFolder } from '../../files/lock.ts'
import { refuseReplacing } from '../../files/replacing.ts'
import {
  chunkFile,
  chunksOf,
  difference,
  type FileEntry,
  fault,
  type JobKind,
  type Manifest,
  manifestName,
  readManifests,
  writeManifest,
} from './manifest.ts'

export interface MergeOptions {
  /** The folder of the merged job; the first folder by default. Files of other folders are copied there. */
  out?: string | undefined
  signal?: AbortSignal | undefined
  onFile?(done: number, total: number): void
}

interface Found extends FileEntry {
  folder: string
}

/**
 * Checks all files that the manifests in `folders` list, and writes the manifest of the whole job.
 * @throws UsageError when there is no manifest or settings differ; CheckpointError naming every missing or damaged file;
 * FileError while another process merges there or makes a shard
 */
export async function mergeFolders(
  folders: readonly string[],
  kind: JobKind,
  options: MergeOptions = {},
): Promise<Manifest> {
  const out = options.out ?? folders[0]!
  const manifests = await manifestsOf(folders, kind)
  const job = largest(manifests)
  const total = chunksOf(job)
  const listed = listings(manifests)
  const files: Found[] = []
  const problems: string[] = []
  for (let number = 0; number < total; number++) {
    options.signal?.throwIfAborted()
    const wanted = chunkFile(job, kind, number)
    const found = await firstWhole(listed.get(wanted.name) ?? [], wanted, options.signal)
    if (typeof found === 'string') problems.push(`${wanted.name} (${units(kind, wanted)}) ${found}`)
    else files.push(found)
    options.onFile?.(number + 1, total)
  }
  if (problems.length) {
    const shown = problems.length > 5 ? [...problems.slice(0, 5), `${problems.length - 5} more`] : problems
    throw new CheckpointError(`Of ${total} files ${problems.length} cannot be merged: ${shown.join('; ')}.`, {
      remedy: `This makes them and no other: ${kind.command({ ...job, files: [] }, out)}`,
    })
  }
  const copied = files.filter(({ folder }) => resolve(folder) !== resolve(out))
  await refuseReplacing([
    { name: 'The merged manifest', path: join(out, manifestName), mark: new RegExp(`"kind": "${kind.name}"`) },
    ...copied.map(({ name }) => ({ name: `A file of ${kind.name}`, path: join(out, name), mark: kind.mark })),
  ])
  await makeFolder(out)
  const inOut = manifests.filter(({ folder, name }) => resolve(folder) === resolve(out) && name !== manifestName)
  await using _locks = await lockAll(out, ['merge', ...inOut.map(({ name }) => basename(name, '.json'))])
  for (const { folder, name } of copied) await copyAtomically(join(folder, name), join(out, name))
  const merged = { ...job, files: files.map(({ folder: _, ...entry }) => entry) }
  await writeManifest(out, manifestName, merged)
  for (const { name } of inOut) await rm(join(out, name), { force: true })
  await sweep(out)
  return merged
}

/** Keeps out another merge, and every process that makes a shard there. */
async function lockAll(folder: string, names: readonly string[]): Promise<AsyncDisposable> {
  const locks: AsyncDisposable[] = []
  const release = async () => {
    for (const lock of locks) await lock[Symbol.asyncDispose]()
  }
  try {
    for (const name of new Set(names))
      locks.push(await lockFolder(folder, 'a process that writes the same files', name))
  } catch (error) {
    await release()
    throw error
  }
  return { [Symbol.asyncDispose]: release }
}

const units = (kind: JobKind, { first, count }: Pick<FileEntry, 'first' | 'count'>) =>
  count === 1 ? `${kind.unit} ${first}` : `${kind.unit}s ${first} to ${first + count - 1}`

interface Source {
  folder: string
  name: string
  manifest: Manifest
}

async function manifestsOf(folders: readonly string[], kind: JobKind): Promise<[Source, ...Source[]]> {
  const sources: Source[] = []
  for (const folder of folders) {
    const found = await readManifests(folder, kind)
    if (!found.size) {
      throw new UsageError(`${folder} has no manifest of ${kind.name}.`, {
        remedy: 'Name the folders that the shards wrote to.',
      })
    }
    for (const [name, manifest] of found) sources.push({ folder, name, manifest })
  }
  const [first, ...rest] = sources as [Source, ...Source[]]
  for (const source of rest) {
    const other = difference(first.manifest, source.manifest)
    if (!other) continue
    const a = join(first.folder, first.name)
    const b = join(source.folder, source.name)
    throw new UsageError(`${a} and ${b} do not belong together: ${other}.`, { remedy: 'Merge shards of one job.' })
  }
  return [first, ...rest]
}

/** A job may have been made longer between runs: the longest one counts. */
const largest = (sources: readonly Source[]): Manifest =>
  sources.map(({ manifest }) => manifest).reduce((a, b) => (b.count > a.count ? b : a))

/** What the manifests say of each file, by its name. */
function listings(sources: readonly Source[]): Map<string, Found[]> {
  const listed = new Map<string, Found[]>()
  for (const { folder, manifest } of sources) {
    for (const entry of manifest.files) {
      const known = listed.get(entry.name)
      if (known) known.push({ ...entry, folder })
      else listed.set(entry.name, [{ ...entry, folder }])
    }
  }
  return listed
}

/** The first listing of a chunk whose file is whole, or what is wrong. */
async function firstWhole(
  listed: readonly Found[],
  wanted: Pick<FileEntry, 'first' | 'count'>,
  signal: AbortSignal | undefined,
): Promise<Found | string> {
  let wrong = 'is in no manifest'
  for (const entry of listed) {
    if (entry.first !== wanted.first || entry.count !== wanted.count) continue
    const found = await fault(entry.folder, entry, signal)
    if (found === undefined) return entry
    wrong = found
  }
  return wrong
}
