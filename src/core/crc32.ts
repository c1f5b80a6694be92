// The CRC-32 of zip, gzip and PNG (reflected polynomial 0xEDB88320), one table look-up a byte.
// Here because browsers have none and both PNG chunks and zip archives need one.

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  return crc >>> 0
})

/**
 * CRC-32 of `bytes` as an unsigned 32-bit number.
 * @param previous the CRC of what came before, for data that arrives in pieces
 * @see PNG specification (third edition), annex D
 * @example
 * crc32(new TextEncoder().encode('123456789')) // 0xcbf43926
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!
  return ~crc >>> 0
}
