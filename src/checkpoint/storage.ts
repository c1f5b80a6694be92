// A tensor is a window onto a storage: dtype, shape, strides and an offset in elements, as in PyTorch and numpy.
// Windows are checked against their storage before anything is allocated; strided ones are gathered when read.
import { type DType, dtypeSize, sizeOf } from '../core/dtype.ts'
import { show } from '../core/show.ts'
import type { FileError } from './file-error.ts'
import { maxDimensions, maxExpandedBytes } from './limits.ts'
import type { TensorRef } from './types.ts'

export { show }

/** A run of elements somewhere; several tensors may share one. */
export interface Storage {
  readonly dtype: DType
  readonly numel: number
  readonly bigEndian?: boolean
  /** Where byte 0 lies in a local file; absent while unknown and where pointing at it is impossible. */
  readonly location?: { readonly path: string; readonly offset: number } | undefined
  /** Where its bytes lie compressed in a local file. */
  readonly packed?: TensorRef['location']
  bytes(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>
}

/** A storage as the unpickler hands it around; left in the tree it becomes a tensor of one axis. */
export class StorageValue {
  readonly storage: Storage

  constructor(storage: Storage) {
    this.storage = storage
  }
}

/** A checked window onto a storage; strides and offset count elements. */
export class Window {
  readonly storage: Storage
  readonly shape: readonly number[]
  readonly strides: readonly number[]
  readonly offset: number

  constructor(storage: Storage, shape: readonly number[], strides: readonly number[], offset: number) {
    this.storage = storage
    this.shape = shape
    this.strides = strides
    this.offset = offset
  }
}

/** Row-major strides of a shape. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= Math.max(shape[axis]!, 1)
  }
  return strides
}

/** Column-major ("Fortran") strides of a shape. */
export const columnMajor = (shape: readonly number[]): number[] => rowMajor(shape.toReversed()).reverse()

/** The window, or a CheckpointError when dimensions, strides or offset leave the storage; `place` names it. */
export function windowOf(
  storage: Storage,
  shape: unknown,
  strides: unknown,
  offset: unknown,
  fileError: FileError,
  place: string,
): Window {
  if (!isCounts(shape)) throw fileError(place, `a shape of at most ${maxDimensions} whole numbers`, show(shape))
  if (!isCounts(strides) || strides.length !== shape.length) {
    throw fileError(place, `${shape.length} strides that are whole numbers >= 0`, show(strides))
  }
  if (!isCount(offset)) throw fileError(place, 'a storage offset >= 0', show(offset))
  if (!Number.isSafeInteger(sizeOf(shape.map((dim) => dim || 1)))) {
    throw fileError(place, 'a shape whose element count can be counted', show(shape))
  }
  const numel = sizeOf(shape)
  const last = numel === 0 ? offset - 1 : shape.reduce((sum, dim, axis) => sum + (dim - 1) * strides[axis]!, offset)
  if (!Number.isSafeInteger(last) || last >= storage.numel) {
    const extent = `${storage.dtype} ${show(shape)} with strides ${show(strides)} from element ${offset}`
    throw fileError(place, `${extent} to fit its storage`, `a storage of ${storage.numel} elements`)
  }
  if (numel > storage.numel && numel * dtypeSize[storage.dtype] > maxExpandedBytes) {
    throw fileError(place, `at most ${storage.numel} elements, as the storage holds`, `shape ${show(shape)}`)
  }
  return new Window(storage, [...shape], [...strides], offset)
}

/** The window as a named tensor. */
export function tensorRef(name: string, { storage, shape, strides, offset }: Window): TensorRef {
  const { dtype } = storage
  const itemSize = dtypeSize[dtype]
  const numel = sizeOf(shape)
  const contiguous = numel === 0 || isRowMajor(shape, strides)
  const at = contiguous && !storage.bigEndian ? storage.location : undefined
  const location = at && { path: at.path, offset: at.offset + offset * itemSize, byteLength: numel * itemSize }
  const last = shape.reduce((sum, dim, axis) => sum + (dim - 1) * strides[axis]!, 0)
  const derived =
    numel > 0 && !location ? derivation(storage, shape, strides, offset, (last + 1) * itemSize) : undefined
  return {
    name,
    dtype,
    shape,
    ...(location && { location }),
    ...(derived && { derived }),
    async read() {
      if (numel === 0) return new Uint8Array(0)
      const span = await storage.bytes(offset * itemSize, (last + 1) * itemSize)
      if (storage.bigEndian) swapBytes(span, itemSize)
      return contiguous ? span : gather(span, itemSize, shape, strides)
    },
  }
}

/** How bytes that a graph cannot point at are made: from elements in another order or byte order, or compressed ones. */
function derivation(
  { dtype, bigEndian, location, packed }: Storage,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  span: number,
): TensorRef['derived'] {
  const from =
    packed ?? (location && { ...location, offset: location.offset + offset * dtypeSize[dtype], byteLength: span })
  if (!from) return undefined
  const how = packed ? `inflated from element ${offset}` : 'gathered'
  const order = bigEndian ? 'big-endian' : 'little-endian'
  const facts = [from.path, from.offset, from.byteLength, dtype, order, shape.join('x'), strides.join('x'), how]
  return { from, key: facts.join(':') }
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  const expected = rowMajor(shape)
  return shape.every((dim, axis) => dim === 1 || strides[axis] === expected[axis])
}

const words = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array }

function gather(
  span: Uint8Array<ArrayBuffer>,
  itemSize: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array<ArrayBuffer> {
  const Word = words[itemSize as keyof typeof words]
  const source = new Word(span.buffer, span.byteOffset, span.byteLength / itemSize)
  const out = new Word(sizeOf(shape))
  const rank = shape.length
  const inner = shape[rank - 1]!
  const innerStride = strides[rank - 1]!
  const index = new Array<number>(rank).fill(0)
  for (let start = 0, o = 0; o < out.length; ) {
    for (let i = 0; i < inner; i++) out[o++] = source[start + i * innerStride]!
    for (let axis = rank - 2; axis >= 0; axis--) {
      start += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      start -= shape[axis]! * strides[axis]!
      index[axis] = 0
    }
  }
  return new Uint8Array(out.buffer)
}

/** Reverses the bytes of every element in place. */
export function swapBytes(bytes: Uint8Array, itemSize: number): void {
  for (let i = 0; i < bytes.length; i += itemSize) bytes.subarray(i, i + itemSize).reverse()
}

/** A storage whose bytes lie in one piece at `start` of `bytes`. */
export function memoryStorage(dtype: DType, bytes: Uint8Array, bigEndian = false): Storage {
  return {
    dtype,
    bigEndian,
    numel: bytes.byteLength / dtypeSize[dtype],
    bytes: async (offset, length) => new Uint8Array(bytes.subarray(offset, offset + length)),
  }
}

/** The bytes of a storage as elements of another type. */
export function retyped(storage: Storage, dtype: DType): Storage {
  const byteLength = storage.numel * dtypeSize[storage.dtype]
  return {
    dtype,
    numel: Math.floor(byteLength / dtypeSize[dtype]),
    get location() {
      return storage.location
    },
    bytes: (offset, length) => storage.bytes(offset, length),
  }
}

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= maxDimensions && value.every(isCount)
}
