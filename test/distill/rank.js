// One rank of the jobs that mpi.test.ts starts under mpirun: takes the name of a scene, plays it on the built package,
// and tells rank 0's stdout what came of it, as one line of JSON.
import { createHash } from 'node:crypto'

const built = (/** @type {string} */ path) => import(new URL(`../../dist/distill/${path}`, import.meta.url).href)
const { averageGradients } = await built('communicator.js')
const { connectMpi, overRanks } = await built('mpi.js')

/** @typedef {import('../../src/distill/communicator.ts').Communicator} Communicator */

const sizes = [3, 1, 70_000, 0, 5_000_000, 17, 1000]

/** Tensors of a rank, all values between 0 and 2. */
const gradientsOf = (/** @type {number} */ rank) =>
  new Map(
    sizes.map((size, t) => [
      `tensor${t}`,
      Float32Array.from({ length: size }, (_, i) => ((7919 * i + 31 * t + 17 * rank) % 1000) / 777),
    ]),
  )

const hash = (/** @type {ArrayBufferView} */ data) =>
  createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')

/** Whether all ranks hold the same bits: sums of 32-bit pieces of a hash are size times one's own. */
async function sameEverywhere(/** @type {Communicator} */ ranks, /** @type {string} */ digest) {
  const own = Float64Array.from({ length: 8 }, (_, i) => Number.parseInt(digest.slice(8 * i, 8 * i + 8), 16))
  const sum = own.slice()
  await ranks.allreduce(sum)
  const agrees = Float64Array.of(own.every((x, i) => sum[i] === ranks.size * x) ? 1 : 0)
  await ranks.allreduce(agrees)
  return agrees[0] === ranks.size
}

/** @type {Record<string, (ranks: Communicator) => Promise<unknown>>} */
const scenes = {
  /** Averages of gradients, against sums in float64 on one process. */
  async average(ranks) {
    const gradients = gradientsOf(ranks.rank)
    await averageGradients(ranks, gradients)
    const all = Array.from({ length: ranks.size }, (_, rank) => gradientsOf(rank))
    let worst = 0
    const digest = createHash('sha256')
    for (const [name, gradient] of gradients) {
      digest.update(hash(gradient))
      for (let i = 0; i < gradient.length; i++) {
        let sum = 0
        for (const tensors of all) sum += /** @type {Float32Array} */ (tensors.get(name))[i] ?? Number.NaN
        worst = Math.max(worst, Math.abs((gradient[i] ?? Number.NaN) - sum / ranks.size))
      }
    }
    return { size: ranks.size, worst, same: await sameEverywhere(ranks, digest.digest('hex')) }
  },

  /** float64 sums, a broadcast from the last rank of more than one piece, and timers that go on meanwhile. */
  async exchange(ranks) {
    const sum = Float64Array.of(ranks.rank + 1, 1e-12 * ranks.rank)
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const large = new Float32Array(20_000_000).fill(ranks.rank)
    const waits = [ranks.allreduce(sum), ranks.broadcast(large, ranks.size - 1), ranks.barrier()] // not awaited: in order
    await Promise.all(waits)
    clearInterval(timer)
    return {
      sum: Array.from(sum),
      large: large.every((x) => x === ranks.size - 1),
      ticking: ticks > 3,
      same: await sameEverywhere(ranks, hash(large)),
    }
  },

  /** Rank 1 leaves in the middle of training; the others wait for it. */
  async leave(ranks) {
    await ranks.barrier()
    if (ranks.rank === 1) process.exit(Number(process.argv[3]))
    await ranks.allreduce(new Float32Array(1000))
    await new Promise(() => setInterval(() => {}, 1000))
  },

  /** Rank 1 is killed, as by a machine that runs out of memory. */
  async killed(ranks) {
    await ranks.barrier()
    if (ranks.rank === 1) process.kill(process.pid, 'SIGKILL')
    await ranks.allreduce(new Float32Array(1000))
  },

  async fail(ranks) {
    await ranks.barrier()
    if (ranks.rank === 1) throw new RangeError('the loss is not finite')
    await ranks.allreduce(new Float32Array(1000))
  },

  /** Milliseconds for 20 MB of float32, the best of ten. */
  async speed(ranks) {
    const data = new Float32Array(5_000_000)
    let best = Number.POSITIVE_INFINITY
    for (let i = 0; i < 10; i++) {
      await ranks.barrier()
      const start = performance.now()
      await ranks.allreduce(data)
      best = Math.min(best, performance.now() - start)
    }
    return { ms: Math.round(10 * best) / 10 }
  },

  async twice() {
    return await connectMpi().then(
      () => 'joined',
      (/** @type {Error} */ error) => error.message,
    )
  },
}

await overRanks(async (/** @type {Communicator} */ ranks) => {
  const result = await scenes[process.argv[2] ?? '']?.(ranks)
  if (ranks.rank === 0) console.log(JSON.stringify(result))
})
