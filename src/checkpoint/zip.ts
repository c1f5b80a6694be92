// The directory of a zip archive, read from its end without touching the entries (PKWARE APPNOTE 6.3.10).
// It replaces yauzl, which needs Node streams; this code runs over any ByteSource, browsers included. It also refuses an archive
// if its two directories disagree, if entries overlap, or if a name leaves the archive.
import { type FileError, fileErrors, quote } from './file-error.ts'
import { maxDirectoryBytes, maxEntries } from './limits.ts'
import type { ByteSource } from './types.ts'

export interface ZipEntry {
  readonly name: string
  readonly compressed: boolean
  readonly size: number
  readonly compressedSize: number
  readonly crc32: number
  readonly flags: number
  readonly headerOffset: number
  /** Where the next entry or the directory begins: nothing of this entry may reach beyond. */
  readonly limit: number
}

const endSize = 22
const end64Size = 56
const locatorSize = 20
const saturated16 = 0xffff
const saturated32 = 0xffffffff
const encrypted = 1 << 0
const sizesFollowData = 1 << 3
const encryptedDirectory = 1 << 13

/**
 * The entries of a zip archive by name, in directory order; reads its end only.
 * @throws CheckpointError when the archive is cut off, inconsistent, encrypted, spans disks or uses forbidden names
 */
export async function readZipDirectory(source: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const fileError = fileErrors(source.name)
  const end = await findEnd(source, fileError)
  if (end.count > maxEntries || end.size > maxDirectoryBytes) {
    throw fileError('zip directory', `at most ${maxEntries} entries`, `${end.count} in ${end.size} bytes`)
  }
  if (end.offset + end.size !== end.at) {
    const found = `one said to span bytes ${end.offset} to ${end.offset + end.size}`
    throw fileError('zip directory', `a directory that ends at byte ${end.at}`, found)
  }
  const bytes = await source.read(end.offset, end.size)
  return withLimits(parseDirectory(bytes, end.count, fileError), end.offset, fileError)
}

interface DirectoryEnd {
  count: number
  size: number
  offset: number
  /** Where the records that close the archive begin. */
  at: number
}

async function findEnd(source: ByteSource, fileError: FileError): Promise<DirectoryEnd> {
  const tailSize = Math.min(source.size, endSize + saturated16 + locatorSize + end64Size)
  const tailOffset = source.size - tailSize
  const tail = viewOf(await source.read(tailOffset, tailSize))
  let at = tailSize - endSize
  while (
    at >= 0 &&
    !(tail.getUint32(at, true) === 0x06054b50 && tail.getUint16(at + 20, true) === tailSize - endSize - at)
  )
    at--
  if (at < 0) {
    throw fileError(
      'end of file',
      'the closing record of a zip archive',
      'none',
      'The file is cut off: fetch it again.',
    )
  }
  const disks = tail.getUint16(at + 4, true) + tail.getUint16(at + 6, true)
  const end = {
    count: tail.getUint16(at + 10, true),
    size: tail.getUint32(at + 12, true),
    offset: tail.getUint32(at + 16, true),
    at: tailOffset + at,
  }
  if (disks !== 0 || tail.getUint16(at + 8, true) !== end.count) {
    throw fileError('closing zip record', 'an archive in one piece', 'a part of several')
  }
  const locator = at - locatorSize
  if (locator < 0 || tail.getUint32(locator, true) !== 0x07064b50) return end
  return findEnd64(tail, locator, tailOffset, end, fileError)
}

function findEnd64(tail: DataView, locator: number, tailOffset: number, end: DirectoryEnd, fileError: FileError) {
  const at = Number(tail.getBigUint64(locator + 8, true)) - tailOffset
  if (at !== locator - end64Size || at < 0 || tail.getUint32(at, true) !== 0x06064b50) {
    throw fileError('Zip64 locator', 'the Zip64 record directly before it', 'another place or none')
  }
  const end64 = {
    count: Number(tail.getBigUint64(at + 32, true)),
    size: Number(tail.getBigUint64(at + 40, true)),
    offset: Number(tail.getBigUint64(at + 48, true)),
    at: tailOffset + at,
  }
  const agrees =
    (end.count === saturated16 || end.count === end64.count) &&
    (end.size === saturated32 || end.size === end64.size) &&
    (end.offset === saturated32 || end.offset === end64.offset)
  if (!agrees) throw fileError('closing zip record', 'the numbers of the Zip64 record', 'others')
  return end64
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function parseDirectory(bytes: Uint8Array, count: number, fileError: FileError): ZipEntry[] {
  const view = viewOf(bytes)
  const entries: ZipEntry[] = []
  const names = new Set<string>()
  let at = 0
  for (let i = 0; i < count; i++) {
    const place = `zip directory, entry ${i}`
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) {
      throw fileError(place, `${count} entries`, 'something else')
    }
    const nameEnd = at + 46 + view.getUint16(at + 28, true)
    const extraEnd = nameEnd + view.getUint16(at + 30, true)
    const next = extraEnd + view.getUint16(at + 32, true)
    if (next > bytes.length) throw fileError(place, 'an entry inside the directory', 'one that reaches beyond it')
    const name = entryName(bytes.subarray(at + 46, nameEnd), place, fileError)
    if (names.has(name)) throw fileError(place, 'every name once', `${quote(name)} twice`)
    names.add(name)
    entries.push(parseEntry(view, at, name, bytes.subarray(nameEnd, extraEnd), fileError))
    at = next
  }
  if (at !== bytes.length) throw fileError('zip directory', `${count} entries`, `${bytes.length - at} bytes more`)
  return entries
}

function parseEntry(view: DataView, at: number, name: string, extra: Uint8Array, fileError: FileError): ZipEntry {
  const place = `zip entry ${quote(name)}`
  const flags = view.getUint16(at + 8, true)
  const method = view.getUint16(at + 10, true)
  if (flags & (encrypted | encryptedDirectory)) {
    throw fileError(place, 'plain bytes', 'encrypted ones', 'Decrypt the file first.')
  }
  if (method !== 0 && method !== 8) {
    throw fileError(
      place,
      'stored or deflated bytes',
      `compression method ${method}`,
      'Save the file without compression.',
    )
  }
  const [size, compressedSize, headerOffset] = widen(
    [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
    extra,
    () => fileError(place, 'its Zip64 sizes', 'none'),
  )
  if (method === 0 && size !== compressedSize) {
    throw fileError(place, 'equal sizes, as it is stored', `${size} and ${compressedSize} bytes`)
  }
  const crc32 = view.getUint32(at + 16, true)
  return { name, compressed: method === 8, size, compressedSize, crc32, flags, headerOffset, limit: 0 }
}

/** Replaces the fields that are saturated, in their order, by those of the Zip64 extra field. */
function widen(fields: [number, number, number], extra: Uint8Array, missing: () => Error): [number, number, number]
function widen(fields: [number, number], extra: Uint8Array, missing: () => Error): [number, number]
function widen(fields: number[], extra: Uint8Array, missing: () => Error): number[] {
  if (!fields.includes(saturated32)) return fields
  const view = viewOf(extra)
  for (let at = 0; at + 4 <= extra.length; ) {
    const next = at + 4 + view.getUint16(at + 2, true)
    if (view.getUint16(at, true) === 1 && next <= extra.length) {
      let field = at + 4
      return fields.map((value) => {
        if (value !== saturated32) return value
        if (field + 8 > next) throw missing()
        field += 8
        return Number(view.getBigUint64(field - 8, true))
      })
    }
    at = next
  }
  throw missing()
}

function entryName(bytes: Uint8Array, place: string, fileError: FileError): string {
  let name: string
  try {
    name = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw fileError(place, 'a name in UTF-8', 'other bytes')
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const escapes = /^$|^[/\\]|^[A-Za-z]:|\\|[\x00-\x1f]/.test(name) || name.split('/').includes('..')
  if (escapes) throw fileError(place, 'a plain relative name', quote(name))
  return name
}

function withLimits(entries: ZipEntry[], directoryOffset: number, fileError: FileError): Map<string, ZipEntry> {
  const limits = new Map<ZipEntry, number>()
  let limit = directoryOffset
  for (const entry of entries.toSorted((a, b) => b.headerOffset - a.headerOffset)) {
    const least = entry.headerOffset + 30 + entry.name.length + entry.compressedSize
    if (!(least <= limit)) {
      const found = `bytes ${entry.headerOffset} to ${least}, where something else begins at ${limit}`
      throw fileError(`zip entry ${quote(entry.name)}`, 'a place of its own', found)
    }
    limits.set(entry, limit)
    limit = entry.headerOffset
  }
  return new Map(entries.map((entry) => [entry.name, { ...entry, limit: limits.get(entry)! }]))
}

/**
 * Where the bytes of an entry begin; reads its local header and compares it with the directory.
 * @throws CheckpointError when the two disagree
 */
export async function locateEntry(source: ByteSource, entry: ZipEntry): Promise<number> {
  const fileError = fileErrors(source.name)
  const place = `local header of zip entry ${quote(entry.name)}`
  const nameBytes = new TextEncoder().encode(entry.name)
  const fixed = 30 + nameBytes.length
  if (entry.headerOffset + fixed > entry.limit) throw fileError(place, `${fixed} bytes`, 'fewer')
  const header = await source.read(entry.headerOffset, fixed)
  const view = viewOf(header)
  const sameName =
    view.getUint16(26, true) === nameBytes.length && nameBytes.every((byte, i) => header[30 + i] === byte)
  if (view.getUint32(0, true) !== 0x04034b50) throw fileError(place, 'a local header', 'other bytes')
  if (!sameName) throw fileError(place, 'the name the directory gives', 'another')
  if (view.getUint16(8, true) !== (entry.compressed ? 8 : 0))
    throw fileError(place, 'the directory’s method', 'another')
  const changed = (view.getUint16(6, true) ^ entry.flags) & (encrypted | sizesFollowData)
  if (changed) throw fileError(place, 'the flags of the directory', 'others')

  const start = entry.headerOffset + fixed + view.getUint16(28, true)
  if (start + entry.compressedSize > entry.limit) {
    throw fileError(place, `${entry.compressedSize} bytes before byte ${entry.limit}`, `data from byte ${start}`)
  }
  const crc = view.getUint32(14, true)
  const stated: [number, number] = [view.getUint32(22, true), view.getUint32(18, true)]
  if (entry.flags & sizesFollowData && crc === 0 && stated.every((size) => size === 0 || size === saturated32))
    return start
  const extra = stated.includes(saturated32)
    ? await source.read(entry.headerOffset + fixed, view.getUint16(28, true))
    : header
  const [size, compressedSize] = widen(stated, extra, () => fileError(place, 'its Zip64 sizes', 'none'))
  if (size !== entry.size || compressedSize !== entry.compressedSize || crc !== entry.crc32) {
    const expected = `${entry.size} bytes (${entry.compressedSize} stored), as in the directory`
    throw fileError(place, expected, `${size} (${compressedSize}), or another checksum`)
  }
  return start
}
