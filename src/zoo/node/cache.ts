// The Hugging Face cache on disk, as Python's huggingface_hub keeps it, so that both find each other's files:
// models--{owner}--{name}/blobs/{etag}, refs/main holding a commit, snapshots/{commit}/{file} linking to the blob.
// A download in progress is {etag}.{tag of the process}.partial; one given up is {etag}.partial. Taking over such a file is a
// rename, which only one process can win, so two downloads at once never write to the same file.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../../core/errors.ts'
import { isAbandoned, ownTag } from '../../files/owner.ts'
import type { HubFile, ModelEntry } from '../model-entry.ts'
import type { FileMetadata, HubSettings } from './hub.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * The hub's settings from the environment: HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, HF_TOKEN (or the token
 * file of `hf auth login`), HF_HUB_OFFLINE; the same precedence as huggingface_hub/constants.py.
 */
export function hubSettings(env: Env = process.env): HubSettings {
  const home = expandHome(env.HF_HOME || join(env.XDG_CACHE_HOME || '~/.cache', 'huggingface'))
  return {
    endpoint: checkedEndpoint(env.HF_ENDPOINT || 'https://huggingface.co'),
    token:
      (env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || tokenFile(env.HF_TOKEN_PATH || join(home, 'token')))?.trim() ||
      undefined,
    offline: /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ''),
    cacheDir: expandHome(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, 'hub')),
  }
}

function checkedEndpoint(endpoint: string): string {
  if (/^https?:\/\/[^/\s]+/.test(endpoint) && URL.canParse(endpoint)) return endpoint
  throw new UsageError(`HF_ENDPOINT is "${endpoint}", which is no web address.`, {
    remedy: 'Unset it, or give one such as https://huggingface.co.',
  })
}

const expandHome = (path: string): string => path.replace(/^~(?=$|[\\/])/, homedir())

function tokenFile(path: string): string | undefined {
  try {
    return readFileSync(expandHome(path), 'utf8')
  } catch {
    return undefined
  }
}

/** The folder a repository's files are kept in. */
export function repoDir(settings: HubSettings, repo: string): string {
  return join(settings.cacheDir, `models--${repo.replaceAll('/', '--')}`)
}

const packageRoot = fileURLToPath(new URL('../../../', import.meta.url))

/** Where a model's file is on this machine, or undefined when it has to be downloaded first. */
export function locate(entry: ModelEntry, settings: HubSettings = hubSettings()): string | undefined {
  if (!('package' in entry.source)) return locateFile(entry.source, settings)
  const path = join(packageRoot, entry.source.package)
  return existsSync(path) ? path : undefined
}

/** Where a hub file is in the cache: the snapshot `refs/main` names, else the newest one that has the file. */
export function locateFile(source: HubFile, settings: HubSettings = hubSettings()): string | undefined {
  for (const repo of [source.repo, ...(source.mirrors ?? [])]) {
    const snapshots = join(repoDir(settings, repo), 'snapshots')
    const found = commitsNewestFirst(repoDir(settings, repo))
      .map((commit) => join(snapshots, commit, source.file))
      .find((path) => existsSync(path))
    if (found) return found
  }
  return undefined
}

function commitsNewestFirst(dir: string): string[] {
  try {
    const age = (commit: string) => -statSync(join(dir, 'snapshots', commit)).mtimeMs
    const commits = readdirSync(join(dir, 'snapshots')).sort((a, b) => age(a) - age(b))
    const ref = join(dir, 'refs', 'main')
    return existsSync(ref) ? [readFileSync(ref, 'utf8').trim(), ...commits] : commits
  } catch {
    return []
  }
}

/** What file systems say that have no symbolic links (FAT, exFAT, many network mounts), and Windows without the right to make any. */
const noLinks = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'UNKNOWN'])

/**
 * Puts a complete blob into a snapshot and makes that snapshot the head of main; returns the snapshot's path. Without symbolic links
 * the snapshot holds the one copy: a blob that has just come moves there, as in huggingface_hub; an older one may be linked
 * to by others and is copied.
 */
export async function linkSnapshot(
  dir: string,
  file: string,
  { commit, etag }: FileMetadata,
  isNew: boolean,
): Promise<string> {
  const blob = join(dir, 'blobs', etag)
  const link = join(dir, 'snapshots', commit, file)
  await mkdir(dirname(link), { recursive: true })
  try {
    await replace(link, (temporary) => symlink(relative(dirname(link), blob), temporary))
  } catch (error) {
    if (!noLinks.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    if (isNew) await rename(blob, link)
    else {
      await replace(link, (temporary) => copyFile(blob, temporary)).catch((cause) => {
        if (!existsSync(link)) throw cause // else another process has just moved the blob there
      })
    }
  }
  const ref = join(dir, 'refs', 'main')
  await mkdir(dirname(ref), { recursive: true })
  if ((await readFile(ref, 'utf8').catch(() => '')) !== commit) {
    await replace(ref, (temporary) => writeFile(temporary, commit))
  }
  return link
}

async function replace(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.${ownTag()}`
  try {
    await make(temporary)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** A file of our own to download into; it starts with what an earlier download left behind. */
export async function claimPartial(dir: string, etag: string): Promise<string> {
  const blobs = join(dir, 'blobs')
  await mkdir(blobs, { recursive: true })
  const own = join(blobs, `${etag}.${ownTag()}.partial`)
  const candidates = (await readdir(blobs)).filter((name) => name.startsWith(`${etag}.`) && name.endsWith('.partial'))
  for (const name of candidates) {
    const path = join(blobs, name)
    const touched = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now()
    if (!isAbandoned(name.slice(etag.length + 1, -'.partial'.length), touched)) continue
    const won = await rename(path, own).then(
      () => true,
      () => false, // another process was faster
    )
    if (won) return own
  }
  await (await open(own, 'wx')).close()
  return own
}

/** Leaves an unfinished download for the next one to continue. */
export async function releasePartial(path: string, dir: string, etag: string): Promise<void> {
  await rename(path, join(dir, 'blobs', `${etag}.partial`))
}
