// Zip archives in which every field of every header may lie; entries may be larger than memory (`zeros`).
import { crc32 } from '../../src/core/crc32.ts'
import { join, type Part, u16, u32, u64 } from './bytes.ts'

export interface Header {
  name: Part
  method: number
  flags: number
  crc: number
  compressedSize: number
  size: number
}

export interface Entry {
  name: string
  /** Content, or a number of zero bytes that are never materialised. */
  data: Uint8Array | { zeros: number }
  central?: Partial<Header & { offset: number; zip64: boolean }>
  local?: Partial<Header>
  /** Bytes of the local extra field. */
  extra?: Uint8Array
}

export interface End {
  count?: number
  size?: number
  offset?: number
  disk?: number
  zip64?: boolean
  /** Added to the place where the Zip64 locator says its record is. */
  locatorShift?: number
}

export interface Piece {
  offset: number
  bytes: Uint8Array
}

/** The archive as pieces at their offsets; what lies between is zeros. */
export function layOut(entries: readonly Entry[], end: End = {}): { pieces: Piece[]; size: number } {
  const pieces: Piece[] = []
  let at = 0
  const put = (bytes: Uint8Array) => {
    pieces.push({ offset: at, bytes })
    at += bytes.length
  }
  const directory = entries.map((entry) => {
    const { data, extra = new Uint8Array() } = entry
    const size = data instanceof Uint8Array ? data.length : data.zeros
    const crc = data instanceof Uint8Array ? crc32(data) : 0
    const truth: Header = { name: entry.name, method: 0, flags: 0x800, crc, compressedSize: size, size }
    const offset = at
    put(
      localHeader(
        { ...truth, ...(size > 0xffffffff ? { size: 0, compressedSize: 0, flags: 0x808 } : {}), ...entry.local },
        extra,
      ),
    )
    if (data instanceof Uint8Array) put(data)
    else at += data.zeros
    const flags = size > 0xffffffff ? 0x808 : 0x800
    return centralHeader({ ...truth, flags, offset, zip64: size > 0xffffffff || offset > 0xffffffff, ...entry.central })
  })
  const offset = at
  put(join(...directory))
  put(closing(entries.length, at - offset, offset, at, end))
  return { pieces, size: at }
}

/** The archive in one piece. */
export function zip(entries: readonly Entry[], end: End = {}): Uint8Array<ArrayBuffer> {
  const { pieces, size } = layOut(entries, end)
  const bytes = new Uint8Array(size)
  for (const piece of pieces) bytes.set(piece.bytes, piece.offset)
  return bytes
}

function localHeader({ name, method, flags, crc, compressedSize, size }: Header, extra: Uint8Array): Uint8Array {
  const raw = join(name)
  const sizes = [u32(crc), u32(compressedSize), u32(size), u16(raw.length), u16(extra.length)]
  return join('PK\x03\x04', u16(20), u16(flags), u16(method), u32(0), ...sizes, raw, extra)
}

function centralHeader(header: Header & { offset: number; zip64: boolean }): Uint8Array {
  const { name, method, flags, crc, compressedSize, size, offset, zip64 } = header
  const raw = join(name)
  const extra = zip64 ? join(u16(1), u16(24), u64(size), u64(compressedSize), u64(offset)) : join()
  const short = (value: number) => u32(zip64 ? 0xffffffff : value)
  const lengths = [u16(raw.length), u16(extra.length), u16(0), u16(0), u16(0), u32(0)]
  const sizes = [u32(crc), short(compressedSize), short(size)]
  return join(
    'PK\x01\x02',
    u16(20),
    u16(20),
    u16(flags),
    u16(method),
    u32(0),
    ...sizes,
    ...lengths,
    short(offset),
    raw,
    extra,
  )
}

function closing(count: number, size: number, offset: number, at: number, end: End): Uint8Array {
  const zip64 = end.zip64 ?? offset > 0xffffffff
  const said = { count: end.count ?? count, size: end.size ?? size, offset: end.offset ?? offset }
  const record64 = join('PK\x06\x06', u64(44), u16(20), u16(20), u32(0), u32(0))
  const numbers64 = join(u64(said.count), u64(said.count), u64(said.size), u64(said.offset))
  const locator = join('PK\x06\x07', u32(0), u64(at + (end.locatorShift ?? 0)), u32(1))
  const disk = u16(end.disk ?? 0)
  const numbers = zip64
    ? [u16(0xffff), u16(0xffff), u32(0xffffffff), u32(0xffffffff)]
    : [u16(said.count), u16(said.count), u32(said.size), u32(said.offset)]
  return join(...(zip64 ? [record64, numbers64, locator] : []), 'PK\x05\x06', disk, disk, ...numbers, u16(0))
}
