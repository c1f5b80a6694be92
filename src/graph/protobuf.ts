// The wire format of protocol buffers, writing only: enough for ONNX models, and small enough for a page
// (protobuf.dev/programming-guides/encoding). A message is a table of its fields; what is undefined is not written.

/** A field's number and type; in an array: repeated, one tag for each value. 'packed' are int64 in one piece. */
export type Field = readonly [number, Kind]
type Single = 'int' | 'float' | 'string' | 'bytes' | Message
type Kind = Single | 'packed' | readonly [Single]
export interface Message {
  readonly [name: string]: Field
}

const VARINT = 0
const BYTES = 2
const FLOAT = 5

const utf8 = new TextEncoder()

/** Pieces of a message and their length; large ones are kept as they are until the end. */
class Pieces {
  length = 0
  readonly parts: Uint8Array[] = []
  private small: number[] = []

  /** An unsigned or negative 64-bit number. */
  varint(value: bigint | number): void {
    let rest = BigInt.asUintN(64, BigInt(value))
    while (rest > 127n) {
      this.small.push(Number(rest & 127n) | 128)
      rest >>= 7n
    }
    this.small.push(Number(rest))
  }

  bytes(bytes: Uint8Array): void {
    this.flush()
    this.parts.push(bytes)
    this.length += bytes.length
  }

  add(other: Pieces): void {
    this.flush()
    for (const part of other.flush().parts) this.parts.push(part)
    this.length += other.length
  }

  flush(): this {
    if (this.small.length) {
      this.parts.push(Uint8Array.from(this.small))
      this.length += this.small.length
      this.small = []
    }
    return this
  }
}

/**
 * The bytes of a message.
 * @example
 * encode({ name: [1, 'string'], sizes: [2, 'packed'] }, { name: 'a', sizes: [1, 300] }).length // 8
 */
export function encode(message: Message, value: object): Uint8Array {
  const { parts, length } = write(message, value).flush()
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function write(message: Message, value: object): Pieces {
  const out = new Pieces()
  for (const [name, [number, kind]] of Object.entries(message)) {
    const field = (value as Record<string, unknown>)[name]
    if (field === undefined) continue
    if (kind === 'packed') {
      const packed = new Pieces()
      for (const item of field as (bigint | number)[]) packed.varint(item)
      if ((field as unknown[]).length) delimited(out, number, packed)
    } else if (Array.isArray(kind)) for (const item of field as unknown[]) writeField(out, number, kind[0], item)
    else writeField(out, number, kind as Single, field)
  }
  return out
}

function writeField(out: Pieces, number: number, kind: Single, value: unknown): void {
  if (kind === 'int') {
    out.varint((number << 3) | VARINT)
    out.varint(value as bigint | number)
  } else if (kind === 'float') {
    out.varint((number << 3) | FLOAT)
    out.bytes(new Uint8Array(Float32Array.of(value as number).buffer))
  } else if (typeof kind === 'object') delimited(out, number, write(kind, value as object))
  else {
    const pieces = new Pieces()
    pieces.bytes(kind === 'string' ? utf8.encode(value as string) : (value as Uint8Array))
    delimited(out, number, pieces)
  }
}

function delimited(out: Pieces, number: number, content: Pieces): void {
  out.varint((number << 3) | BYTES)
  out.varint(content.flush().length)
  out.add(content)
}
