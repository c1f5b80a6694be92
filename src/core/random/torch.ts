// torch's CPU generator, bit for bit: MT19937 (Matsumoto & Nishimura 1998) and the ways ATen turns its words into
// numbers (ATen/core/MT19937RNGEngine.h, TransformationHelper.h, native/cpu/DistributionTemplates.h), so that
// `torch.manual_seed(s); torch.randn(...)` can be replayed. torch.randn has two paths: below 16 values Box-Muller in
// float64 one value at a time with the second one kept for later, from 16 on Box-Muller in float32 over blocks of 16 as
// the AVX2 build computes it.
import { sizeOf } from '../dtype.ts'
import { UsageError } from '../errors.ts'
import { logf, sincosf } from './cephes.ts'
import { checkCount } from './seed.ts'

const WORDS = 624
const SHIFT = 397
const TWO_PI = Math.fround(2 * Math.PI)

/** Where a generator stands: torch's `state_`, `left_` and `next_float/double_normal_sample_`. */
export interface TorchGeneratorState {
  /** The 624 words of the current block. */
  words: Uint32Array
  /** Words not yet used, counted as torch counts: 1 when the next call starts a new block, 624 after the first word of one. */
  left: number
  /** The second value of the last float64 Box-Muller pair, when it is still to be handed out. */
  spareNormal?: number | undefined
}

/**
 * The default CPU generator of PyTorch.
 *
 * `randn` of 16 values or more equals PyTorch on x86 with AVX2, its usual build, in every bit (on other processors
 * PyTorch itself differs in the last bits); below 16 values Math.log1p and Math.cos may differ from the C library's in
 * the last bit of a float64, which the rounding to float32 almost always hides.
 * @example
 * new TorchGenerator(0).randn([2, 680, 32]) // torch.manual_seed(0); torch.randn(2, 680, 32)
 */
export class TorchGenerator {
  #words = new Uint32Array(WORDS)
  #next = WORDS
  #spareNormal: number | undefined

  /** @throws UsageError unless `seed` is a safe integer >= 0 */
  constructor(seed: number) {
    this.manualSeed(seed)
  }

  /** torch.manual_seed: of seeds from 2^32 up only the lower 32 bits count, as there. */
  manualSeed(seed: number): void {
    const words = this.#words
    words[0] = checkCount('A seed', seed) >>> 0
    for (let i = 1; i < WORDS; i++) words[i] = Math.imul(1812433253, words[i - 1]! ^ (words[i - 1]! >>> 30)) + i
    this.#next = WORDS
    this.#spareNormal = undefined
  }

  get state(): TorchGeneratorState {
    return { words: this.#words.slice(), left: WORDS + 1 - this.#next, spareNormal: this.#spareNormal }
  }

  /** @throws UsageError when the state has not 624 words or `left` is not from 1 to 624 */
  set state({ words, left, spareNormal }: TorchGeneratorState) {
    if (words.length !== WORDS || !(Number.isInteger(left) && left >= 1 && left <= WORDS)) {
      throw new UsageError(
        `A generator state has ${WORDS} words and 1 to ${WORDS} left, got ${words.length} and ${left}.`,
      )
    }
    this.#words = words.slice()
    this.#next = WORDS + 1 - left
    this.#spareNormal = spareNormal
  }

  /** The next 32 random bits. */
  random(): number {
    if (this.#next === WORDS) this.#refill()
    let y = this.#words[this.#next++]!
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  /** torch.rand(shape): float32 multiples of 2^-24 in [0, 1). */
  rand(shape: number | readonly number[]): Float32Array {
    return new Float32Array(count(shape)).map(() => this.#uniform24())
  }

  /** torch.randint(low, high, shape), for ranges below 2^28 (from there on versions of torch differ). */
  randint(low: number, high: number, shape: number | readonly number[]): Int32Array {
    const range = high - low
    if (!(Number.isInteger(low) && range > 0 && range < 2 ** 28 && Number.isInteger(range))) {
      throw new UsageError(`randint needs integers low < high less than 2^28 apart, got ${low} and ${high}.`)
    }
    return new Int32Array(count(shape)).map(() => low + (this.random() % range))
  }

  /** torch.randn(shape): standard normal float32 values, row-major. */
  randn(shape: number | readonly number[]): Float32Array {
    const size = count(shape)
    if (size < 16) return new Float32Array(size).map(() => this.#normal())
    const out = this.rand(size)
    for (let start = 0; start + 16 <= size; start += 16) boxMuller16(out, start)
    if (size % 16 !== 0) {
      out.set(this.rand(16), size - 16)
      boxMuller16(out, size - 16)
    }
    return out
  }

  #uniform24(): number {
    return (this.random() & 0xffffff) / 2 ** 24
  }

  #uniform53(): number {
    const high = this.random() & 0x1fffff
    return (high * 2 ** 32 + this.random()) / 2 ** 53
  }

  #normal(): number {
    const spare = this.#spareNormal
    this.#spareNormal = undefined
    if (spare !== undefined) return spare
    const theta = 2 * Math.PI * this.#uniform53()
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniform53()))
    this.#spareNormal = radius * Math.sin(theta)
    return radius * Math.cos(theta)
  }

  #refill(): void {
    const words = this.#words
    for (let i = 0; i < WORDS; i++) {
      const y = (words[i]! & 0x80000000) | (words[(i + 1) % WORDS]! & 0x7fffffff)
      words[i] = words[(i + SHIFT) % WORDS]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    this.#next = 0
  }
}

const count = (shape: number | readonly number[]): number =>
  checkCount('A size', typeof shape === 'number' ? shape : sizeOf(shape))

/** Turns 16 uniforms in [0, 1) into 16 normals in place: value j and value j + 8 are a pair. */
function boxMuller16(values: Float32Array, start: number): void {
  for (let j = start; j < start + 8; j++) {
    const radius = Math.fround(Math.sqrt(-2 * logf(1 - values[j]!)))
    const [sin, cos] = sincosf(Math.fround(TWO_PI * values[j + 8]!))
    // Adding zero, as torch adds the mean, turns -0 into 0.
    values[j] = radius * cos + 0
    values[j + 8] = radius * sin + 0
  }
}
