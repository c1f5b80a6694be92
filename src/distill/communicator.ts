// Data-parallel training: every rank computes gradients on its own share of a batch,
// all ranks average them and take the same step (synchronous SGD as in PyTorch DistributedDataParallel, Li et al.,
// VLDB 2020, which also describes these buckets). A training loop uses a Communicator and does not depend on the number of
// processes; mpi.ts implements it for several machines.

export interface Communicator extends Disposable {
  /** This process, 0 up to size - 1. */
  readonly rank: number
  readonly size: number
  /**
   * Adds up in place over all ranks, which all get the same bits. The data must not be touched until the promise
   * settles. Calls are carried out in order; all ranks must make the same ones.
   */
  allreduce(data: Float32Array | Float64Array): Promise<void>
  /** Copies the data of `root` (rank 0 by default) to all ranks. */
  broadcast(data: ArrayBufferView, root?: number): Promise<void>
  /** Settles when all ranks have come here. */
  barrier(): Promise<void>
  /** Ends the processes of all ranks at once. */
  abort(code: number): never
  /** Leaves in order: waits until the other ranks do the same. */
  dispose(): void
}

/** A single process. */
export const singleProcess: Communicator = {
  rank: 0,
  size: 1,
  async allreduce() {},
  async broadcast() {},
  async barrier() {},
  abort: (code) => process.exit(code),
  dispose() {},
  [Symbol.dispose]() {},
}

/** Small tensors are sent together in buckets of this size, because every message has a cost. */
export const BUCKET_BYTES = 4 * 2 ** 20

/**
 * Replaces every rank's gradients by their average over all ranks. All ranks must hold the same tensors in the same
 * order. The first buckets are on their way while the next are being packed.
 * @example
 * const gradients = new Map([['weight', Float32Array.of(1, 2)]])
 * await averageGradients(singleProcess, gradients)
 * gradients.get('weight') // [1, 2]
 */
export async function averageGradients(
  communicator: Communicator,
  gradients: ReadonlyMap<string, Float32Array>,
  bucketBytes = BUCKET_BYTES,
): Promise<void> {
  if (communicator.size === 1) return
  const buckets = inBuckets([...gradients.values()], bucketBytes).map((tensors) => {
    const data = tensors.length === 1 ? tensors[0]! : packed(tensors)
    return { tensors, data, summed: communicator.allreduce(data) }
  })
  await Promise.all(buckets.map(({ summed }) => summed))
  for (const { tensors, data } of buckets) {
    let start = 0
    for (const tensor of tensors) {
      for (let i = 0; i < tensor.length; i++) tensor[i] = data[start + i]! / communicator.size
      start += tensor.length
    }
  }
}

/** Groups in order whose sizes stay within `bytes`; what is larger goes alone. */
function inBuckets(tensors: readonly Float32Array[], bytes: number): Float32Array[][] {
  const buckets: Float32Array[][] = []
  let room = 0
  for (const tensor of tensors) {
    if (tensor.byteLength > room) {
      buckets.push([])
      room = bytes
    }
    buckets.at(-1)!.push(tensor)
    room -= tensor.byteLength
  }
  return buckets
}

function packed(tensors: readonly Float32Array[]): Float32Array {
  const data = new Float32Array(tensors.reduce((sum, { length }) => sum + length, 0))
  let start = 0
  for (const tensor of tensors) {
    data.set(tensor, start)
    start += tensor.length
  }
  return data
}
