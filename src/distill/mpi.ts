// A Communicator over MPI, as clusters start it (mpirun, srun): gradients are on the host anyway, so the machine's own
// MPI library moves them, over whatever network it was built for. Calls run in order in a thread beside the event loop
// (MPI_THREAD_SERIALIZED, MPI 3.1 section 12.4). A rank that leaves without `dispose` ends the job,
// because the others would wait for it for ever.
import { writeSync } from 'node:fs'
import { DistilledError, EngineError, UsageError } from '../core/errors.ts'
import { type Communicator, singleProcess } from './communicator.ts'
import { loadMpi, type MpiLibrary } from './mpi-library.ts'

export interface MpiOptions {
  /** Whether to use MPI; by default, if an MPI launcher has started this process. */
  readonly mpi?: boolean
  /** The MPI library's file, if the system does not find it. */
  readonly library?: string
}

/** Variables by which launchers tell a process how many there are: mpirun of Open MPI, mpiexec of MPICH and Intel. */
const sizeVariables = ['OMPI_COMM_WORLD_SIZE', 'PMI_SIZE']

/** How many processes the MPI launcher started; undefined without one. Under `srun --mpi=pmix` Slurm knows. */
export function launchedRanks(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): number | undefined {
  const name = sizeVariables.find((variable) => environment[variable])
  const size = name ? environment[name] : environment.PMIX_RANK && (environment.SLURM_NTASKS ?? '1')
  return size ? Number(size) : undefined
}

/**
 * Joins the ranks that the launcher started, or stays alone when there was none. Wrap what follows in `overRanks`, or
 * call `abort` when it fails: `dispose` waits for all ranks.
 * @throws EngineError when the MPI library is missing, does not fit the launcher, or cannot be used from a thread
 */
export async function connectMpi({ mpi, library }: MpiOptions = {}): Promise<Communicator> {
  const launched = launchedRanks()
  if (!(mpi ?? launched !== undefined)) return singleProcess
  if (joined) throw new UsageError('MPI can be joined only once in the life of a process.')
  const bound = await loadMpi(library)
  initialise(bound)
  const [rank, size] = [bound.rank, bound.size].map((ask) => {
    const answer = new Int32Array(1)
    check('MPI_Comm_rank or MPI_Comm_size', ask(bound.world, answer))
    return answer[0]!
  }) as [number, number]
  if (launched !== undefined && launched !== size)
    throw new EngineError(`The launcher started ${launched} processes, but ${bound.version} sees ${size}.`, {
      remedy: 'Start them with the mpirun of the same MPI library.',
    })
  return communicator(bound, rank, size)
}

/**
 * Runs `work` on every rank and parts from the others when it is done; when it fails on one rank, says so and ends the
 * job on all of them.
 * @example
 * await overRanks(async ({ rank, size }) => `${rank + 1} of ${size}`) // '1 of 1'
 */
export async function overRanks<T>(work: (ranks: Communicator) => Promise<T>, options: MpiOptions = {}): Promise<T> {
  const ranks = await connectMpi(options)
  try {
    const result = await work(ranks)
    await ranks.barrier()
    ranks.dispose()
    return result
  } catch (error) {
    if (ranks === singleProcess) throw error
    const words = error instanceof DistilledError ? error.message : error instanceof Error ? error.stack : error
    say(`rank ${ranks.rank} of ${ranks.size} failed: ${words}`)
    return ranks.abort(1)
  }
}

const SERIALIZED = 2
let joined = false

function initialise(mpi: MpiLibrary): void {
  joined = true
  const provided = new Int32Array(1)
  check('MPI_Init_thread', mpi.init(null, null, SERIALIZED, provided))
  if (provided[0]! < SERIALIZED)
    throw new EngineError(`${mpi.version} was built without support for threads.`, {
      remedy: 'Use a build with MPI_THREAD_SERIALIZED.',
    })
}

/** Elements per call: MPI counts in 32-bit integers, and other calls have their turn between. */
const PIECE = 2 ** 22

function communicator(mpi: MpiLibrary, rank: number, size: number): Communicator {
  let queue = Promise.resolve()
  let waiting = 0
  let open = true

  /** Runs `call` after those before it. */
  function inTurn(name: string, call: () => Promise<void>): Promise<void> {
    if (!open) throw new UsageError(`${name} after the communicator was closed.`)
    waiting++
    const done = queue.then(call).finally(() => waiting--)
    queue = done.catch(() => {})
    return done
  }

  const endJob = (code: number) => {
    open = false
    mpi.abort(mpi.world, code)
  }
  const onExit = (code: number) => {
    say(`rank ${rank} of ${size} exits with code ${code} while the others go on; ending the job.`)
    endJob(code || 1)
  }
  process.on('exit', onExit)

  const dispose = () => {
    if (!open) return
    if (waiting) throw new UsageError(`The communicator was closed before ${waiting} of its calls had ended.`)
    open = false
    process.off('exit', onExit)
    check('MPI_Finalize', mpi.finalize())
  }

  return {
    rank,
    size,
    allreduce: (data) =>
      inTurn('allreduce', async () => {
        const type = data instanceof Float64Array ? mpi.double : mpi.float
        for (let at = 0; at < data.length; at += PIECE) {
          const piece = data.subarray(at, at + PIECE)
          check('MPI_Allreduce', await mpi.allreduce(mpi.inPlace, piece, piece.length, type, mpi.sum, mpi.world))
        }
      }),
    broadcast: (data, root = 0) =>
      inTurn('broadcast', async () => {
        const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
        for (let at = 0; at < bytes.length; at += 4 * PIECE) {
          const piece = bytes.subarray(at, at + 4 * PIECE)
          check('MPI_Bcast', await mpi.broadcast(piece, piece.length, mpi.byte, root, mpi.world))
        }
      }),
    barrier: () => inTurn('barrier', async () => check('MPI_Barrier', await mpi.barrier(mpi.world))),
    abort(code) {
      endJob(code)
      process.exit(code)
    },
    dispose,
    [Symbol.dispose]: dispose,
  }
}

function check(name: string, code: number): void {
  if (code !== 0) throw new EngineError(`${name} failed with MPI error ${code}.`)
}

/** Straight to stderr: the process may be about to end. */
const say = (line: string): void => {
  writeSync(2, `distilled: ${line}\n`)
}
