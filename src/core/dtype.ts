// Element types as checkpoints, graphs and the engine name them, and conversion to the typed arrays of JavaScript.

/** Element types that a checkpoint may hold. */
export type DType =
  | 'float64'
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'bool'

/** Bytes per element. */
export const dtypeSize: Readonly<Record<DType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint64: 8,
  uint32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1)
}

/** Decodes little-endian raw bytes of any dtype to float32 (float64 and integers beyond 2^24 are rounded). */
export function toFloat32(bytes: Uint8Array, dtype: DType): Float32Array {
  const n = bytes.byteLength / dtypeSize[dtype]
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (dtype === 'float32' && bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, n)
  const out = new Float32Array(n)
  const read = readers[dtype]
  for (let i = 0; i < n; i++) out[i] = read(view, i)
  return out
}

/** Decodes little-endian raw bytes of any dtype to float64 (int64 and uint64 beyond 2^53 are rounded). */
export function toFloat64(bytes: Uint8Array, dtype: DType): Float64Array {
  const n = bytes.byteLength / dtypeSize[dtype]
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const read = readers[dtype]
  return Float64Array.from({ length: n }, (_, i) => read(view, i))
}

/** Widens an IEEE binary16 bit pattern. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

const bits32 = new DataView(new ArrayBuffer(4))

/** Widens a bfloat16 bit pattern (the upper half of a float32). */
export function bfloat16ToNumber(bits: number): number {
  bits32.setUint32(0, bits << 16)
  return bits32.getFloat32(0)
}

const readers: Record<DType, (view: DataView, i: number) => number> = {
  float64: (v, i) => v.getFloat64(i * 8, true),
  float32: (v, i) => v.getFloat32(i * 4, true),
  float16: (v, i) => float16ToNumber(v.getUint16(i * 2, true)),
  bfloat16: (v, i) => bfloat16ToNumber(v.getUint16(i * 2, true)),
  int64: (v, i) => Number(v.getBigInt64(i * 8, true)),
  int32: (v, i) => v.getInt32(i * 4, true),
  int16: (v, i) => v.getInt16(i * 2, true),
  int8: (v, i) => v.getInt8(i),
  uint64: (v, i) => Number(v.getBigUint64(i * 8, true)),
  uint32: (v, i) => v.getUint32(i * 4, true),
  uint16: (v, i) => v.getUint16(i * 2, true),
  uint8: (v, i) => v.getUint8(i),
  bool: (v, i) => (v.getUint8(i) ? 1 : 0),
}
