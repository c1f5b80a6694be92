// The owner of a temporary file or a lock: its name or content holds a tag of the process that made it, so that other processes
// can check whether it still runs. Files of ended processes may be removed or taken over; those of running ones may not.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'

const host = hostname().replace(/[^\w]/g, '_').slice(0, 40)
/** A restarted container may have the same host name and process number as the one before. */
const life = randomBytes(4).toString('hex')

let counter = 0

/** A tag that no other file has: host, process number, a random value per process, a counter. */
export const ownTag = (): string => `${host}-${process.pid}-${life}${counter++}`

/** What `ownTag` gives, as a pattern without groups. */
export const tagPattern = '\\w+-\\d+-\\w+'

/** A process on another machine counts as ended when its file has not been written for this long. */
const silentMs = 10 * 60_000

/**
 * Whether the process that made a tag has ended.
 * @param touched when its file was last written, in milliseconds; decides for processes of other machines
 * @example
 * isAbandoned('another_host-17-5f0e1c2a0', Date.now() - 3_600_000) // true
 */
export function isAbandoned(tag: string, touched: number): boolean {
  const [, machine, pid, own] = /^(\w+)-(\d+)-(\w+)$/.exec(tag) ?? []
  if (machine === undefined) return true
  if (machine !== host) return Date.now() - touched > silentMs
  return Number(pid) === process.pid ? !own!.startsWith(life) : !isRunning(Number(pid))
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
