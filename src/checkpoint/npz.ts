// numpy's .npz: a zip of .npy arrays, stored (np.savez) or deflated (np.savez_compressed).
// Deflate is inflated by the platform, never beyond the size the directory promised; the writer stores.
import { crc32 } from '../core/crc32.ts'
import { UsageError } from '../core/errors.ts'
import { fileErrors, quote } from './file-error.ts'
import { inflate } from './inflate.ts'
import { maxDeflatedNpzEntries, maxNpzEntries } from './limits.ts'
import {
  type NpyData,
  npyHeader,
  npyHeaderReach,
  npyHeaderUsual,
  npyStorage,
  npyWindow,
  parseNpyHeader,
} from './npy.ts'
import type { Storage, Window } from './storage.ts'
import type { ByteSource } from './types.ts'
import { locateEntry, readZipDirectory, type ZipEntry } from './zip.ts'
import { centralHeader, endRecords, localHeader, zip64Limit } from './zip-records.ts'

/** The arrays of a .npz by name, without the ".npy", and what is not read beside them: arrays of objects, text or records. */
export interface Npz {
  arrays: Map<string, Window>
  notRead: string[]
}

/** Reads the headers of the arrays; their elements are read, and held against their checksum, when they are asked for. */
export async function readNpz(source: ByteSource, directory: ReadonlyMap<string, ZipEntry>): Promise<Npz> {
  const fileError = fileErrors(source.name)
  const atMost = (most: number, what: string, count: number) => {
    if (count > most)
      throw fileError('zip directory', `at most ${most} ${what}`, `${count}`, 'Save it in several files.')
  }
  atMost(maxNpzEntries, 'arrays', directory.size)
  const deflated = [...directory.values()].filter((entry) => entry.compressed)
  atMost(maxDeflatedNpzEntries, 'deflated arrays', deflated.length)
  const arrays = new Map<string, Window>()
  const notRead: string[] = []
  for (const entry of directory.values()) {
    const place = `array ${quote(entry.name)}`
    const start = await locateEntry(source, entry)
    const header = parseNpyHeader(await headOf(source, start, entry), entry.size, fileError, place)
    if ('foreign' in header) {
      notRead.push(`${entry.name} (numpy type ${header.foreign})`)
      continue
    }
    const stored = npyStorage(source, start, header)
    const storage = entry.compressed
      ? inflated(stored, source, start, entry, header.dataOffset)
      : checked(stored, source, start, entry, header.dataOffset)
    arrays.set(entry.name.slice(0, -4), npyWindow(header, storage, fileError, place))
  }
  return { arrays, notRead }
}

/** The start of an entry with the whole header in it, as far as it is acceptable. */
async function headOf(source: ByteSource, start: number, entry: ZipEntry): Promise<Uint8Array> {
  // Most of the time goes into starting to inflate, so that is done once.
  if (entry.compressed) return inflate(source, start, entry, Math.min(npyHeaderReach, entry.size))
  const read = (length: number) => source.read(start, Math.min(length, entry.size))
  const head = await read(npyHeaderUsual)
  const length = head.length < 12 ? 0 : head[6] === 1 ? head[8]! + 256 * head[9]! : npyHeaderReach
  return 10 + length <= head.length ? head : read(npyHeaderReach)
}

/** Elements that lie uncompressed; read from first to last they are held against the directory's checksum. */
function checked(stored: Storage, source: ByteSource, start: number, entry: ZipEntry, dataOffset: number): Storage {
  const { location, dtype, numel, bigEndian } = stored
  return {
    dtype,
    numel,
    ...(bigEndian && { bigEndian }),
    ...(location && { location }),
    async bytes(offset, length) {
      const bytes = await stored.bytes(offset, length)
      if (offset === 0 && length === entry.size - dataOffset)
        checkSum(crc32(bytes, crc32(await source.read(start, dataOffset))), source, entry)
      return bytes
    },
  }
}

function checkSum(found: number, { name }: ByteSource, entry: ZipEntry): void {
  if (found === entry.crc32) return
  throw fileErrors(name)(`array ${quote(entry.name)}`, 'the checksum of the directory', 'another')
}

/**
 * Holds an array that lies uncompressed against its checksum, for readers that take it in pieces from where it lies.
 * @throws CheckpointError when the two disagree
 */
export async function checkNpzArray(source: ByteSource, array: string, signal?: AbortSignal): Promise<void> {
  const entry = (await readZipDirectory(source)).get(`${array}.npy`)
  if (!entry || entry.compressed) return
  const start = await locateEntry(source, entry)
  let sum = 0
  for (let at = 0; at < entry.size; at += PIECE) {
    signal?.throwIfAborted()
    sum = crc32(await source.read(start + at, Math.min(PIECE, entry.size - at)), sum)
  }
  checkSum(sum, source, entry)
}

/** Bytes of an array that are in memory at once while it is checked. */
const PIECE = 2 ** 20

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
