// Natural logarithm, sine and cosine in float32 as the Cephes library approximates them (S. L. Moshier: logf.c,
// sinf.c), every step rounded the way torch's AVX2 build rounds it (ATen/native/cpu/avx_mathfun.h, multiply-adds
// contracted to FMA). A correctly rounded logarithm would be wrong here: torch.randn's last bits come from these very
// polynomials.
const f32 = Math.fround

/**
 * Float32 a*b + c with one rounding. The product of two float32 is exact in a double, the sum is rounded twice:
 * it can differ from a true FMA about once in 2^29 operations.
 */
const fma = (a: number, b: number, c: number): number => f32(a * b + c)

const logCoefficients = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(f32)
const LN2_LOW = f32(-2.1219444e-4)
const LN2_HIGH = f32(0.693359375)
const SQRT_HALF = f32(Math.SQRT1_2)

const word = new Uint32Array(1)
const float = new Float32Array(word.buffer)

/** Natural logarithm of a positive, normal float32. */
export function logf(value: number): number {
  float[0] = value
  let exponent = (word[0]! >>> 23) - 126
  word[0] = (word[0]! & 0x007fffff) | 0x3f000000
  const mantissa = float[0]!
  const small = mantissa < SQRT_HALF
  if (small) exponent -= 1
  const x = f32(f32(mantissa - 1) + (small ? mantissa : 0))
  const z = f32(x * x)
  let y = logCoefficients[0]!
  for (let i = 1; i < 9; i++) y = fma(y, x, logCoefficients[i]!)
  y = f32(y * x)
  y = fma(y, z, f32(exponent * LN2_LOW))
  y = fma(-0.5, z, y)
  return fma(exponent, LN2_HIGH, f32(x + y))
}

const FOUR_OVER_PI = f32(4 / Math.PI)
const QUARTER_PI = [-0.78515625, -2.4187564849853516e-4, -3.774894977445941e-8].map(f32) as [number, number, number]
const COS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f32) as [number, number, number]
const SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f32) as [number, number, number]

/** Sine and cosine of a float32 angle in [0, 8192). */
export function sincosf(angle: number): [sin: number, cos: number] {
  const octant = (Math.trunc(f32(angle * FOUR_OVER_PI)) + 1) & ~1
  let x = angle
  for (const part of QUARTER_PI) x = fma(octant, part, x)
  const z = f32(x * x)
  const evenTail = f32(fma(fma(COS[0], z, COS[1]), z, COS[2]) * z)
  const even = f32(fma(evenTail, z, -0.5 * z) + 1)
  const odd = fma(f32(fma(fma(SIN[0], z, SIN[1]), z, SIN[2]) * z), x, x)
  const [sin, cos] = octant & 2 ? [even, odd] : [odd, even]
  return [octant & 4 ? -sin : sin, (octant - 2) & 4 ? cos : -cos]
}
