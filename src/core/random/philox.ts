// Random numbers as a pure function of where they are used: Philox4x32-10 (Salmon et al. 2011, "Parallel random
// numbers: as easy as 1, 2, 3"). The seed is the key; image index, stream and block are the counter. So the noise of
// image i is the same in every batch, worker and shard, and a longer request starts with the numbers of a shorter one.
import { checkCount, split64 } from './seed.ts'

type Words4 = [number, number, number, number]

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  // No sum below exceeds 2^32 - 1, so `>>>` loses nothing.
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const carry = aLow * bHigh + (middle & 0xffff)
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (carry >>> 16)) >>> 0
}

/** One block: 128 counter bits and 64 key bits (words, lowest first) to 128 random bits. */
export function philox4x32(counter: Readonly<Words4>, key: readonly [number, number]): Words4 {
  let [c0, c1, c2, c3] = counter
  let [k0, k1] = key
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(0xd2511f53, c0)
    const high1 = mulHigh(0xcd9e8d57, c2)
    const low0 = Math.imul(0xd2511f53, c0)
    const low1 = Math.imul(0xcd9e8d57, c2)
    c0 = high1 ^ c1 ^ k0
    c1 = low1
    c2 = high0 ^ c3 ^ k1
    c3 = low0
    k0 = (k0 + 0x9e3779b9) | 0
    k1 = (k1 + 0xbb67ae85) | 0
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0]
}

const NOISE_STREAM = 0

/** Calls `use(number from 0, words)` for `blocks` blocks of a stream, from its block `first` on. */
function eachBlock(
  [seed, index, stream, blocks, first = 0]: [
    seed: number,
    index: number,
    stream: number,
    blocks: number,
    first?: number,
  ],
  use: (block: number, words: Words4) => void,
): void {
  const key = split64(checkCount('A seed', seed))
  const [low, high] = split64(checkCount('An image index', index))
  for (let block = 0; block < blocks; block++) use(block, philox4x32([first + block, stream, low, high], key))
}

/**
 * The Gaussian noise of image `index`: `size` standard normal values that depend on (seed, index, position) alone.
 * Box-Muller in float64, rounded to float32; |values| stay below 6.8.
 * @param from position of the first value: noise(s, i, n, k) is noise(s, i, k + n).slice(k)
 * @throws UsageError unless seed, index, size and from are safe integers >= 0
 * @example
 * noise(0, 41, 680 * 32) // what image 41 starts from, alone or in a batch of 64
 */
export function noise(seed: number, index: number, size: number, from = 0): Float32Array {
  const skip = checkCount('A position', from) % 4
  const out = new Float32Array(checkCount('A size', size) + skip)
  eachBlock([seed, index, NOISE_STREAM, Math.ceil(out.length / 4), (from - skip) / 4], (block, words) => {
    for (let pair = 0; pair < 4; pair += 2) {
      // Half a step up from zero, where the logarithm would have no value.
      const radius = Math.sqrt(-2 * Math.log((words[pair]! + 0.5) / 2 ** 32))
      const theta = (2 * Math.PI * words[pair + 1]!) / 2 ** 32
      out[4 * block + pair] = radius * Math.cos(theta)
      out[4 * block + pair + 1] = radius * Math.sin(theta)
    }
  })
  return skip ? out.slice(skip) : out
}

/**
 * Uniforms in [0, 1) with 53 bits for image `index`; every `stream` (0, 1, ... below 2^32 - 1) is independent of the
 * others and of the noise.
 * @throws UsageError unless all arguments are safe integers >= 0
 * @example
 * uniforms(0, 41, step, 256) // one draw for every token the teacher samples in this step
 */
export function uniforms(seed: number, index: number, stream: number, size: number): Float64Array {
  const out = new Float64Array(checkCount('A size', size))
  const ownStream = checkCount('A stream', stream) + 1
  eachBlock([seed, index, ownStream, Math.ceil(size / 2)], (block, words) => {
    for (let half = 0; half < 2; half++) {
      out[2 * block + half] = ((words[2 * half]! >>> 5) * 2 ** 26 + (words[2 * half + 1]! >>> 6)) / 2 ** 53
    }
  })
  return out
}
