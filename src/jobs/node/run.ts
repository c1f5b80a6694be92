// One shard's work, chunk by chunk. Finished, undamaged files are kept, also those of other shards and earlier runs; each other
// file is made, written under its final name and listed in the manifest. A run that was stopped is continued by the next one.

import { join } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import { makeFolder, writeAtomically } from '../../files/atomic.ts'
import { lockFolder } from '../../files/lock.ts'
import { refuseReplacing } from '../../files/replacing.ts'
import { type Shard, shareOf } from '../shard.ts'
import {
  checkJob,
  chunkFile,
  chunksOf,
  difference,
  type FileEntry,
  fault,
  type Job,
  type JobKind,
  readManifests,
  sha256,
  shardManifestName,
  shardName,
  writeManifest,
} from './manifest.ts'

export interface ShardRun {
  folder: string
  kind: JobKind
  job: Job
  shard: Shard
  /** The bytes of a file with units first .. first + count - 1. */
  make(first: number, count: number): Promise<Uint8Array>
  /** A listed file that was missing or damaged and is made again. */
  onFault?(name: string, what: string): void
  /** Called after each chunk with its number of units, and whether an earlier run had made them. */
  onChunk?(units: number, kept: boolean): void
  signal?: AbortSignal | undefined
}

/**
 * Makes a shard's missing files and lists all its files in the shard's manifest.
 * @throws UsageError when the folder holds files of other settings, or another program's file has a name that is needed; FileError when another process makes this shard there; the signal's reason when aborted, with finished files kept
 */
export async function runShard({
  folder,
  kind,
  job,
  shard,
  make,
  onFault,
  onChunk,
  signal,
}: ShardRun): Promise<FileEntry[]> {
  checkJob(job, kind)
  await makeFolder(folder)
  await using _lock = await lockFolder(folder, 'a process that makes the same files', shardName(shard))
  const listed = await finished(folder, kind, job)
  const { start, end } = shareOf(shard, chunksOf(job))
  const chunks = Array.from({ length: end - start }, (_, i) => chunkFile(job, kind, start + i))
  const unlisted = chunks.filter(({ name }) => !listed.has(name)).map(({ name }) => join(folder, name))
  await refuseReplacing(unlisted.map((path) => ({ name: `A file of ${kind.name}`, path, mark: kind.mark })))
  const files: FileEntry[] = []
  const kept = new Set<string>()
  for (const { name, first, count } of chunks) {
    signal?.throwIfAborted()
    const known = listed.get(name)?.filter((entry) => entry.first === first && entry.count === count) ?? []
    const faults = await Promise.all(known.map((entry) => fault(folder, entry, signal)))
    const good = known[faults.indexOf(undefined)]
    if (good) {
      files.push(good)
      kept.add(name)
    } else if (known.length) onFault?.(name, faults[0]!)
    if (good) onChunk?.(count, true)
  }
  const note = () => writeManifest(folder, shardManifestName(shard), { ...job, files })
  await note()
  for (const { name, first, count } of chunks) {
    if (kept.has(name)) continue
    signal?.throwIfAborted()
    const bytes = await make(first, count)
    await writeAtomically(join(folder, name), bytes, { ...(signal && { signal }) })
    files.push({ name, first, count, bytes: bytes.length, sha256: sha256(bytes) })
    await note()
    onChunk?.(count, false)
  }
  return files
}

/** All files listed in the folder's manifests, which must belong to the same job. */
async function finished(folder: string, kind: JobKind, job: Job): Promise<Map<string, FileEntry[]>> {
  const listed = new Map<string, FileEntry[]>()
  for (const [name, manifest] of await readManifests(folder, kind)) {
    const other = difference(manifest, job)
    if (other) {
      throw new UsageError(`${join(folder, name)} was made with other settings than asked for now: ${other}.`, {
        remedy: 'Take the same settings to continue, or another folder.',
      })
    }
    if (manifest.count > job.count) {
      throw new UsageError(`${join(folder, name)} is of a job of ${manifest.count} ${kind.unit}s, not ${job.count}.`, {
        remedy: `Ask for ${manifest.count} or more: a shorter job would cut its last file.`,
      })
    }
    for (const entry of manifest.files) listed.set(entry.name, [...(listed.get(entry.name) ?? []), entry])
  }
  return listed
}
