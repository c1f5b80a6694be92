// numpy's .npy: a npyMagic, a Python dict literal {'descr', 'fortran_order', 'shape'}, the raw elements (numpy NEP 1).
// The literal is matched by its grammar, never evaluated; object arrays are refused.
import { type DType, dtypeSize, sizeOf } from '../core/dtype.ts'
import { ShapeError } from '../core/errors.ts'
import { type FileError, fileErrors, quote } from './file-error.ts'
import { maxNpyHeaderBytes } from './limits.ts'
import { isNpy, npyMagic } from './magic.ts'
import { columnMajor, rowMajor, type Storage, show, type Window, windowOf } from './storage.ts'
import type { ByteSource } from './types.ts'

/** numpy's type codes without byte order. */
export const numpyTypes: ReadonlyMap<string, DType> = new Map([
  ['f8', 'float64'],
  ['f4', 'float32'],
  ['f2', 'float16'],
  ['i8', 'int64'],
  ['i4', 'int32'],
  ['i2', 'int16'],
  ['i1', 'int8'],
  ['u8', 'uint64'],
  ['u4', 'uint32'],
  ['u2', 'uint16'],
  ['u1', 'uint8'],
  ['b1', 'bool'],
])

export const supportedNumpyTypes = [...numpyTypes.keys()].join(', ')

export interface NpyHeader {
  dtype: DType
  bigEndian: boolean
  fortranOrder: boolean
  shape: number[]
  /** Bytes before the first element. */
  dataOffset: number
}

/** An array whose elements are not read: of objects, text, records, dates or complex numbers. */
export interface ForeignNpy {
  /** numpy's type as the header writes it, such as `'|O'`. */
  foreign: string
}

/** Bytes that almost any header fits in: numpy pads headers to a multiple of 64. */
export const npyHeaderUsual = 512

/** Bytes that hold any acceptable header. */
export const npyHeaderReach = 12 + maxNpyHeaderBytes

/**
 * Reads the header at the start of `bytes`, which is the whole array or at least `npyHeaderReach` bytes of it.
 * @param total bytes of header and elements together
 * @throws CheckpointError when there is no valid header, or the size contradicts it
 */
export function parseNpyHeader(
  bytes: Uint8Array,
  total: number,
  fileError: FileError,
  place: string,
): NpyHeader | ForeignNpy {
  if (bytes.length < 12 || !isNpy(bytes)) throw fileError(place, 'the start of a .npy array', 'other bytes')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = view.getUint8(6)
  if (version < 1 || version > 3) throw fileError(place, '.npy version 1 to 3', `version ${version}`)
  const start = version === 1 ? 10 : 12
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > maxNpyHeaderBytes || start + length > bytes.length) {
    throw fileError(place, `a header of at most ${maxNpyHeaderBytes} bytes`, `${length} of ${total}`)
  }
  const text = new TextDecoder('latin1').decode(bytes.subarray(start, start + length))
  const found = parseLiteral(text, fileError, place)
  if ('foreign' in found) return found
  const header = { ...found, dataOffset: start + length }
  const expected = header.dataOffset + sizeOf(header.shape) * dtypeSize[header.dtype]
  if (expected !== total) {
    throw fileError(place, `${expected} bytes for ${header.dtype} ${show(header.shape)}`, `${total}`)
  }
  return header
}

const entry =
  /^\s*'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|\(\s*(?:\d+L?\s*(?:,\s*|(?=\))))*\)|\[.*\])\s*,?/

function parseLiteral(text: string, fileError: FileError, place: string): Omit<NpyHeader, 'dataOffset'> | ForeignNpy {
  const bad = () => fileError(place, "a header {'descr': ..., 'fortran_order': ..., 'shape': ...}", quote(text))
  const inner = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1]
  if (inner === undefined) throw bad()
  const values = new Map<string, string>()
  let rest = inner
  for (let match = entry.exec(rest); match; match = entry.exec(rest)) {
    if (values.has(match[1]!)) throw bad()
    values.set(match[1]!, match[2]!)
    rest = rest.slice(match[0].length)
  }
  const descr = values.get('descr')
  const order = values.get('fortran_order')
  const dims = values.get('shape')
  if (rest.trim() || !descr || !dims?.startsWith('(') || (order !== 'True' && order !== 'False')) throw bad()
  const dtype = /^'[<>|=]/.test(descr) ? numpyTypes.get(descr.slice(2, -1)) : undefined
  if (!dtype) return { foreign: descr }
  const shape = (dims.match(/\d+/g) ?? []).map(Number)
  return { dtype, bigEndian: descr[1] === '>', fortranOrder: order === 'True', shape }
}

/** The array behind a header as a window onto its elements. */
export function npyWindow(header: NpyHeader, storage: Storage, fileError: FileError, place: string): Window {
  const strides = header.fortranOrder ? columnMajor(header.shape) : rowMajor(header.shape)
  return windowOf(storage, header.shape, strides, 0, fileError, place)
}

/** The elements behind a header that begins at `start` of a source, uncompressed. */
export function npyStorage(
  source: ByteSource,
  start: number,
  { dtype, bigEndian, shape, dataOffset }: NpyHeader,
): Storage {
  const offset = start + dataOffset
  return {
    dtype,
    bigEndian,
    numel: sizeOf(shape),
    ...(source.path !== undefined && { location: { path: source.path, offset } }),
    bytes: (from, length) => source.read(offset + from, length),
  }
}

/** The array of a .npy file. */
export async function readNpy(source: ByteSource): Promise<Window> {
  const fileError = fileErrors(source.name)
  const head = await source.read(0, Math.min(source.size, npyHeaderReach))
  const header = parseNpyHeader(head, source.size, fileError, 'npy header')
  if ('foreign' in header) {
    const expected = `a dtype of ${supportedNumpyTypes}`
    throw fileError('npy header', expected, quote(header.foreign), 'Save it as one of these.')
  }
  return npyWindow(header, npyStorage(source, 0, header), fileError, 'npy header')
}

/** Typed arrays that numpy has a type for. */
export type NpyData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray

const codes: readonly (readonly [new (length: number) => NpyData, string])[] = [
  [Float64Array, '<f8'],
  [Float32Array, '<f4'],
  [BigInt64Array, '<i8'],
  [Int32Array, '<i4'],
  [Int16Array, '<i2'],
  [Int8Array, '|i1'],
  [Uint8Array, '|u1'],
  [Uint8ClampedArray, '|u1'],
]

/**
 * The header of a .npy file for an array, padded so that elements begin at a multiple of 64 bytes.
 * @throws ShapeError when shape and data disagree
 */
export function npyHeader(shape: readonly number[], data: NpyData): Uint8Array<ArrayBuffer> {
  const code = codes.find(([type]) => data instanceof type)![1]
  if (sizeOf(shape) !== data.length) {
    throw new ShapeError(`An array of shape [${shape.join(', ')}] has ${sizeOf(shape)} elements, got ${data.length}.`)
  }
  const dims = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`
  const literal = `{'descr': '${code}', 'fortran_order': False, 'shape': ${dims}, }`
  const length = Math.ceil((10 + literal.length + 1) / 64) * 64 - 10
  const bytes = new TextEncoder().encode(`${' '.repeat(10)}${literal.padEnd(length - 1)}\n`)
  bytes.set([...npyMagic, 1, 0, length & 255, length >> 8])
  return bytes
}

/**
 * A whole .npy file: `data` in row-major order.
 * @throws ShapeError when shape and data disagree
 * @see numpy NEP 1
 * @example
 * await writeFile('noise.npy', npyBytes([1, 680, 32], noise))
 */
export function npyBytes(shape: readonly number[], data: NpyData): Uint8Array<ArrayBuffer> {
  const header = npyHeader(shape, data)
  const bytes = new Uint8Array(header.length + data.byteLength)
  bytes.set(header)
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length)
  return bytes
}
