// The stack machine of the unpickler, on which opcodes work. Every bound is checked where it could be exceeded.
// Modelled on the opcode descriptions in CPython's Lib/pickletools.py; the opcodes themselves are in pickle.ts.
import { isDecimal } from '../core/decimal.ts'
import { show } from '../core/show.ts'
import { type FileError, notExecuted, quote } from './file-error.ts'
import { forbidden } from './forbidden.ts'
import { build, findGlobal, Global, type PickleContext } from './globals.ts'
import {
  builtBytes,
  maxBuiltBytes,
  maxIntegerBytes,
  maxIntegerDigits,
  maxNameCharacters,
  maxNotRead,
  maxNumberKeys,
  maxPickleOpcodes,
  maxTextBytes,
} from './limits.ts'
import { LongText } from './long-text.ts'
import { isDottedName, label, StandIn } from './stand-in.ts'
import { isCount } from './storage.ts'
import type { Key } from './types.ts'

/** Opcodes that may still run, and bytes that may still be built: values are small in a file and large in memory. */
export interface Allowance {
  opcodes: number
  bytes: number
}

/** What one file may use. */
export const newAllowance = (): Allowance => ({ opcodes: maxPickleOpcodes, bytes: maxBuiltBytes })

export interface PickleHost {
  /** What errors call the pickle, e.g. "data.pkl". */
  readonly place: string
  readonly fileError: FileError
  /** What may still be done and built, in all pickles of the file. */
  readonly allowance: Allowance
  /** Resolves a storage; without it persistent ids are refused. */
  persistent?(id: unknown, context: PickleContext): unknown
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
  /** Names of stand-ins, in the order of the file. */
  readonly notRead = new Set<string>()
  readonly #unknown = new Map<string, Global>()
  /** Keys that stand for values which are no text of the file, by the dict or set they are in. */
  readonly #replaced = new WeakMap<object, Set<Key>>()

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
    return this.host.fileError(this.place, expected, found, remedy)
  }

  get fileError(): FileError {
    return this.host.fileError
  }

  spend(amount: number): void {
    this.host.allowance.bytes -= amount
    if (this.host.allowance.bytes < 0) throw this.fail(`values and copies of at most ${maxBuiltBytes} bytes`, 'more')
  }

  /**
   * Text and numbers are keys as they are; tuples and objects become text, whose length is spent before it is joined. Text is
   * cut where it is no name: the engine tells keys of 16,384 characters and more apart by comparing them all.
   */
  key(value: unknown, depth = 0): Key {
    if (typeof value === 'string') {
      if (value.length <= maxNameCharacters) return value
      this.spend(builtBytes.value + maxNameCharacters)
      return `${value.slice(0, maxNameCharacters)}...`
    }
    if (value === null || ['number', 'boolean', 'bigint'].includes(typeof value)) return value as Key
    if (value instanceof Set || Array.isArray(value)) {
      const size = value instanceof Set ? value.size : value.length
      if (size > 16) return `${size} values`
      if (depth === 4) throw this.fail('a key that is text or a number', 'tuples in tuples')
      const parts = Array.from(value, (part) => String(this.key(part, depth + 1)))
      this.spend(parts.reduce<number>((sum, part) => sum + part.length + 2, builtBytes.value))
      return this.key(value instanceof Set ? `{${parts.join(', ')}}` : `(${parts.join(', ')})`)
    }
    if (value instanceof Map) throw this.fail('a key that is text or a number', 'a dict')
    this.spend(builtBytes.object)
    return this.key(value instanceof StandIn ? value.toString() : label(value))
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

  /** The bytes before the next line end, as UTF-8 (names) or latin-1 (protocol 0). */
  line(decode: (bytes: Uint8Array) => string | LongText = (bytes) => this.text(bytes)): string {
    const end = this.bytes.indexOf(10, this.at)
    if (end < 0) throw truncated
    const text = decode(this.slice(end - this.at))
    this.at++
    if (typeof text !== 'string')
      throw this.fail(`a line of at most ${maxTextBytes} bytes`, `${text.bytes.length} bytes`)
    return text
  }

  latin1Line = () => this.line((bytes) => this.latin1(bytes))

  text(bytes: Uint8Array): string | LongText {
    this.spend(builtBytes.value)
    if (bytes.length > maxTextBytes) return new LongText(bytes, true)
    this.spend(bytes.length)
    try {
      return utf8.decode(bytes)
    } catch {
      throw this.fail('text in UTF-8', 'other bytes')
    }
  }

  /** Strings of Python 2; joined piecewise because an argument list has its limits. */
  latin1(bytes: Uint8Array): string | LongText {
    this.spend(builtBytes.value)
    if (bytes.length > maxTextBytes) return new LongText(bytes, false)
    this.spend(bytes.length)
    let text = ''
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192))
    return text
  }

  binary(bytes: Uint8Array): Uint8Array {
    this.spend(builtBytes.object)
    return bytes
  }

  /** A two's complement integer, little-endian, taken in words of 64 bits from the highest on. */
  integer(length: number): number | bigint {
    if (length > maxIntegerBytes) throw this.fail(`an integer of at most ${maxIntegerBytes} bytes`, `${length} bytes`)
    const bytes = this.slice(length)
    if (length === 0) return 0
    this.spend(builtBytes.value + length)
    const padded = new Uint8Array(8 * Math.ceil(length / 8)).fill(bytes[length - 1]! & 0x80 ? 0xff : 0)
    padded.set(bytes)
    const words = new DataView(padded.buffer)
    let value = words.getBigInt64(padded.length - 8, true)
    for (let at = padded.length - 16; at >= 0; at -= 8) value = (value << 64n) | words.getBigUint64(at, true)
    return narrow(value)
  }

  /** The integer of a line of protocol 0, without the L that Python 2 put behind long ones. */
  decimal(line: string): number | bigint {
    const digits = line.replace(/L$/, '')
    if (!/^[+-]?\d+$/.test(digits) || digits.length > maxIntegerDigits) {
      throw this.fail(`a whole number of at most ${maxIntegerDigits} digits`, quote(line, 40))
    }
    this.spend(builtBytes.value + digits.length / 2)
    return narrow(BigInt(digits))
  }

  /** INT of protocol 0: 00 and 01 are its booleans. */
  int(line: string): number | bigint | boolean {
    return line === '00' || line === '01' ? line === '01' : this.decimal(line)
  }

  float(line: string): number {
    const word = /^([+-]?)(inf|nan)$/.exec(line)
    if (word) return word[2] === 'nan' ? Number.NaN : Number(`${word[1]}Infinity`)
    if (line.length > maxIntegerDigits || !isDecimal(line)) {
      throw this.fail(`a number of at most ${maxIntegerDigits} characters`, quote(line, 40))
    }
    return Number(line)
  }

  /** What escapes of protocol 0 take while they are replaced, one by one. */
  #spendEscapes(text: string): void {
    if (text.includes('\\')) this.spend(builtBytes.escape * text.length)
  }

  /** STRING of protocol 0: a literal of Python 2 in quotes. */
  literal(line: string): string | LongText {
    const body = /^(['"])(.*)\1$/s.exec(line)?.[2]
    if (body === undefined) throw this.fail('text in quotes', quote(line, 40))
    this.#spendEscapes(body)
    return body.replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)/gs, (_, code: string) => {
      if (code[0] === 'x') return String.fromCharCode(Number.parseInt(code.slice(1), 16))
      if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 255)
      return escapes.get(code) ?? code
    })
  }

  /** UNICODE of protocol 0: latin-1 in which other characters are written \\uXXXX or \\UXXXXXXXX. */
  rawUnicode(line: string): string {
    this.#spendEscapes(line)
    return line.replace(/\\u([0-9a-fA-F]{4})|\\U(00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})/g, (_, short, long) =>
      String.fromCodePoint(Number.parseInt(short ?? long, 16)),
    )
  }

  stop(): void {
    this.stopped = true
  }

  protocol(version: number): void {
    if (version > 5) throw this.fail('pickle protocol 0 to 5', `protocol ${version}`)
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
    if (index > maxPickleOpcodes) throw this.fail(`a memo below ${maxPickleOpcodes}`, `${index}`)
    this.spend(builtBytes.member)
    this.memo.set(index, this.top())
  }

  get(index: number): void {
    if (!this.memo.has(index)) throw this.fail(`memo ${index} to be set`, `${this.memo.size} others`)
    this.push(this.memo.get(index))
  }

  append(items: unknown[]): void {
    const target = this.top()
    const members = target instanceof StandIn ? target.members : target
    if (!Array.isArray(members)) throw this.fail('a list to append to', 'another value')
    this.spend(builtBytes.item * items.length)
    for (const item of items) members.push(item)
  }

  setItems(items: unknown[]): void {
    const target = this.top()
    const map = target instanceof StandIn ? target.entries : target
    if (!(map instanceof Map)) throw this.fail('a dict to fill', 'another value')
    if (items.length % 2) throw this.fail('keys with values', `${items.length} values`)
    this.spend((builtBytes.member * items.length) / 2)
    for (let i = 0; i < items.length; i += 2) map.set(this.keyIn(map, items[i]), items[i + 1])
  }

  /**
   * A value as it may join a dict or a set. V8 hashes numbers by a function without a secret, so anyone can find a hundred thousand
   * that all fall into one bucket, where each is compared with all others: from a certain size on numbers become text.
   * Two values that look alike as text are two keys all the same.
   */
  keyIn(target: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>, value: unknown): Key {
    const key = this.key(value)
    const isNumber = typeof key === 'number' || typeof key === 'bigint'
    const safe = isNumber && target.size >= maxNumberKeys && !target.has(key) ? String(key) : key
    const replaced = this.#replaced.get(target)
    const isWritten = safe === value
    if (isWritten && !replaced?.has(safe)) return safe
    const distinct = target.has(safe) ? `${safe} #${target.size + 1}` : safe
    this.spend(builtBytes.value + builtBytes.member + String(distinct).length)
    if (!isWritten) this.#replaced.set(target, (replaced ?? new Set()).add(distinct))
    return distinct
  }

  addItems(items: unknown[]): void {
    const target = this.top()
    if (target instanceof StandIn) {
      this.append(items)
      return
    }
    if (!(target instanceof Set)) throw this.fail('a set to fill', 'another value')
    this.spend(builtBytes.member * items.length)
    for (const item of items) target.add(this.keyIn(target, item))
  }

  dict(items: unknown[]): void {
    this.spend(builtBytes.dict)
    this.push(new Map())
    this.setItems(items)
  }

  list(items: unknown[]): void {
    this.spend(builtBytes.list + builtBytes.item * items.length)
    this.push(items)
  }

  set(items: unknown[]): void {
    this.spend(builtBytes.dict)
    this.push(new Set())
    this.addItems(items)
  }

  global([module, name]: unknown[]): void {
    if (typeof module !== 'string' || typeof name !== 'string')
      throw this.fail('two strings that name a global', 'others')
    this.push(findGlobal(module, name) ?? this.#unknownGlobal(module, name))
  }

  /** A name that is not on the list: refused if only an attack uses it, otherwise kept as a name. */
  #unknownGlobal(module: string, name: string): Global {
    const dotted = `${module === '__builtin__' ? 'builtins' : module}.${name}`
    const known = this.#unknown.get(dotted)
    if (known) return known
    this.spend(builtBytes.name)
    const reason = isDottedName(module, name) ? forbidden(module, name) : 'is no name of a class'
    if (reason) {
      const found = `the global ${quote(`${module}.${name}`)}, which ${reason} and is not on the list of harmless ones`
      throw this.fail('nothing but tensors and plain values', found, notExecuted)
    }
    this.spend(builtBytes.object + builtBytes.member + dotted.length)
    const global = new Global(dotted, { isKnown: false })
    this.#unknown.set(dotted, global)
    this.#list(dotted)
    return global
  }

  standIn(name: string, args: readonly unknown[] = []): StandIn {
    this.spend(builtBytes.dict + builtBytes.object)
    this.#list(name)
    return new StandIn(name, args)
  }

  #list(name: string): void {
    if (this.notRead.size < maxNotRead) this.notRead.add(name)
  }

  apply(callee: unknown, args: unknown): unknown {
    const name = callee instanceof Global || callee instanceof StandIn ? callee.name : undefined
    const call = callee instanceof Global ? callee.call : undefined
    if (name === undefined || (callee instanceof Global && callee.isKnown && !call)) {
      throw this.fail('a harmless function to apply', name === undefined ? 'another value' : quote(name))
    }
    if (!Array.isArray(args)) throw this.fail(`arguments of ${name}`, 'no tuple')
    return call ? call(args, this) : this.standIn(name, args)
  }

  call([callee, args]: unknown[]): void {
    this.push(this.apply(callee, args))
  }

  /** A number of protocol 0 that names a place of the memo. */
  index(): number {
    const value = this.decimal(this.latin1Line())
    if (!isCount(value)) throw this.fail('the number of a memo', show(value))
    return value
  }

  inst(): void {
    const args = this.popMark()
    this.global([this.line(), this.line()])
    this.instance([this.pop(), ...args])
  }

  /** INST and OBJ: a class with what lies above the mark. */
  instance([callee, ...args]: unknown[]): void {
    this.call([callee, args])
  }

  build(state: unknown): void {
    build(this.top(), state, this)
  }

  persistent(id: unknown): void {
    if (!this.host.persistent) throw this.fail('no persistent id', 'one')
    this.push(this.host.persistent(id, this))
  }
}

const narrow = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value)

/** What Python writes behind a backslash. */
const escapes = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
  ['\n', ''],
])
