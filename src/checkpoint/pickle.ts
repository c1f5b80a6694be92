// The unpickler: it builds plain values and calls only the functions of the table in globals.ts.
// Opcodes as in CPython's Lib/pickletools.py, protocols 0 to 5; those that refer outside the file are refused by name.
import { maxPickleOpcodes } from './limits.ts'
import { Machine, type PickleHost, truncated } from './pickle-machine.ts'

export { newAllowance, type PickleHost, truncated } from './pickle-machine.ts'

export interface Pickled {
  value: unknown
  /** The byte after STOP. */
  end: number
  /** Classes and functions of which nothing but the name is known; there may be stand-ins of them in `value`. */
  notRead: ReadonlySet<string>
}

/**
 * Reads one pickle that begins at `start` and says where it ends, or `truncated`.
 * Dicts come out as Map, lists and tuples as arrays, sets as Set, classes as `Global`, objects as `StandIn`.
 * @throws CheckpointError for damage, for more than the limits allow and for names that only an attack has, naming the byte
 */
export function unpickle(bytes: Uint8Array, start: number, host: PickleHost): Pickled | typeof truncated {
  const machine = new Machine(bytes, start, host)
  try {
    return { value: run(machine), end: machine.at, notRead: machine.notRead }
  } catch (error) {
    if (error === truncated) return truncated
    throw error
  }
}

function run(machine: Machine): unknown {
  const { allowance } = machine.host
  while (!machine.stopped) {
    if (allowance.opcodes-- === 0) throw machine.fail(`at most ${maxPickleOpcodes} opcodes`, 'more')
    machine.opcodeAt = machine.at
    const code = machine.u8()
    const apply = opcodes[code]
    if (!apply) throw refusal(machine, code)
    apply(machine)
  }
  const value = machine.pop()
  if (machine.stack.length || machine.marks.length) throw machine.fail('one value at the end', 'several')
  return value
}

function refusal(machine: Machine, code: number) {
  const found = refused.get(code) ?? `opcode 0x${code.toString(16).padStart(2, '0')}`
  return machine.fail('an opcode that builds plain data (pickle protocol 0 to 5)', found)
}

/** What each opcode does. */
const table: readonly (readonly [code: number, name: string, apply: (m: Machine) => void])[] = [
  [0x80, 'PROTO', (m) => m.protocol(m.u8())],
  [0x95, 'FRAME', (m) => m.frame(m.u64())],
  [0x2e, 'STOP', (m) => m.stop()],
  [0x28, 'MARK', (m) => m.mark()],
  [0x30, 'POP', (m) => m.pop()],
  [0x31, 'POP_MARK', (m) => m.popMark()],
  [0x32, 'DUP', (m) => m.push(m.top())],
  [0x4e, 'NONE', (m) => m.push(null)],
  [0x88, 'NEWTRUE', (m) => m.push(true)],
  [0x89, 'NEWFALSE', (m) => m.push(false)],
  [0x4a, 'BININT', (m) => m.push(m.view.getInt32(m.take(4), true))],
  [0x4b, 'BININT1', (m) => m.push(m.u8())],
  [0x4d, 'BININT2', (m) => m.push(m.u16())],
  [0x8a, 'LONG1', (m) => m.push(m.integer(m.u8()))],
  [0x8b, 'LONG4', (m) => m.push(m.integer(m.u32()))],
  [0x49, 'INT', (m) => m.push(m.int(m.latin1Line()))],
  [0x4c, 'LONG', (m) => m.push(m.decimal(m.latin1Line()))],
  [0x46, 'FLOAT', (m) => m.push(m.float(m.latin1Line()))],
  [0x53, 'STRING', (m) => m.push(m.literal(m.latin1Line()))],
  [0x56, 'UNICODE', (m) => m.push(m.rawUnicode(m.latin1Line()))],
  [0x70, 'PUT', (m) => m.put(m.index())],
  [0x67, 'GET', (m) => m.get(m.index())],
  [0x47, 'BINFLOAT', (m) => m.push(m.view.getFloat64(m.take(8)))],
  [0x55, 'SHORT_BINSTRING', (m) => m.push(m.latin1(m.slice(m.u8())))],
  [0x54, 'BINSTRING', (m) => m.push(m.latin1(m.slice(m.u32())))],
  [0x8c, 'SHORT_BINUNICODE', (m) => m.push(m.text(m.slice(m.u8())))],
  [0x58, 'BINUNICODE', (m) => m.push(m.text(m.slice(m.u32())))],
  [0x8d, 'BINUNICODE8', (m) => m.push(m.text(m.slice(m.u64())))],
  [0x43, 'SHORT_BINBYTES', (m) => m.push(m.binary(m.slice(m.u8())))],
  [0x42, 'BINBYTES', (m) => m.push(m.binary(m.slice(m.u32())))],
  [0x8e, 'BINBYTES8', (m) => m.push(m.binary(m.slice(m.u64())))],
  [0x96, 'BYTEARRAY8', (m) => m.push(m.binary(m.slice(m.u64())))],
  [0x29, 'EMPTY_TUPLE', (m) => m.list([])],
  [0x85, 'TUPLE1', (m) => m.list(m.popMany(1))],
  [0x86, 'TUPLE2', (m) => m.list(m.popMany(2))],
  [0x87, 'TUPLE3', (m) => m.list(m.popMany(3))],
  [0x74, 'TUPLE', (m) => m.list(m.popMark())],
  [0x5d, 'EMPTY_LIST', (m) => m.list([])],
  [0x6c, 'LIST', (m) => m.list(m.popMark())],
  [0x61, 'APPEND', (m) => m.append(m.popMany(1))],
  [0x65, 'APPENDS', (m) => m.append(m.popMark())],
  [0x7d, 'EMPTY_DICT', (m) => m.dict([])],
  [0x64, 'DICT', (m) => m.dict(m.popMark())],
  [0x73, 'SETITEM', (m) => m.setItems(m.popMany(2))],
  [0x75, 'SETITEMS', (m) => m.setItems(m.popMark())],
  [0x8f, 'EMPTY_SET', (m) => m.set([])],
  [0x90, 'ADDITEMS', (m) => m.addItems(m.popMark())],
  [0x91, 'FROZENSET', (m) => m.set(m.popMark())],
  [0x71, 'BINPUT', (m) => m.put(m.u8())],
  [0x72, 'LONG_BINPUT', (m) => m.put(m.u32())],
  [0x94, 'MEMOIZE', (m) => m.put(m.memo.size)],
  [0x68, 'BINGET', (m) => m.get(m.u8())],
  [0x6a, 'LONG_BINGET', (m) => m.get(m.u32())],
  [0x63, 'GLOBAL', (m) => m.global([m.line(), m.line()])],
  [0x93, 'STACK_GLOBAL', (m) => m.global(m.popMany(2))],
  [0x52, 'REDUCE', (m) => m.call(m.popMany(2))],
  [0x81, 'NEWOBJ', (m) => m.call(m.popMany(2))],
  [0x92, 'NEWOBJ_EX', (m) => m.call(m.popMany(3))],
  [0x6f, 'OBJ', (m) => m.instance(m.popMark())],
  [0x69, 'INST', (m) => m.inst()],
  [0x62, 'BUILD', (m) => m.build(m.pop())],
  [0x51, 'BINPERSID', (m) => m.persistent(m.pop())],
]

const opcodes: ((m: Machine) => void)[] = []
for (const [code, , apply] of table) opcodes[code] = apply

/** Opcodes that are refused because they refer to something outside the file. */
const refused = new Map([
  [0x82, 'opcode EXT1, a class from a registry outside the file'],
  [0x83, 'opcode EXT2, a class from a registry outside the file'],
  [0x84, 'opcode EXT4, a class from a registry outside the file'],
  [0x50, 'opcode PERSID of protocol 0, which torch.save does not write'],
  [0x97, 'opcode NEXT_BUFFER, bytes outside the file'],
  [0x98, 'opcode READONLY_BUFFER, bytes outside the file'],
])
