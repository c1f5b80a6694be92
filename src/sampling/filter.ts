// From the logits of one position to one token on the host: top-k and top-p as the two released samplers cut them (VAR
// models/helpers.py:sample_with_top_k_top_p_, LlamaGen autoregressive/models/generate.py:top_k_top_p_filtering), then
// the draw. Filters mask with -Infinity and keep ties of the k-th largest; top-p works on the softmax of what top-k has
// left.
import { EngineError, UsageError } from '../core/errors.ts'

export interface VarFilter {
  /** Keep the k largest logits; 0 keeps all. */
  topK?: number
  /** Keep the most likely entries whose probabilities reach p together; 0 keeps all. */
  topP?: number
}

export interface LlamaGenFilter {
  /** Keep the k largest logits; 0 keeps all. */
  topK?: number
  /** Keep the most likely entries whose probabilities reach p together; 1 keeps all. */
  topP?: number
  /** Divides the logits first; below 1e-5 counts as 1e-5. */
  temperature?: number
}

/**
 * VAR's filter: a new array of the V `logits` with dropped entries at -Infinity. Top-p adds probabilities from the
 * smallest up and drops while the sum is at most 1 - p; the largest entry always stays; of equal logits the first in
 * order go first.
 * @throws UsageError for a topK that is not a whole number >= 0 or a topP outside [0, 1]
 * @example
 * categorical(softmax(filterVar(logits, { topK: 900, topP: 0.95 })), u)
 */
export function filterVar(logits: Float32Array, { topK = 0, topP = 0 }: VarFilter): Float32Array {
  check(topK, topP)
  const out = logits.slice()
  keepLargest(out, topK)
  if (topP === 0) return out
  const order = argsort(out, 1)
  const drop = Math.fround(1 - topP)
  forCumulative(out, order, (sum, rank) => {
    if (rank === order.length - 1 || sum > drop) return false
    out[order[rank]!] = Number.NEGATIVE_INFINITY
    return true
  })
  return out
}

/**
 * LlamaGen's filter: a new array of the V `logits` over the temperature with dropped entries at -Infinity. Top-p adds
 * probabilities from the largest down and drops what comes after the entry that lifts the sum above p; of equal logits
 * the first in order stay.
 * @throws UsageError for a topK that is not a whole number >= 0, a topP outside [0, 1] or a negative temperature
 * @example
 * categorical(softmax(filterLlamaGen(logits, { topK: 8000, topP: 1, temperature: 1 })), u)
 */
export function filterLlamaGen(
  logits: Float32Array,
  { topK = 0, topP = 1, temperature = 1 }: LlamaGenFilter,
): Float32Array {
  check(topK, topP)
  if (!(temperature >= 0)) throw new UsageError(`The temperature must be a number >= 0, got ${temperature}.`)
  const divisor = Math.fround(Math.max(temperature, 1e-5))
  const out = logits.map((logit) => logit / divisor)
  keepLargest(out, topK)
  if (topP === 1) return out
  const order = argsort(out, -1)
  const keep = Math.fround(topP)
  let kept = order.length
  forCumulative(out, order, (sum, rank) => {
    if (sum <= keep) return true
    kept = rank + 1
    return false
  })
  for (let rank = kept; rank < order.length; rank++) out[order[rank]!] = Number.NEGATIVE_INFINITY
  return out
}

/**
 * Probabilities of V logits; entries at -Infinity get exactly 0.
 * @throws EngineError when there is nothing to normalise: a NaN, +Infinity, or no finite logit at all
 * @example
 * softmax(Float32Array.of(0, Number.NEGATIVE_INFINITY, 0)) // [0.5, 0, 0.5]
 */
export function softmax(logits: Float32Array): Float32Array {
  let max = Number.NEGATIVE_INFINITY
  for (const logit of logits) if (!(logit <= max)) max = logit
  const out = new Float32Array(logits.length)
  let sum = 0
  for (let i = 0; i < out.length; i++)
    sum += out[i] = logits[i] === Number.NEGATIVE_INFINITY ? 0 : Math.exp(logits[i]! - max)
  if (!(sum > 0)) {
    const at = logits.findIndex((logit) => !(logit < Number.POSITIVE_INFINITY))
    throw new EngineError(
      `Cannot sample: of ${logits.length} logits ${at < 0 ? 'none is finite' : `number ${at} is ${logits[at]}`}.`,
      {
        remedy: 'The network overflowed or its weights are damaged; try dtype fp32.',
      },
    )
  }
  for (let i = 0; i < out.length; i++) out[i]! /= sum
  return out
}

/**
 * The index that a uniform `u` in [0, 1) picks by the inverse of the cumulative distribution; never one of probability
 * 0. The probabilities need not be normalised.
 * @throws UsageError when u lies outside [0, 1) or every probability is 0
 * @example
 * categorical(Float32Array.of(0.25, 0, 0.75), 0.3) // 2
 */
export function categorical(probabilities: ArrayLike<number>, u: number): number {
  if (!(u >= 0 && u < 1)) throw new UsageError(`A uniform lies in [0, 1), got ${u}.`)
  let total = 0
  for (let i = 0; i < probabilities.length; i++) total += probabilities[i]!
  if (!(total > 0))
    throw new UsageError(`Cannot draw from ${probabilities.length} probabilities that add up to ${total}.`)
  let sum = 0
  let last = 0
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i] === 0) continue
    sum += probabilities[i]!
    last = i
    if (sum > u * total) break
  }
  return last
}

/** Index of the largest logit, the first of equals. */
export function greedy(logits: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i
  return best
}

function check(topK: number, topP: number): void {
  if (!(Number.isSafeInteger(topK) && topK >= 0))
    throw new UsageError(`\`topK\` must be a whole number >= 0, got ${topK}.`)
  if (!(topP >= 0 && topP <= 1)) throw new UsageError(`\`topP\` must lie in [0, 1], got ${topP}.`)
}

/** Masks in place what is smaller than the k-th largest entry. */
function keepLargest(logits: Float32Array, k: number): void {
  if (k === 0 || k >= logits.length) return
  const threshold = select(logits.slice(), logits.length - k)
  for (let i = 0; i < logits.length; i++) if (logits[i]! < threshold) logits[i] = Number.NEGATIVE_INFINITY
}

/** The value that sorting would put at `rank`, by Hoare's quickselect (1961); shuffles `values`. */
function select(values: Float32Array, rank: number): number {
  let low = 0
  let high = values.length - 1
  while (low < high) {
    const pivot = values[(low + high) >>> 1]!
    let i = low
    let j = high
    while (i <= j) {
      while (values[i]! < pivot) i++
      while (values[j]! > pivot) j--
      if (i > j) break
      const swapped = values[i]!
      values[i++] = values[j]!
      values[j--] = swapped
    }
    if (rank <= j) high = j
    else if (rank >= i) low = i
    else break
  }
  return values[rank]!
}

const INDICES = 2 ** 20

/**
 * Indices of the unmasked entries in ascending (direction 1) or descending (-1) order of value, equals in order of
 * index. Value and index share one double, because typed arrays sort fast only without a comparator.
 */
function argsort(values: Float32Array, direction: 1 | -1): Uint32Array {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length)
  const keys = new Float64Array(values.length)
  let n = 0
  for (let i = 0; i < values.length; i++) {
    if (values[i] === Number.NEGATIVE_INFINITY) continue
    // Negative floats order backwards in their bits; -0 must equal 0.
    const rank = bits[i]! < 0 ? -(bits[i]! & 0x7fffffff) : bits[i]!
    keys[n++] = direction * rank * INDICES + i
  }
  const sorted = keys.subarray(0, n).sort()
  return Uint32Array.from(sorted, (key) => key - Math.floor(key / INDICES) * INDICES)
}

/** Adds up the softmax in the given order as torch.cumsum does (float32 values of a float64 sum) while `use` returns true. */
function forCumulative(logits: Float32Array, order: Uint32Array, use: (sum: number, rank: number) => boolean): void {
  const probabilities = softmax(logits)
  let sum = 0
  for (let rank = 0; rank < order.length; rank++) {
    sum += probabilities[order[rank]!]!
    if (!use(Math.fround(sum), rank)) return
  }
}
