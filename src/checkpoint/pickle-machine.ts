// The stack machine of the unpickler: what opcodes work on, with every bound checked where it could be crossed.
// Modelled on the opcode descriptions in CPython's Lib/pickletools.py; the opcodes themselves are in pickle.ts.
import { type Complain, quote } from './complain.ts'
import { build, findGlobal, Global, type PickleContext } from './globals.ts'
import { maxIntegerBytes, maxPickleBytes } from './limits.ts'
import type { Key } from './types.ts'

export interface PickleHost {
  /** What errors call the pickle, e.g. "data.pkl". */
  readonly place: string
  readonly complain: Complain
  /** Resolves a storage; without it persistent ids are refused. */
  persistent?(id: unknown, place: string): unknown
}

/** The bytes ended before the pickle did; with more bytes it might go on. */
export const truncated = Symbol('truncated pickle')

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Stack, marks and memo of one pickle, and what its opcodes do with them. */
export class Machine implements PickleContext {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly host: PickleHost
  readonly stack: unknown[] = []
  readonly marks: number[] = []
  readonly memo = new Map<number, unknown>()
  at: number
  opcodeAt: number
  stopped = false
  /** What applied functions may still copy: a shared value copied again and again must not add up. */
  allowance = maxPickleBytes

  constructor(bytes: Uint8Array, start: number, host: PickleHost) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.host = host
    this.at = start
    this.opcodeAt = start
  }

  get place(): string {
    return `${this.host.place}, byte ${this.opcodeAt}`
  }

  fail(expected: string, found: string, remedy?: string) {
    return this.host.complain(this.place, expected, found, remedy)
  }

  get complain(): Complain {
    return this.host.complain
  }

  spend(amount: number): void {
    this.allowance -= amount
    if (this.allowance < 0) throw this.fail(`copies of at most ${maxPickleBytes} bytes`, 'more')
  }

  key(value: unknown): Key {
    if (value === null || ['string', 'number', 'boolean', 'bigint'].includes(typeof value)) return value as Key
    const isTuple = Array.isArray(value) && value.length <= 16 && value.every((part) => typeof part !== 'object')
    if (isTuple) return `(${value.join(', ')})`
    throw this.fail('a key that is text or a number', 'another value')
  }

  /** Moves past `length` bytes and gives where they begin. */
  take(length: number): number {
    const from = this.at
    if (length > this.bytes.length - from) throw truncated
    this.at += length
    return from
  }

  slice(length: number): Uint8Array {
    const from = this.take(length)
    return this.bytes.subarray(from, from + length)
  }

  u8 = () => this.view.getUint8(this.take(1))
  u16 = () => this.view.getUint16(this.take(2), true)
  u32 = () => this.view.getUint32(this.take(4), true)
  u64 = () => Number(this.view.getBigUint64(this.take(8), true))

  line(): string {
    const end = this.bytes.indexOf(10, this.at)
    if (end < 0) throw truncated
    const text = this.text(this.slice(end - this.at))
    this.at++
    return text
  }

  text(bytes: Uint8Array): string {
    try {
      return utf8.decode(bytes)
    } catch {
      throw this.fail('text in UTF-8', 'other bytes')
    }
  }

  /** Strings of Python 2; joined piecewise because an argument list has its limits. */
  latin1(bytes: Uint8Array): string {
    let text = ''
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192))
    return text
  }

  integer(length: number): number | bigint {
    if (length > maxIntegerBytes) throw this.fail(`an integer of at most ${maxIntegerBytes} bytes`, `${length} bytes`)
    const bytes = this.slice(length)
    let value = 0n
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
    value = BigInt.asIntN(8 * length, value)
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }

  stop(): void {
    this.stopped = true
  }

  protocol(version: number): void {
    if (version > 5) throw this.fail('pickle protocol 1 to 5', `protocol ${version}`)
  }

  frame(length: number): void {
    if (length > this.bytes.length - this.at) throw truncated
  }

  push(value: unknown): void {
    this.stack.push(value)
  }

  pop(): unknown {
    this.needs(1)
    return this.stack.pop()
  }

  top(): unknown {
    this.needs(1)
    return this.stack.at(-1)
  }

  needs(count: number): void {
    if (this.stack.length - (this.marks.at(-1) ?? 0) < count) throw this.fail('a value on the stack', 'none')
  }

  popMark(): unknown[] {
    const mark = this.marks.pop()
    if (mark === undefined) throw this.fail('a mark on the stack', 'none')
    return this.stack.splice(mark)
  }

  popMany(count: number): unknown[] {
    this.needs(count)
    return this.stack.splice(this.stack.length - count)
  }

  mark(): void {
    this.marks.push(this.stack.length)
  }

  put(index: number): void {
    this.memo.set(index, this.top())
  }

  get(index: number): void {
    if (!this.memo.has(index)) throw this.fail(`memo ${index} to be set`, `${this.memo.size} others`)
    this.push(this.memo.get(index))
  }

  append(items: unknown[]): void {
    const target = this.top()
    if (!Array.isArray(target)) throw this.fail('a list to append to', 'another value')
    for (const item of items) target.push(item)
  }

  setItems(items: unknown[]): void {
    const target = this.top()
    if (!(target instanceof Map)) throw this.fail('a dict to fill', 'another value')
    if (items.length % 2) throw this.fail('keys with values', `${items.length} values`)
    for (let i = 0; i < items.length; i += 2) target.set(this.key(items[i]), items[i + 1])
  }

  addItems(items: unknown[]): void {
    const target = this.top()
    if (!(target instanceof Set)) throw this.fail('a set to fill', 'another value')
    for (const item of items) target.add(this.key(item))
  }

  dict(items: unknown[]): void {
    this.push(new Map())
    this.setItems(items)
  }

  set(items: unknown[]): void {
    this.push(new Set())
    this.addItems(items)
  }

  global([module, name]: unknown[]): void {
    if (typeof module !== 'string' || typeof name !== 'string')
      throw this.fail('two strings that name a global', 'others')
    const found = findGlobal(module, name)
    if (!found) {
      throw this.fail(
        'nothing but tensors and plain values',
        `the global ${quote(`${module}.${name}`)}, which is not on the list of harmless ones`,
        'Nothing of it was executed. If you trust the file, load it in PyTorch and save its state dict alone.',
      )
    }
    this.push(found)
  }

  call([callee, args]: unknown[]): void {
    if (!(callee instanceof Global) || !callee.call) throw this.fail('a harmless function to apply', 'another value')
    if (!Array.isArray(args)) throw this.fail(`arguments of ${callee.name}`, 'no tuple')
    this.push(callee.call(args, this))
  }

  build(state: unknown): void {
    build(this.top(), state, this)
  }

  persistent(id: unknown): void {
    if (!this.host.persistent) throw this.fail('no persistent id', 'one')
    this.push(this.host.persistent(id, this.place))
  }
}
