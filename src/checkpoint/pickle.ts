// The pickle machine without its power: it builds plain values and calls nothing but the table of globals.ts.
// Opcodes as in CPython's Lib/pickletools.py; those that run code, import freely or leave the file are refused by name.
import { type Complain, quote } from './complain.ts'
import { build, findGlobal, Global, type PickleContext } from './globals.ts'
import { maxIntegerBytes, maxPickleBytes, maxPickleOpcodes } from './limits.ts'
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

/**
 * Reads one pickle that begins at `start` and says where it ends, or `truncated`.
 * Dicts come out as Map, lists and tuples as arrays, sets as Set; classes as `Global`.
 * @throws CheckpointError for everything that is not plain data, naming opcode and byte
 */
export function unpickle(bytes: Uint8Array, start: number, host: PickleHost): Pickled | typeof truncated {
  const machine = new Machine(bytes, start, host)
  try {
    return { value: machine.run(), end: machine.at }
  } catch (error) {
    if (error === truncated) return truncated
    throw error
  }
}

export interface Pickled {
  value: unknown
  end: number
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const latin1 = (bytes: Uint8Array): string => {
  let text = ''
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return text
}

class Machine implements PickleContext {
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

  run(): unknown {
    for (let count = 0; !this.stopped; count++) {
      if (count === maxPickleOpcodes) throw this.fail(`at most ${maxPickleOpcodes} opcodes`, 'more')
      this.opcodeAt = this.at
      const opcode = this.bytes[this.take(1)]!
      const run = opcodes[opcode]
      if (!run) throw this.refuse(opcode)
      run(this)
    }
    const value = this.pop()
    if (this.stack.length || this.marks.length) throw this.fail('one value at the end', 'several')
    return value
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
    if (Array.isArray(value) && value.length <= 16) return `(${value.map((part) => this.key(part)).join(', ')})`
    throw this.fail('a key that is text or a number', 'another value')
  }

  refuse(opcode: number) {
    const name = refused.get(opcode)
    const found = name ?? `opcode 0x${opcode.toString(16).padStart(2, '0')}`
    return this.fail('an opcode that builds plain data (pickle protocol 1 to 5)', found)
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

  integer(length: number): number | bigint {
    if (length > maxIntegerBytes) throw this.fail(`an integer of at most ${maxIntegerBytes} bytes`, `${length} bytes`)
    const bytes = this.slice(length)
    let value = 0n
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
    value = BigInt.asIntN(8 * length, value)
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
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

  global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string')
      throw this.fail('a global named by two strings', 'others')
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

  call(callee: unknown, args: unknown): void {
    if (!(callee instanceof Global) || !callee.call) throw this.fail('a harmless function to apply', 'another value')
    if (!Array.isArray(args)) throw this.fail(`arguments of ${callee.name}`, 'no tuple')
    this.push(callee.call(args, this))
  }
}

/** What each opcode does; numbers and names as in pickletools. */
const table: readonly (readonly [code: number, name: string, run: (m: Machine) => void])[] = [
  [0x80, 'PROTO', (m) => checkProtocol(m, m.u8())],
  [0x95, 'FRAME', (m) => checkFrame(m, m.u64())],
  [
    0x2e,
    'STOP',
    (m) => {
      m.stopped = true
    },
  ],
  [
    0x28,
    'MARK',
    (m) => {
      m.marks.push(m.stack.length)
    },
  ],
  [
    0x30,
    'POP',
    (m) => {
      m.pop()
    },
  ],
  [
    0x31,
    'POP_MARK',
    (m) => {
      m.popMark()
    },
  ],
  [0x32, 'DUP', (m) => m.push(m.top())],
  [0x4e, 'NONE', (m) => m.push(null)],
  [0x88, 'NEWTRUE', (m) => m.push(true)],
  [0x89, 'NEWFALSE', (m) => m.push(false)],
  [0x4a, 'BININT', (m) => m.push(m.view.getInt32(m.take(4), true))],
  [0x4b, 'BININT1', (m) => m.push(m.u8())],
  [0x4d, 'BININT2', (m) => m.push(m.u16())],
  [0x8a, 'LONG1', (m) => m.push(m.integer(m.u8()))],
  [0x8b, 'LONG4', (m) => m.push(m.integer(m.u32()))],
  [0x47, 'BINFLOAT', (m) => m.push(m.view.getFloat64(m.take(8)))],
  [0x55, 'SHORT_BINSTRING', (m) => m.push(latin1(m.slice(m.u8())))],
  [0x54, 'BINSTRING', (m) => m.push(latin1(m.slice(m.u32())))],
  [0x8c, 'SHORT_BINUNICODE', (m) => m.push(m.text(m.slice(m.u8())))],
  [0x58, 'BINUNICODE', (m) => m.push(m.text(m.slice(m.u32())))],
  [0x8d, 'BINUNICODE8', (m) => m.push(m.text(m.slice(m.u64())))],
  [0x43, 'SHORT_BINBYTES', (m) => m.push(m.slice(m.u8()))],
  [0x42, 'BINBYTES', (m) => m.push(m.slice(m.u32()))],
  [0x8e, 'BINBYTES8', (m) => m.push(m.slice(m.u64()))],
  [0x96, 'BYTEARRAY8', (m) => m.push(m.slice(m.u64()))],
  [0x29, 'EMPTY_TUPLE', (m) => m.push([])],
  [0x85, 'TUPLE1', (m) => m.push(m.popMany(1))],
  [0x86, 'TUPLE2', (m) => m.push(m.popMany(2))],
  [0x87, 'TUPLE3', (m) => m.push(m.popMany(3))],
  [0x74, 'TUPLE', (m) => m.push(m.popMark())],
  [0x5d, 'EMPTY_LIST', (m) => m.push([])],
  [0x6c, 'LIST', (m) => m.push(m.popMark())],
  [0x61, 'APPEND', (m) => m.append(m.popMany(1))],
  [0x65, 'APPENDS', (m) => m.append(m.popMark())],
  [0x7d, 'EMPTY_DICT', (m) => m.push(new Map())],
  [
    0x64,
    'DICT',
    (m) => {
      const items = m.popMark()
      m.push(new Map())
      m.setItems(items)
    },
  ],
  [0x73, 'SETITEM', (m) => m.setItems(m.popMany(2))],
  [0x75, 'SETITEMS', (m) => m.setItems(m.popMark())],
  [0x8f, 'EMPTY_SET', (m) => m.push(new Set())],
  [0x90, 'ADDITEMS', (m) => m.addItems(m.popMark())],
  [
    0x91,
    'FROZENSET',
    (m) => {
      const items = m.popMark()
      m.push(new Set())
      m.addItems(items)
    },
  ],
  [
    0x71,
    'BINPUT',
    (m) => {
      m.memo.set(m.u8(), m.top())
    },
  ],
  [
    0x72,
    'LONG_BINPUT',
    (m) => {
      m.memo.set(m.u32(), m.top())
    },
  ],
  [
    0x94,
    'MEMOIZE',
    (m) => {
      m.memo.set(m.memo.size, m.top())
    },
  ],
  [0x68, 'BINGET', (m) => m.get(m.u8())],
  [0x6a, 'LONG_BINGET', (m) => m.get(m.u32())],
  [0x63, 'GLOBAL', (m) => m.global(m.line(), m.line())],
  [
    0x93,
    'STACK_GLOBAL',
    (m) => {
      const [module, name] = m.popMany(2)
      m.global(module, name)
    },
  ],
  [
    0x52,
    'REDUCE',
    (m) => {
      const [callee, args] = m.popMany(2)
      m.call(callee, args)
    },
  ],
  [
    0x81,
    'NEWOBJ',
    (m) => {
      const [callee, args] = m.popMany(2)
      m.call(callee, args)
    },
  ],
  [
    0x62,
    'BUILD',
    (m) => {
      const state = m.pop()
      build(m.top(), state, m)
    },
  ],
  [0x51, 'BINPERSID', (m) => m.push(persistent(m, m.pop()))],
]

const opcodes: ((m: Machine) => void)[] = []
for (const [code, , run] of table) opcodes[code] = run

/** Opcodes that exist and are refused: they create arbitrary objects, use registries outside the file, or are protocol 0. */
const refused = new Map([
  [0x69, 'opcode INST, which creates an object of any class'],
  [0x6f, 'opcode OBJ, which creates an object of any class'],
  [0x92, 'opcode NEWOBJ_EX, which creates an object of any class'],
  [0x82, 'opcode EXT1, a class from a registry outside the file'],
  [0x83, 'opcode EXT2, a class from a registry outside the file'],
  [0x84, 'opcode EXT4, a class from a registry outside the file'],
  [0x50, 'opcode PERSID of protocol 0'],
  [0x46, 'opcode FLOAT of protocol 0'],
  [0x49, 'opcode INT of protocol 0'],
  [0x4c, 'opcode LONG of protocol 0'],
  [0x53, 'opcode STRING of protocol 0'],
  [0x56, 'opcode UNICODE of protocol 0'],
  [0x67, 'opcode GET of protocol 0'],
  [0x70, 'opcode PUT of protocol 0'],
  [0x97, 'opcode NEXT_BUFFER, bytes outside the file'],
  [0x98, 'opcode READONLY_BUFFER, bytes outside the file'],
])

function checkProtocol(m: Machine, version: number): void {
  if (version > 5) throw m.fail('pickle protocol 1 to 5', `protocol ${version}`)
}

function checkFrame(m: Machine, length: number): void {
  if (length > m.bytes.length - m.at) throw truncated
}

function persistent(m: Machine, id: unknown): unknown {
  if (!m.host.persistent) throw m.fail('no persistent id', 'one')
  return m.host.persistent(id, m.place)
}
