// numpy's .npz: a zip of .npy arrays, stored (np.savez) or deflated (np.savez_compressed).
// Deflate is inflated by the platform, never beyond the size the directory promised; the writer stores.
import { crc32 } from '../core/crc32.ts'
import { UsageError } from '../core/errors.ts'
import { complaints, quote } from './complain.ts'
import { inflate } from './inflate.ts'
import { type NpyData, npyHeader, npyHeaderReach, npyStorage, npyWindow, parseNpyHeader } from './npy.ts'
import type { Storage, Window } from './storage.ts'
import type { ByteSource } from './types.ts'
import { locateEntry, type ZipEntry } from './zip.ts'
import { centralHeader, endRecords, localHeader, zip64Limit } from './zip-records.ts'

/** The arrays of a .npz by name, without the ".npy". */
export async function readNpz(source: ByteSource, entries: Iterable<ZipEntry>): Promise<Map<string, Window>> {
  const complain = complaints(source.name)
  const arrays = new Map<string, Window>()
  for (const entry of entries) {
    const place = `array ${quote(entry.name)}`
    if (!entry.name.endsWith('.npy')) throw complain(place, 'only .npy arrays in a .npz', 'another file')
    const start = await locateEntry(source, entry)
    const reach = Math.min(entry.size, npyHeaderReach)
    const head = entry.compressed
      ? await inflate(source, start, entry, reach)
      : await source.read(start, Math.min(reach, entry.compressedSize))
    const header = parseNpyHeader(head, entry.size, complain, place)
    const stored = npyStorage(source, start, header)
    const storage = entry.compressed ? inflated(stored, source, start, entry, header.dataOffset) : stored
    arrays.set(entry.name.slice(0, -4), npyWindow(header, storage, complain, place))
  }
  return arrays
}

function inflated(
  { dtype, bigEndian, numel }: Storage,
  source: ByteSource,
  start: number,
  entry: ZipEntry,
  dataOffset: number,
): Storage {
  return {
    dtype,
    numel,
    ...(bigEndian && { bigEndian }),
    async bytes(offset, length) {
      const whole = await inflate(source, start, entry, entry.size)
      return whole.subarray(dataOffset + offset, dataOffset + offset + length)
    },
  }
}

/**
 * A whole .npz file, uncompressed, as np.savez writes it.
 * @param options `comment`: text in the archive's end record (at most 65,535 bytes), which numpy passes over
 * @throws ShapeError when a shape and its data disagree
 * @throws UsageError beyond 4 GiB, which `npzStream` writes piece by piece
 * @example
 * await writeFile('samples.npz', npzBytes({ arr_0: { shape: [8, 256, 256, 3], data: pixels } }))
 */
export function npzBytes(
  arrays: Readonly<Record<string, { shape: readonly number[]; data: NpyData }>>,
  { comment = '' }: { comment?: string } = {},
): Uint8Array<ArrayBuffer> {
  const local: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const [key, { shape, data }] of Object.entries(arrays)) {
    const name = new TextEncoder().encode(`${key}.npy`)
    const header = npyHeader(shape, data)
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const size = header.length + raw.length
    const entry = { name, size, crc32: crc32(raw, crc32(header)), offset, streamed: false }
    directory.push(...centralHeader(entry, zip64Limit))
    const pieces = [...localHeader(entry, zip64Limit), header, raw]
    local.push(...pieces)
    offset += bytesOf(pieces)
  }
  const size = bytesOf(directory)
  if (offset + size >= zip64Limit)
    throw new UsageError('A .npz made in memory holds at most 4 GiB.', { remedy: 'Split it, or stream it to a file.' })
  const end = endRecords(
    { count: Object.keys(arrays).length, size, offset, comment: new TextEncoder().encode(comment) },
    zip64Limit,
  )
  return concatenate([...local, ...directory, ...end])
}

const bytesOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0)

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(bytesOf(parts))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
