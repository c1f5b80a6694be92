// The records around the stored entries of a zip archive (PKWARE APPNOTE 6.3.10), with Zip64 where 32 bits do not hold a
// size or an offset. Everything about an entry is a plain value, so an archive's bytes depend on its content alone.

/** Numbers from here on do not fit a 32-bit field, whose largest value says that a Zip64 field holds the number. */
export const zip64Limit = 0xffffffff

export interface StoredEntry {
  /** In UTF-8. */
  readonly name: Uint8Array
  readonly size: number
  readonly crc32: number
  /** Where its local header begins. */
  readonly offset: number
  /** Checksum and size follow the data, for entries whose checksum is not known before. */
  readonly streamed: boolean
}

export type Field = readonly [value: number, size: 2 | 4 | 8]

/** Little-endian fields behind a signature, if there is one. */
export function record(signature: number | undefined, fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const all: readonly Field[] = signature === undefined ? fields : [[signature, 4], ...fields]
  const bytes = new Uint8Array(all.reduce((sum, [, size]) => sum + size, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [value, size] of all) {
    if (size === 2) view.setUint16(at, value, true)
    else if (size === 4) view.setUint32(at, value, true)
    else view.setBigUint64(at, BigInt(value), true)
    at += size
  }
  return bytes
}

const namesInUtf8 = 1 << 11
const sizesFollowData = 1 << 3

/** The common fields of local and central headers: version, flags, method, 1980-01-01 00:00, checksum, sizes, lengths. */
const shared = ({ name, streamed }: StoredEntry, wide: boolean, crc: number, size: number, extra: number): Field[] => [
  [wide ? 45 : 20, 2],
  [namesInUtf8 | (streamed ? sizesFollowData : 0), 2],
  [0, 2],
  [0, 2],
  [0x21, 2],
  [crc, 4],
  [size, 4],
  [size, 4],
  [name.length, 2],
  [extra, 2],
]

/** The Zip64 extra field with these numbers, or nothing when there are none. */
const wider = (numbers: readonly number[]): Uint8Array<ArrayBuffer> =>
  numbers.length
    ? record(undefined, [[1, 2], [8 * numbers.length, 2], ...numbers.map((n): Field => [n, 8])])
    : new Uint8Array(0)

/** Header and name in front of an entry's data. */
export function localHeader(entry: StoredEntry, limit: number): Uint8Array[] {
  const wide = entry.size >= limit
  const { crc32, size } = entry.streamed ? { crc32: 0, size: 0 } : entry
  const extra = wider(wide ? [size, size] : [])
  return [record(0x04034b50, shared(entry, wide, crc32, wide ? zip64Limit : size, extra.length)), entry.name, extra]
}

/** Behind the data of a streamed entry. */
export function dataDescriptor({ crc32, size }: StoredEntry, limit: number): Uint8Array {
  const width = size >= limit ? 8 : 4
  return record(0x08074b50, [
    [crc32, 4],
    [size, width],
    [size, width],
  ])
}

/** The entry's header in the directory. */
export function centralHeader(entry: StoredEntry, limit: number): Uint8Array[] {
  const bigSize = entry.size >= limit
  const bigOffset = entry.offset >= limit
  const extra = wider([...(bigSize ? [entry.size, entry.size] : []), ...(bigOffset ? [entry.offset] : [])])
  const wide = bigSize || bigOffset
  const fields = shared(entry, wide, entry.crc32, bigSize ? zip64Limit : entry.size, extra.length)
  const rest: Field[] = [
    [0, 2],
    [0, 2],
    [0, 2],
    [0, 4],
    [bigOffset ? zip64Limit : entry.offset, 4],
  ]
  return [record(0x02014b50, [[wide ? 45 : 20, 2], ...fields, ...rest]), entry.name, extra]
}

interface Directory {
  readonly count: number
  readonly size: number
  readonly offset: number
  readonly comment: Uint8Array
}

/** The records at the end of an archive, after its directory. */
export function endRecords({ count, size, offset, comment }: Directory, limit: number): Uint8Array[] {
  const wide = size >= limit || offset >= limit || count >= 0xffff
  const end64 = [
    record(0x06064b50, [
      [44, 8],
      [45, 2],
      [45, 2],
      [0, 4],
      [0, 4],
      [count, 8],
      [count, 8],
      [size, 8],
      [offset, 8],
    ]),
    record(0x07064b50, [
      [0, 4],
      [offset + size, 8],
      [1, 4],
    ]),
  ]
  const [n, s, o] = wide ? [0xffff, zip64Limit, zip64Limit] : [count, size, offset]
  const end = record(0x06054b50, [
    [0, 2],
    [0, 2],
    [n, 2],
    [n, 2],
    [s, 4],
    [o, 4],
    [comment.length, 2],
  ])
  return [...(wide ? end64 : []), end, comment]
}
