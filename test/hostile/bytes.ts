// Little helpers to put files together byte by byte.

export type Part = number | string | readonly number[] | Uint8Array

/** Numbers are single bytes, strings are UTF-8. */
export function join(...parts: Part[]): Uint8Array<ArrayBuffer> {
  const chunks = parts.map((part) => {
    if (typeof part === 'number') return Uint8Array.of(part)
    return typeof part === 'string' ? new TextEncoder().encode(part) : Uint8Array.from(part)
  })
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** `value` in `size` little-endian bytes; negative values and bigints wrap. */
export function le(value: number | bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let rest = BigInt.asUintN(8 * size, BigInt(value))
  for (let i = 0; i < size; i++, rest >>= 8n) bytes[i] = Number(rest & 255n)
  return bytes
}

export const u16 = (value: number) => le(value, 2)
export const u32 = (value: number) => le(value, 4)
export const u64 = (value: number | bigint) => le(value, 8)

export const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)
