// Training over several processes, with real ones: each job here is started by mpirun (Debian: openmpi-bin).
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { averageGradients, type Communicator, singleProcess } from '../../src/distill/communicator.ts'
import { connectMpi, launchedRanks, overRanks } from '../../src/distill/mpi.ts'
import { type ChildResult, runProgram } from '../policy/child.ts'
import { describeWith, openMpi } from '../requirements.ts'

const script = fileURLToPath(new URL('rank.js', import.meta.url))

/** Plays a scene of rank.js on `ranks` processes. */
function play(ranks: number, scene: string, ...args: string[]): Promise<ChildResult> {
  const env = { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }
  const job = ['--oversubscribe', '-n', String(ranks), process.execPath, script, scene, ...args]
  return runProgram('mpirun', job, { env, timeout: 150_000 })
}

async function result(ranks: number, scene: string): Promise<unknown> {
  const job = await play(ranks, scene)
  expect(job, job.stderr).toMatchObject({ code: 0 })
  return JSON.parse(job.stdout)
}

describeWith(openMpi)('ranks under mpirun', () => {
  /** Each of up to three additions rounds values below 8 to float32, the division once more. */
  const FLOAT32 = 4e-7

  it.each([1, 2, 3, 4])('%i of them get the average that one process computes, all the same bits', async (ranks) => {
    const average = (await result(ranks, 'average')) as { worst: number }
    expect(average).toMatchObject({ size: ranks, same: true })
    expect(average.worst).toBeLessThan(FLOAT32)
  })

  it('sum in float64, broadcast from any rank, and let timers run', async () => {
    const first = 1 + 2 + 3
    const second = 1e-12 + 2e-12
    expect(await result(3, 'exchange')).toEqual({ sum: [first, second], large: true, ticking: true, same: true })
  })

  it('join once', async () => {
    expect(await result(1, 'twice')).toMatch('only once')
  })

  it.each([
    ['leaves with code 3', ['leave', '3'], 'rank 1 of 3 exits with code 3 while the others go on'],
    ['leaves with code 0', ['leave', '0'], 'rank 1 of 3 exits with code 0 while the others go on'],
    ['throws', ['fail'], 'rank 1 of 3 failed: RangeError: the loss is not finite'],
    ['is killed', ['killed'], 'signal 9'],
  ])('end together when one %s', async (_, [scene, ...args], words) => {
    const job = await play(3, scene!, ...args)
    expect(job.code).toBeGreaterThan(0)
    expect(job.stderr).toContain(words)
    expect(job.ms).toBeLessThan(20_000)
  })

  it('say so when the launcher is of another make', async () => {
    const env = { PMI_SIZE: '4' }
    const source = `
      const { connectMpi } = await import(${JSON.stringify(new URL('../../dist/distill/mpi.js', import.meta.url).href)})
      await connectMpi({ library: 'libmpi.so.40' }).catch((error) => console.log(error.message))
      process.exit()`
    const child = await runProgram(process.execPath, ['--input-type=module', '-e', source], { env })
    expect(child.stdout).toMatch(
      /The launcher started 4 processes, but Open MPI .* sees 1\. Start them with the mpirun/,
    )
  })
})

describe('without a launcher', () => {
  it('there is one process', async () => {
    const alone = await connectMpi()
    expect(alone).toBe(singleProcess)
    const data = Float32Array.of(1, 2)
    await alone.allreduce(data)
    await alone.broadcast(data)
    await alone.barrier()
    await averageGradients(alone, new Map([['weight', data]]))
    alone.dispose()
    expect(Array.from(data)).toEqual([1, 2])
    await expect(overRanks(() => Promise.reject(new Error('as it is')))).rejects.toThrow('as it is')
  })

  it('launchers are known by what they leave in the environment', () => {
    expect(launchedRanks({})).toBeUndefined()
    expect(launchedRanks({ SLURM_NTASKS: '8' })).toBeUndefined() // a shell inside an allocation
    expect(launchedRanks({ OMPI_COMM_WORLD_SIZE: '4', SLURM_NTASKS: '8' })).toBe(4)
    expect(launchedRanks({ PMI_SIZE: '3' })).toBe(3)
    expect(launchedRanks({ PMIX_RANK: '0', SLURM_NTASKS: '8' })).toBe(8)
  })

  it('a missing library says where to get one', async () => {
    await expect(connectMpi({ mpi: true, library: 'libnone.so' })).rejects.toThrow(
      /needs an MPI library \(.*libnone\.so.*\)\. Install one \(apt-get install openmpi-bin/,
    )
  })
})

describe('buckets of gradients', () => {
  /** Two ranks of which the other holds twice our gradients; counts messages. */
  function pair(): Communicator & { messages: number[] } {
    const messages: number[] = []
    return {
      ...singleProcess,
      size: 2,
      messages,
      async allreduce(data) {
        messages.push(data.length)
        for (let i = 0; i < data.length; i++) data[i]! *= 3
      },
    }
  }

  it('hold small tensors together, in order; large ones go alone', async () => {
    const tensors = [2, 3, 4, 100, 0, 9, 1, 1].map((size, t) => new Float32Array(size).fill(t + 1))
    const ranks = pair()
    await averageGradients(ranks, new Map(tensors.map((tensor, t) => [`${t}`, tensor])), 40)
    expect(ranks.messages).toEqual([9, 100, 10, 1])
    for (const [t, tensor] of tensors.entries()) expect(tensor.every((x) => x === 1.5 * (t + 1))).toBe(true)
  })
})
