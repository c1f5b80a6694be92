// A GIF's structure for tests: size, how often it loops, its frames' delays, its comments. No pixel is decoded.

export interface GifFacts {
  width: number
  height: number
  /** 0 for ever; undefined plays once. */
  loops: number | undefined
  /** Milliseconds of each frame. */
  delays: number[]
  comments: string[]
}

/** @throws Error when the bytes are no GIF, or end too early */
export function readGif(bytes: Buffer): GifFacts {
  if (bytes.toString('latin1', 0, 6) !== 'GIF89a') throw new Error('not a GIF89a')
  const facts: GifFacts = {
    width: bytes.readUInt16LE(6),
    height: bytes.readUInt16LE(8),
    loops: undefined,
    delays: [],
    comments: [],
  }
  const tableSize = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  let at = 13 + tableSize(bytes.readUInt8(10))
  const blocks = () => {
    const parts: Buffer[] = []
    for (let size = bytes.readUInt8(at++); size > 0; size = bytes.readUInt8(at++)) {
      parts.push(bytes.subarray(at, at + size))
      at += size
    }
    return Buffer.concat(parts)
  }
  let delay = 0
  for (;;) {
    const kind = bytes.readUInt8(at++)
    if (kind === 0x3b) return facts
    if (kind === 0x2c) {
      at += 9 + tableSize(bytes.readUInt8(at + 8)) + 1
      blocks()
      facts.delays.push(delay)
      continue
    }
    const label = bytes.readUInt8(at++)
    const data = blocks()
    if (label === 0xf9) delay = 10 * data.readUInt16LE(1)
    if (label === 0xfe) facts.comments.push(data.toString('utf8'))
    if (label === 0xff && data.toString('latin1', 0, 11) === 'NETSCAPE2.0') facts.loops = data.readUInt16LE(12)
  }
}
