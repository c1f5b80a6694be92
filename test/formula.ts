// Arrays that a fixture gives by a formula instead of storing them: a 32-bit hash of (name, flat index), spread evenly
// over [-1, 1). Written down in the fixtures' JSON ("formula"); the mixer is MurmurHash3's finaliser.
import { crc32 } from '../src/core/crc32.ts'

/** u(name, i), in float64. */
export function uniform(name: string): (i: number) => number {
  const start = Math.imul(0x9e3779b9, crc32(new TextEncoder().encode(name)))
  return (i) => {
    let k = (i + start) >>> 0
    k = Math.imul(k ^ (k >>> 16), 0x85ebca6b)
    k = Math.imul(k ^ (k >>> 13), 0xc2b2ae35)
    return ((k ^ (k >>> 16)) >>> 0) / 2 ** 31 - 1
  }
}

/** float32(offset + scale * u(name, i)) for i < size. */
export function formulaArray(name: string, size: number, scale = 1, offset = 0): Float32Array<ArrayBuffer> {
  const u = uniform(name)
  const out = new Float32Array(size)
  for (let i = 0; i < size; i++) out[i] = offset + scale * u(i)
  return out
}
