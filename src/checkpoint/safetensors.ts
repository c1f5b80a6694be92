// The safetensors format (github.com/huggingface/safetensors): u64 header length, JSON header, tensors back to back.
// The reader checks what the official one checks: no hole, no overlap, no duplicate, sizes that fit dtype and shape.
import { type DType, dtypeSize, sizeOf } from '../core/dtype.ts'
import { ShapeError } from '../core/errors.ts'
import { type FileError, fileErrors, quote } from './file-error.ts'
import { maxSafetensorsHeaderBytes, maxSafetensorsTensors } from './limits.ts'
import { type HeaderEntry, parseSafetensorsHeader } from './safetensors-header.ts'
import { rowMajor, type Window, windowOf } from './storage.ts'
import type { ByteSource } from './types.ts'

const dtypeNames: readonly (readonly [string, DType])[] = [
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U64', 'uint64'],
  ['U32', 'uint32'],
  ['U16', 'uint16'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
]
const dtypes = new Map(dtypeNames)
/** Types of the format that no network here has; such tensors are listed but not read. */
const foreignDtypes = new Set(['F8_E5M2', 'F8_E4M3', 'F8_E8M0', 'F6_E2M3', 'F6_E3M2', 'F4', 'C64'])
const codes = new Map(dtypeNames.map(([code, dtype]) => [dtype, code]))

interface Safetensors {
  /** In header order. */
  tensors: Map<string, Window>
  metadata: Map<string, string>
  /** Tensors of a type that no network here has, such as float8. */
  notRead: string[]
}

/** Reads the header of a safetensors file; tensors are read when they are asked for. */
export async function readSafetensors(source: ByteSource): Promise<Safetensors> {
  const fileError = fileErrors(source.name)
  const prefix = await source.read(0, 8)
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true))
  if (length > maxSafetensorsHeaderBytes || 8 + length > source.size) {
    const expected = `a header of at most ${Math.min(maxSafetensorsHeaderBytes, source.size - 8)} bytes`
    throw fileError('header', expected, `one of ${length}`)
  }
  const header = parseSafetensorsHeader(await source.read(8, length), maxSafetensorsTensors, fileError)
  const dataOffset = 8 + length
  checkLayout(header.entries, source.size - dataOffset, fileError)
  const tensors = new Map<string, Window>()
  const notRead: string[] = []
  for (const entry of header.entries) {
    if (foreignDtypes.has(entry.dtype)) notRead.push(`${entry.name} (${entry.dtype})`)
    else tensors.set(entry.name, windowOfEntry(source, dataOffset, entry, fileError))
  }
  return { tensors, metadata: header.metadata, notRead }
}

function checkLayout(entries: readonly HeaderEntry[], total: number, fileError: FileError): void {
  let end = 0
  for (const { name, begin, end: next } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    const place = `tensor ${quote(name)}`
    if (begin !== end) throw fileError(place, `data from byte ${end}, right after the one before`, `from ${begin}`)
    if (next < begin) throw fileError(place, 'offsets in order', `${begin} to ${next}`)
    end = next
  }
  if (end !== total) throw fileError('data', `${end} bytes, as the header says`, `${total}`)
}

function windowOfEntry(source: ByteSource, dataOffset: number, entry: HeaderEntry, fileError: FileError): Window {
  const place = `tensor ${quote(entry.name)}`
  const dtype = dtypes.get(entry.dtype)
  if (!dtype)
    throw fileError(place, `a dtype of ${[...dtypes.keys()].join(', ')}`, quote(entry.dtype), 'Convert it first.')
  const numel = (entry.end - entry.begin) / dtypeSize[dtype]
  if (sizeOf(entry.shape) !== numel) {
    const expected = `${sizeOf(entry.shape) * dtypeSize[dtype]} bytes for ${entry.dtype} [${entry.shape.slice(0, 8)}]`
    throw fileError(place, expected, `${entry.end - entry.begin}`)
  }
  const offset = dataOffset + entry.begin
  const storage = {
    dtype,
    numel,
    ...(source.path !== undefined && { location: { path: source.path, offset } }),
    bytes: (from: number, length: number) => source.read(offset + from, length),
  }
  return windowOf(storage, entry.shape, rowMajor(entry.shape), 0, fileError, place)
}

export interface NamedTensor {
  name: string
  dtype: DType
  shape: readonly number[]
  /** Row-major little-endian bytes. */
  data: Uint8Array
}

/**
 * A safetensors file as chunks: the header, then every tensor's data uncopied, the widest dtypes first so that all are aligned.
 * @throws ShapeError when data and shape disagree or a name comes twice
 * @see https://huggingface.co/docs/safetensors
 * @example
 * const bias = { name: 'bias', dtype: 'float32', shape: [2], data: new Uint8Array(8) }
 * for (const chunk of writeSafetensors([bias], { format: 'pt' })) await file.write(chunk)
 */
export function writeSafetensors(
  tensors: Iterable<NamedTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const sorted = [...tensors].sort((a, b) => dtypeSize[b.dtype] - dtypeSize[a.dtype])
  const entries = new Map<string, object>()
  if (Object.keys(metadata).length) entries.set('__metadata__', metadata)
  let end = 0
  for (const { name, dtype, shape, data } of sorted) {
    const begin = end
    end += sizeOf(shape) * dtypeSize[dtype]
    if (data.byteLength !== end - begin || entries.has(name)) {
      const found = entries.has(name) ? 'the name comes twice' : `got ${data.byteLength}`
      throw new ShapeError(`Tensor ${quote(name)} ${dtype} [${shape.join(', ')}] has ${end - begin} bytes; ${found}.`)
    }
    entries.set(name, { dtype: codes.get(dtype), shape, data_offsets: [begin, end] })
  }
  const members = Array.from(entries, ([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`)
  const json = new TextEncoder().encode(`{${members.join(',')}}`)
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true)
  header.set(json, 8)
  return [header, ...sorted.map(({ data }) => data)]
}
