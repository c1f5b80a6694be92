// numpy's .npz: a zip of .npy arrays, stored (np.savez) or deflated (np.savez_compressed).
// Deflate is inflated by the platform, never beyond the size the directory promised; the writer stores.
import { crc32 } from '../core/crc32.ts'
import { DistilledError, UsageError } from '../core/errors.ts'
import { type Complain, complaints, quote } from './complain.ts'
import { maxInflatedBytes } from './limits.ts'
import { type NpyData, npyHeader, npyHeaderReach, npyStorage, npyWindow, parseNpyHeader } from './npy.ts'
import { streamOf } from './sources.ts'
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
      ? await inflate(source, start, entry, reach, complain)
      : await source.read(start, Math.min(reach, entry.compressedSize))
    const header = parseNpyHeader(head, entry.size, complain, place)
    const stored = npyStorage(source, start, header)
    const storage = entry.compressed ? inflated(stored, source, start, entry, header.dataOffset, complain) : stored
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
  complain: Complain,
): Storage {
  return {
    dtype,
    numel,
    ...(bigEndian && { bigEndian }),
    async bytes(offset, length) {
      const whole = await inflate(source, start, entry, entry.size, complain)
      return whole.subarray(dataOffset + offset, dataOffset + offset + length)
    },
  }
}

/** The first `wanted` bytes of a deflated entry; all of it is also held against its checksum. */
async function inflate(source: ByteSource, start: number, entry: ZipEntry, wanted: number, complain: Complain) {
  const place = `array ${quote(entry.name)}`
  // Deflate never packs tighter than 1032 to 1.
  if (entry.size > maxInflatedBytes || entry.size > 1032 * entry.compressedSize) {
    const found = `${entry.size} packed in ${entry.compressedSize}`
    throw complain(place, `at most ${maxInflatedBytes} bytes`, found, 'Save it with np.savez instead.')
  }
  const packed = packedBytes(source, start, entry.compressedSize)
  const out = new Uint8Array(wanted)
  let filled = 0
  try {
    for await (const chunk of streamOf(packed.stream.pipeThrough(new DecompressionStream('deflate-raw')))) {
      if (wanted === entry.size && filled + chunk.length > wanted) {
        throw complain(place, `${entry.size} bytes`, 'more when inflated')
      }
      out.set(chunk.subarray(0, wanted - filled), filled)
      filled = Math.min(wanted, filled + chunk.length)
      if (filled === wanted && wanted < entry.size) return out
    }
  } catch (error) {
    if (error instanceof DistilledError) throw error
    throw packed.failure() ?? complain(place, 'deflated bytes', 'damaged ones')
  }
  if (filled !== wanted) throw complain(place, `${entry.size} bytes`, `${filled} when inflated`)
  if (crc32(out) !== entry.crc32) throw complain(place, 'the checksum of the directory', 'another')
  return out
}

/** A piece of a source as a stream, read as far as it is asked for. */
function packedBytes(source: ByteSource, start: number, length: number) {
  let at = 0
  let failure: unknown
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const step = Math.min(length - at, 65_536)
        if (step === 0) return controller.close()
        controller.enqueue(await source.read(start + at, step))
        at += step
      } catch (error) {
        failure = error
        controller.error(error)
      }
    },
  })
  return { stream, failure: () => failure }
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
