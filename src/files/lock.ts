// Lets one process at a time work in a folder: a lock file names its owner. When the owner's process has ended, or its machine
// has not updated the lock for ten minutes, another process takes over: it claims that very lock with a second file, then
// replaces the lock with its own, so that the folder is never without one.
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { FileError } from '../core/errors.ts'
import { printableLine } from '../core/show.ts'
import { temporaryOf } from './atomic.ts'
import { isAbandoned, ownTag } from './owner.ts'
import { writeError } from './write-error.ts'

/** How often an owner updates its lock, to show processes on other machines that it still runs. */
const beatMs = 60_000
/** Between two looks at a lock that another process takes over. */
const claimMs = 20
/** An owner writes into its new lock within this time, unless it was killed in between. */
const writtenMs = 10_000

/**
 * Takes the lock `.{name}.lock` in a folder, which has to exist; disposing of it gives it back.
 * @param what the work that holds such a lock, for the error: "a training run"
 * @throws FileError when a live process holds it, or the folder cannot be written
 * @example
 * const lock = await lockFolder('.', 'an example')
 * await lock[Symbol.asyncDispose]() // or `await using lock = ...`, where the language has it
 */
export async function lockFolder(folder: string, what: string, name = 'run'): Promise<AsyncDisposable> {
  const path = join(folder, `.${name}.lock`)
  const tag = ownTag()
  const text = `${tag} ${new Date().toISOString()}\n`
  while (!(await created(path, text))) {
    const holder = await holderOf(path)
    if (!holder) continue // given back meanwhile
    if (!holder.isGone) {
      const [machine, pid] = holder.tag.split('-')
      const who = pid ? ` (process ${pid} on ${machine}${holder.since && `, since ${holder.since}`})` : ''
      throw new FileError(printableLine(`${folder}: ${what} is at work there${who}.`), {
        remedy: 'Wait until it is done, or name another folder.',
      })
    }
    if (await takenOver(path, holder.identity, text)) break
    await wait(claimMs)
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), beatMs)
  beat.unref()
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(beat)
      if ((await holderOf(path))?.tag === tag) await rm(path, { force: true })
    },
  }
}

interface Holder {
  tag: string
  since: string
  isGone: boolean
  /** Of this very file: one that takes its place has another. */
  identity: string
}

/** @returns false when there is a lock already */
async function created(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw writeError(path, error, text.length)
  }
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const { ino, mtimeMs, size } = await stat(path)
    const [tag = '', since = ''] = size < 1000 ? (await readFile(path, 'utf8')).trim().split(' ') : []
    const isGone = tag === '' ? Date.now() - mtimeMs > writtenMs : isAbandoned(tag, mtimeMs)
    return { tag, since, isGone, identity: `${ino}-${Math.floor(mtimeMs)}` }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw writeError(path, error)
  }
}

/**
 * Puts a lock in the place of a dead owner's. Only the process that made the claim file for that lock may do so.
 * @returns false when another process is doing it, or has done it
 */
async function takenOver(path: string, identity: string, text: string): Promise<boolean> {
  const claim = `${path}.${identity}.claim`
  if (!(await created(claim, text))) {
    if ((await holderOf(claim))?.isGone) await rm(claim, { force: true })
    return false
  }
  const own = temporaryOf(path)
  try {
    await created(own, text)
    if ((await holderOf(path))?.identity !== identity) return false
    await rename(own, path)
    return true
  } finally {
    await rm(own, { force: true })
    await rm(claim, { force: true })
  }
}
