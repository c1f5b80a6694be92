import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseShard, shardFromEnvironment, shareOf } from './shard.ts'

describe('i/n', () => {
  it('counts from 0', () => expect(parseShard(' 3 / 4')).toEqual({ index: 3, count: 4 }))
  it.each(['4/4', '1', '-1/4', '1/0', '1.5/4', 'a/b', ''])('%j is none', (text) => {
    expect(() => parseShard(text)).toThrow(
      `shard "${text}": expected i/n with whole numbers, 0 <= i < n. Four shards are 0/4, 1/4, 2/4 and 3/4.`,
    )
  })
})

describe('what the scheduler says', () => {
  it.each([
    ['Slurm array', { SLURM_ARRAY_TASK_ID: '2', SLURM_ARRAY_TASK_COUNT: '4', SLURM_ARRAY_TASK_MIN: '0' }],
    ['Slurm array', { SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_COUNT: '4', SLURM_ARRAY_TASK_MIN: '1' }],
    [
      'Slurm array',
      {
        SLURM_ARRAY_TASK_ID: '14',
        SLURM_ARRAY_TASK_COUNT: '4',
        SLURM_ARRAY_TASK_MIN: '10',
        SLURM_ARRAY_TASK_STEP: '2',
      },
    ],
    ['Kubernetes Indexed Job', { JOB_COMPLETION_INDEX: '2', JOB_COMPLETIONS: '4' }],
    ['torchrun', { RANK: '2', WORLD_SIZE: '4' }],
  ])('%s %j', (from, env) => {
    expect(shardFromEnvironment(env)).toEqual({ from, shard: { index: 2, count: 4 } })
  })

  it('outside of all there is no shard', () => {
    expect(shardFromEnvironment({ PATH: '/bin', SLURM_JOB_ID: '7' })).toBeUndefined()
  })

  it('an index without a count is an error, and so are numbers that do not fit', () => {
    expect(() => shardFromEnvironment({ JOB_COMPLETION_INDEX: '2' })).toThrow(
      'JOB_COMPLETION_INDEX is 2, but JOB_COMPLETIONS does not say of how many. Set JOB_COMPLETIONS, or give `shard`: i/n.',
    )
    expect(() => shardFromEnvironment({ RANK: '4', WORLD_SIZE: '4' })).toThrow('torchrun: RANK=4, WORLD_SIZE=4')
  })
})

it('shards take every chunk once, in even shares', () => {
  const sizes = fc.record({ count: fc.integer({ min: 1, max: 40 }), total: fc.integer({ min: 0, max: 1000 }) })
  fc.assert(
    fc.property(sizes, ({ count, total }) => {
      const shares = Array.from({ length: count }, (_, index) => shareOf({ index, count }, total))
      expect(shares[0]!.start).toBe(0)
      expect(shares.at(-1)!.end).toBe(total)
      for (const [i, { start, end }] of shares.entries()) {
        if (i) expect(start).toBe(shares[i - 1]!.end)
        expect([Math.floor(total / count), Math.ceil(total / count)]).toContain(end - start)
      }
    }),
  )
})
