// Text of a pickle that is too long to be a name or a setting: old files keep whole arrays as text. It stays a view of the file.

export class LongText {
  readonly bytes: Uint8Array
  /** In UTF-8; otherwise a character is a byte (latin-1). */
  readonly isUtf8: boolean

  constructor(bytes: Uint8Array, isUtf8: boolean) {
    this.bytes = bytes
    this.isUtf8 = isUtf8
  }
}

/** The latin-1 bytes of text in UTF-8, or undefined when it holds other characters or is no UTF-8. */
export function latin1OfUtf8(text: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const out = new Uint8Array(text.length)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const byte = text[i]!
    if (byte < 0x80) {
      out[length++] = byte
      continue
    }
    // Characters 0x80 to 0xff are two bytes: 0xc2 or 0xc3, then 10xxxxxx.
    const next = text[++i] ?? 0
    if ((byte !== 0xc2 && byte !== 0xc3) || (next & 0xc0) !== 0x80) return undefined
    out[length++] = ((byte & 3) << 6) | (next & 0x3f)
  }
  return out.subarray(0, length)
}
