// Shares of a job. Its units are numbered and cut into chunks of fixed size, one file each; shard i of n takes a run of
// whole chunks. What a chunk holds depends on its number alone, so how many shards there are, and which of them has to be
// run again, changes nothing. Schedulers name the shard in environment variables.

import { UsageError } from '../core/errors.ts'

export interface Shard {
  /** 0 to count - 1. */
  readonly index: number
  readonly count: number
}

export const whole: Shard = { index: 0, count: 1 }

/**
 * The shard that "i/n" names, counted from 0.
 * @throws UsageError unless i and n are whole numbers with 0 <= i < n
 * @example
 * parseShard('3/4') // { index: 3, count: 4 }
 */
export function parseShard(text: string): Shard {
  const [, index, count] = /^\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(text) ?? []
  return checked(Number(index), Number(count), `shard "${text}"`)
}

type Environment = Readonly<Record<string, string | undefined>>

interface Scheduler {
  name: string
  index: string
  /** The first index; 0 where the scheduler does not say. */
  first?: string
  step?: string
  count: string
}

/** Sources: sbatch(1) on job arrays; kubernetes.io on Indexed Jobs, which set no variable for the number of completions; torchrun. */
const schedulers: readonly Scheduler[] = [
  {
    name: 'Slurm array',
    index: 'SLURM_ARRAY_TASK_ID',
    first: 'SLURM_ARRAY_TASK_MIN',
    step: 'SLURM_ARRAY_TASK_STEP',
    count: 'SLURM_ARRAY_TASK_COUNT',
  },
  { name: 'Kubernetes Indexed Job', index: 'JOB_COMPLETION_INDEX', count: 'JOB_COMPLETIONS' },
  { name: 'torchrun', index: 'RANK', count: 'WORLD_SIZE' },
]

/**
 * The shard that a scheduler gave this process, and the scheduler's name; undefined when none is found.
 * @throws UsageError when an index has no count, or they contradict each other
 * @example
 * shardFromEnvironment({ SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_COUNT: '4' })?.shard // { index: 3, count: 4 }
 */
export function shardFromEnvironment(env: Environment): { shard: Shard; from: string } | undefined {
  const scheduler = schedulers.find(({ index }) => env[index])
  if (!scheduler) return undefined
  const { name, index, first, step, count } = scheduler
  if (!env[count]) {
    throw new UsageError(`${name}: ${index} is ${env[index]}, but ${count} does not say of how many.`, {
      remedy: `Set ${count}, or give \`shard\`: i/n.`,
    })
  }
  const offset = Number(env[index]) - Number((first && env[first]) || 0)
  const position = offset / Number((step && env[step]) || 1)
  return {
    shard: checked(position, Number(env[count]), `${name}: ${index}=${env[index]}, ${count}=${env[count]}`),
    from: name,
  }
}

function checked(index: number, count: number, what: string): Shard {
  if (Number.isSafeInteger(index) && Number.isSafeInteger(count) && index >= 0 && index < count) return { index, count }
  throw new UsageError(`${what}: expected i/n with whole numbers, 0 <= i < n.`, {
    remedy: 'Four shards are 0/4, 1/4, 2/4 and 3/4.',
  })
}

/**
 * Numbers start .. end - 1 of the `total` chunks that a shard takes; the shards' sizes differ by at most one.
 * @example
 * shareOf({ index: 1, count: 4 }, 10) // { start: 2, end: 5 }
 */
export function shareOf({ index, count }: Shard, total: number): { start: number; end: number } {
  return { start: Math.floor((index * total) / count), end: Math.floor(((index + 1) * total) / count) }
}
