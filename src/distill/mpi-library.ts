// The machine's MPI library, called directly through koffi (a foreign function interface with prebuilt binaries, an
// optional dependency). MPI fixes the names of functions but not what a communicator or a type is: Open MPI has
// pointers to exported symbols, the MPICH family (MPICH, Intel MPI, MVAPICH, Cray) integers that its common ABI fixes
// (mpi.h; MPICH ABI Compatibility Initiative).
import type { LibraryHandle } from 'koffi'
import { EngineError } from '../core/errors.ts'

type Handle = bigint | number

/** MPI's constants in the terms of one implementation. */
interface Constants {
  readonly world: Handle
  readonly float: Handle
  readonly double: Handle
  readonly byte: Handle
  readonly sum: Handle
  readonly inPlace: bigint
}

/** The C functions that data-parallel training needs; each returns 0 or an error code. */
export interface MpiLibrary extends Constants {
  /** As the library calls itself. */
  readonly version: string
  init(argc: null, argv: null, required: number, provided: Int32Array): number
  rank(world: Handle, out: Int32Array): number
  size(world: Handle, out: Int32Array): number
  allreduce: Later<[send: bigint, data: ArrayBufferView, count: number, type: Handle, op: Handle, world: Handle]>
  broadcast: Later<[data: ArrayBufferView, count: number, type: Handle, root: number, world: Handle]>
  barrier: Later<[world: Handle]>
  abort(world: Handle, code: number): number
  finalize(): number
}

/** Runs in a thread of koffi's; the event loop goes on. */
type Later<Arguments extends unknown[]> = (...args: Arguments) => Promise<number>

/** Open MPI 4 and 5, what a module or a development package links, the MPICH ABI, Debian's MPICH. */
const files: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ['libmpi.so.40', 'libmpi.so', 'libmpi.so.12', 'libmpich.so.12'],
  darwin: ['libmpi.dylib', '/opt/homebrew/lib/libmpi.dylib', '/usr/local/lib/libmpi.dylib'],
}

const REMEDY =
  'Install one (apt-get install openmpi-bin; on a cluster: module load openmpi) or name its file with the library option.'

/**
 * Loads the given library, or the first that is there.
 * @throws EngineError without koffi, without a library, or with one of unknown make
 */
export async function loadMpi(library?: string): Promise<MpiLibrary> {
  process.env.UCX_MEM_EVENTS ??= UCX_MEM_EVENTS
  const { load } = await loadKoffi()
  const underMpich = process.env.PMI_SIZE !== undefined && process.env.OMPI_COMM_WORLD_SIZE === undefined
  const known = files[process.platform] ?? []
  const candidates = library ? [library] : underMpich ? known.toReversed() : known
  const reasons: string[] = []
  for (const file of candidates) {
    try {
      return bind(load(file, { global: true }), file) // global: plugins look for symbols of the library
    } catch (error) {
      if (error instanceof EngineError) throw error
      reasons.push(`${file}: ${error instanceof Error ? error.message : error}`)
    }
  }
  const tried = reasons.length ? reasons.join('; ') : `none is known for ${process.platform}`
  throw new EngineError(`Training over several processes needs an MPI library (${tried}).`, { remedy: REMEDY })
}

/**
 * UCX, the transport under many MPI builds, hooks the C library's memory functions inside a process whose threads are
 * already running. With its hooks 9 of 296 jobs of three ranks crashed in V8, without them none of 210 (MPICH 4.0.2,
 * UCX 1.13.1, Node 20.20). Set the variable to yes to get its cache of registered memory back.
 */
const UCX_MEM_EVENTS = 'no'

/** What an MPI call needs as its stack in a thread of koffi's, which are frugal by default. */
const STACK_BYTES = 2 ** 20

let koffi: typeof import('koffi') | undefined

async function loadKoffi(): Promise<typeof import('koffi')> {
  if (koffi) return koffi
  try {
    koffi = await import('koffi')
  } catch (cause) {
    throw new EngineError('Training over several processes needs the optional package koffi, which did not load.', {
      remedy: 'Run `npm install koffi`.',
      cause,
    })
  }
  koffi.config({ ...koffi.config(), async_stack_size: STACK_BYTES })
  return koffi
}

function bind(library: LibraryHandle, file: string): MpiLibrary {
  const text = Buffer.alloc(8192)
  library.func('int MPI_Get_library_version(void *text, void *length)')(text, new Int32Array(1))
  const version = text.toString('latin1').split('\0')[0]!.split('\n')[0]!.trim()
  const openMpi = version.startsWith('Open MPI')
  if (!openMpi && !/MPICH|MVAPICH|Intel\(R\) MPI/i.test(version))
    throw new EngineError(`${file} calls itself "${version}"; expected Open MPI or one of the MPICH family.`, {
      remedy: REMEDY,
    })
  const handle = openMpi ? 'void *' : 'int'
  const declared = (name: string, ...parameters: string[]) => library.func(name, 'int', parameters)
  const later = (name: string, ...parameters: string[]) => {
    const { async: start } = declared(name, ...parameters)
    return (...args: unknown[]) =>
      new Promise<number>((resolve, reject) =>
        start(...args, (error: unknown, code: number) => (error ? reject(error) : resolve(code))),
      )
  }
  return {
    version,
    ...(openMpi ? openMpiConstants(library) : mpichConstants),
    init: declared('MPI_Init_thread', 'void *', 'void *', 'int', 'void *'),
    rank: declared('MPI_Comm_rank', handle, 'void *'),
    size: declared('MPI_Comm_size', handle, 'void *'),
    allreduce: later('MPI_Allreduce', 'void *', 'void *', 'int', handle, handle, handle),
    broadcast: later('MPI_Bcast', 'void *', 'int', handle, 'int', handle),
    barrier: later('MPI_Barrier', handle),
    abort: declared('MPI_Abort', handle, 'int'),
    finalize: declared('MPI_Finalize'),
  }
}

const openMpiConstants = (library: LibraryHandle): Constants => ({
  world: library.symbol('ompi_mpi_comm_world'),
  float: library.symbol('ompi_mpi_float'),
  double: library.symbol('ompi_mpi_double'),
  byte: library.symbol('ompi_mpi_byte'),
  sum: library.symbol('ompi_mpi_op_sum'),
  inPlace: 1n,
})

const mpichConstants: Constants = {
  world: 0x44000000,
  float: 0x4c00040a,
  double: 0x4c00080b,
  byte: 0x4c00010d,
  sum: 0x58000003,
  inPlace: BigInt.asUintN(64, -1n),
}
