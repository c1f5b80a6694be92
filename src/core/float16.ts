// float32 to IEEE 754 binary16, rounded to nearest, ties to even: what shipping a network in half the bytes costs.
// The way back is `dtype.ts:float16ToNumber`.

/** 2^-14: below it float16 has no leading 1, its values are multiples of 2^-24. */
const smallestNormal = 0x38800000
/** 65520, halfway between the largest float16 and what would come next: from here on it is infinity. */
const firstInfinite = 0x477ff000
const infinity = 0x7f800000

/**
 * The bit patterns of `values` in float16. Values from 65520 on become infinite; a NaN stays a NaN.
 * @see IEEE 754-2019, 4.3.1: roundTiesToEven
 * @example
 * toFloat16(Float32Array.of(1, -2, 65504)) // [0x3c00, 0xc000, 0x7bff]
 */
export function toFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const out = new Uint16Array(values.length)
  for (let i = 0; i < out.length; i++) out[i] = ((bits[i]! >>> 16) & 0x8000) | magnitude(bits[i]! & 0x7fffffff)
  return out
}

/** float16 bits of a float32 without its sign; both formats order their magnitudes as their bits. */
function magnitude(bits: number): number {
  if (bits > infinity) return 0x7e00
  if (bits >= firstInfinite) return 0x7c00
  if (bits < smallestNormal) return subnormal(bits)
  const odd = (bits >>> 13) & 1
  return (bits + 0xfff + odd - ((127 - 15) << 23)) >>> 13 // a carry out of the fraction moves on to the exponent
}

function subnormal(bits: number): number {
  const exponent = bits >>> 23
  const fraction = exponent === 0 ? bits : (bits & 0x7fffff) | 0x800000
  const units = fraction * 2 ** (Math.max(exponent, 1) - 127 - 23 + 24) // exact in float64
  const below = Math.floor(units)
  const rest = units - below
  return below + (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? 1 : 0)
}
