// A .npz written from its first byte to its last without holding it in memory: arrays come in pieces, their checksums
// follow the data (zip's data descriptor), and Zip64 holds what 32 bits do not: 50,000 images of 256 x 256 are 9.8 GB.
import { crc32 } from '../core/crc32.ts'
import { type DType, dtypeSize, sizeOf } from '../core/dtype.ts'
import { ShapeError, UsageError } from '../core/errors.ts'
import { numpyTypes } from './npy.ts'
import { centralHeader, dataDescriptor, endRecords, localHeader, type StoredEntry, zip64Limit } from './zip-records.ts'

/** An array whose elements come in pieces, row-major and little-endian. */
export interface NpyStream {
  readonly name: string
  readonly dtype: Exclude<DType, 'bfloat16'>
  readonly shape: readonly number[]
  /** Called when everything before it has been written. */
  data(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

export interface NpzStreamOptions {
  /** Text in the archive's end record, which numpy passes over: at most 65,535 bytes of UTF-8. */
  comment?: string
  /** Sizes and offsets from here on are written as Zip64; lower than 4 GiB for tests. */
  zip64From?: number
}

/**
 * The bytes of a .npz file, piece by piece; equal arrays give equal bytes, however their data is cut.
 * @throws ShapeError when an array's data is not what its shape says; UsageError when the comment is too long
 * @see numpy NEP 1; PKWARE APPNOTE 6.3.10, sections 4.3.9 and 4.5.3
 * @example
 * const ones = { name: 'arr_0', dtype: 'uint8', shape: [2, 3], data: () => [Uint8Array.of(1, 1, 1), Uint8Array.of(1, 1, 1)] }
 * for await (const piece of npzStream([ones])) file.write(piece)
 */
export async function* npzStream(
  arrays: Iterable<NpyStream>,
  { comment = '', zip64From = zip64Limit }: NpzStreamOptions = {},
): AsyncGenerator<Uint8Array> {
  const limit = Math.min(zip64From, zip64Limit)
  const text = new TextEncoder().encode(comment)
  if (text.length > 0xffff) throw new UsageError(`The comment of a .npz has at most 65,535 bytes, got ${text.length}.`)
  const entries: StoredEntry[] = []
  let written = 0
  const counted = (piece: Uint8Array) => {
    written += piece.length
    return piece
  }
  for (const array of arrays) {
    const header = npyHeader(array)
    const size = header.length + sizeOf(array.shape) * dtypeSize[array.dtype]
    const name = new TextEncoder().encode(`${array.name}.npy`)
    const open = { name, size, crc32: 0, offset: written, streamed: true }
    for (const piece of localHeader(open, limit)) yield counted(piece)
    const start = written
    yield counted(header)
    let crc = crc32(header)
    for await (const piece of array.data()) {
      crc = crc32(piece, crc)
      yield counted(piece)
    }
    if (written - start !== size) {
      const got = written - start - header.length
      throw new ShapeError(
        `${array.name}: ${array.dtype} [${array.shape.join(', ')}] has ${size - header.length} bytes, got ${got}.`,
      )
    }
    const entry = { ...open, crc32: crc }
    entries.push(entry)
    yield counted(dataDescriptor(entry, limit))
  }
  const offset = written
  for (const entry of entries) for (const piece of centralHeader(entry, limit)) yield counted(piece)
  const directory = { count: entries.length, size: written - offset, offset, comment: text }
  for (const piece of endRecords(directory, limit)) yield piece
}

/** As `npyHeader` of npy.ts, for arrays that no typed array could hold. */
function npyHeader({ dtype, shape }: NpyStream): Uint8Array {
  const code = [...numpyTypes].find(([, type]) => type === dtype)![0]
  const order = dtypeSize[dtype] === 1 ? '|' : '<'
  const dims = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`
  const literal = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': ${dims}, }`
  const length = Math.ceil((10 + literal.length + 1) / 64) * 64 - 10
  const bytes = new TextEncoder().encode(`${' '.repeat(10)}${literal.padEnd(length - 1)}\n`)
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >> 8])
  return bytes
}
