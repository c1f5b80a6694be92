// Lets one process at a time work in a folder: a lock file names its owner. When the owner's process has ended, or its machine
// has not updated the lock for ten minutes, the lock is taken over by a rename, which only one process can win.
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FileError } from '../core/errors.ts'
import { printableLine } from '../core/show.ts'
import { temporaryOf } from './atomic.ts'
import { isAbandoned, ownTag } from './owner.ts'
import { writeError } from './write-error.ts'

/** How often an owner updates its lock, to show processes on other machines that it still runs. */
const beatMs = 60_000
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
  while (!(await created(path, `${tag} ${new Date().toISOString()}\n`))) {
    const holder = await holderOf(path)
    if (!holder) continue // given back meanwhile
    if (!holder.isGone) {
      const [machine, pid] = holder.tag.split('-')
      const who = pid ? ` (process ${pid} on ${machine}${holder.since && `, since ${holder.since}`})` : ''
      throw new FileError(printableLine(`${folder}: ${what} is at work there${who}.`), {
        remedy: 'Wait until it is done, or name another folder.',
      })
    }
    await takeAway(path, holder.tag)
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

async function holderOf(path: string): Promise<{ tag: string; since: string; isGone: boolean } | undefined> {
  try {
    const { mtimeMs, size } = await stat(path)
    const [tag = '', since = ''] = size < 1000 ? (await readFile(path, 'utf8')).trim().split(' ') : []
    const isGone = tag === '' ? Date.now() - mtimeMs > writtenMs : isAbandoned(tag, mtimeMs)
    return { tag, since, isGone }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw writeError(path, error)
  }
}

/** Removes the lock of an ended process; if another process has replaced it already, that process's lock is put back. */
async function takeAway(path: string, tag: string): Promise<void> {
  const aside = temporaryOf(path)
  const taken = await rename(path, aside).then(
    () => true,
    () => false,
  )
  if (!taken) return
  if ((await holderOf(aside))?.tag === tag) await rm(aside, { force: true })
  else await rename(aside, path)
}
