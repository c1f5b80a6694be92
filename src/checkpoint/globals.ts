// The allow-list of the unpickler: every class and function a checkpoint may name, as a harmless function of ours.
// They are what torch.save and numpy's __reduce__ write (torch/_utils.py, torch/serialization.py, numpy's multiarray).
import { type DType, dtypeSize, sizeOf, toFloat32 } from '../core/dtype.ts'
import type { CheckpointError } from '../core/errors.ts'
import type { Complain } from './complain.ts'
import { bytesPerMember } from './limits.ts'
import { numpyTypes, supportedNumpyTypes } from './npy.ts'
import {
  columnMajor,
  memoryStorage,
  rowMajor,
  StorageValue,
  show,
  swapBytes,
  type Window,
  windowOf,
} from './storage.ts'
import type { Key } from './types.ts'

/** What a function of the list may ask of the machine that applies it. */
export interface PickleContext {
  readonly complain: Complain
  readonly place: string
  fail(expected: string, found: string, remedy?: string): CheckpointError
  /** Counts bytes that a function makes against the pickle's allowance. */
  spend(amount: number): void
  key(value: unknown): Key
}

type Call = (args: unknown[], context: PickleContext) => unknown

/** A class or function of the list; left in the tree it becomes its dotted name. */
export class Global {
  readonly name: string
  readonly call: Call | undefined
  /** The element type when this is a storage class. */
  readonly dtype: DType | undefined

  constructor(name: string, call?: Call, dtype?: DType) {
    this.name = name
    this.call = call
    this.dtype = dtype
  }
}

/** argparse.Namespace: a dict whose entries arrive by BUILD. */
class Namespace extends Map<Key, unknown> {}

class NumpyType {
  readonly dtype: DType
  bigEndian = false

  constructor(dtype: DType) {
    this.dtype = dtype
  }
}

/** A numpy array: empty when made, filled by BUILD. */
export class NumpyArray {
  window: Window | undefined
}

const dict: Call = ([pairs], context) => {
  const map = new Map<Key, unknown>()
  if (pairs === undefined) return map
  if (!Array.isArray(pairs) && !(pairs instanceof Map)) throw context.fail('pairs of a dict', show(pairs))
  context.spend(bytesPerMember * (pairs instanceof Map ? pairs.size : pairs.length))
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw context.fail('pairs of a dict', show(pair))
    map.set(context.key(pair[0]), pair[1])
  }
  return map
}

const set: Call = ([items = []], context) => {
  if (!Array.isArray(items)) throw context.fail('members of a set', show(items))
  context.spend(bytesPerMember * items.length)
  return new Set(items.map((item) => context.key(item)))
}

const namespace: Call = (args, context) => {
  if (args.length) throw context.fail('an empty Namespace', `${args.length} arguments`)
  return new Namespace()
}

const rebuildTensor: Call = ([storage, offset, shape, strides], context) => {
  if (!(storage instanceof StorageValue)) throw context.fail('the storage of a tensor', show(storage))
  return windowOf(storage.storage, shape, strides, offset, context.complain, context.place)
}

const firstArgument: Call = ([value], context) => {
  if (value === undefined) throw context.fail('an argument', 'none')
  return value
}

const device: Call = (args) => args.slice(0, 2).map(show).join(':').replaceAll('"', '')

/** Old pickle protocols write bytes as latin-1 text that is encoded again. */
const encode: Call = ([text, encoding], context) => {
  if (typeof text !== 'string' || encoding !== 'latin1')
    throw context.fail('latin-1 text', `${show(text)} as ${show(encoding)}`)
  return latin1Bytes(text, context)
}

function latin1Bytes(text: string, context: PickleContext): Uint8Array {
  context.spend(text.length)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 255) throw context.fail('latin-1 text', `character ${code}`)
    bytes[i] = code
  }
  return bytes
}

const numpyType: Call = ([code], context) => {
  const dtype = typeof code === 'string' ? numpyTypes.get(code) : undefined
  if (!dtype) throw context.fail(`a numpy dtype of ${supportedNumpyTypes}`, show(code))
  return new NumpyType(dtype)
}

const numpyScalar: Call = ([type, bytes], context) => {
  const isScalar = type instanceof NumpyType && bytes instanceof Uint8Array && bytes.length === dtypeSize[type.dtype]
  if (!isScalar) throw context.fail('a dtype and the bytes of one number', `${show(type)}, ${show(bytes)}`)
  const copy = new Uint8Array(bytes)
  if (type.bigEndian) swapBytes(copy, copy.length)
  if (type.dtype === 'float64') return new DataView(copy.buffer).getFloat64(0, true)
  if (type.dtype === 'int64') {
    const value = new DataView(copy.buffer).getBigInt64(0, true)
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }
  return type.dtype === 'bool' ? copy[0] !== 0 : toFloat32(copy, type.dtype)[0]!
}

const reconstruct: Call = ([type], context) => {
  if (!(type instanceof Global) || type.name !== 'numpy.ndarray') throw context.fail('numpy.ndarray', show(type))
  return new NumpyArray()
}

const storageTypes: readonly (readonly [string, DType])[] = [
  ['DoubleStorage', 'float64'],
  ['FloatStorage', 'float32'],
  ['HalfStorage', 'float16'],
  ['BFloat16Storage', 'bfloat16'],
  ['LongStorage', 'int64'],
  ['IntStorage', 'int32'],
  ['ShortStorage', 'int16'],
  ['CharStorage', 'int8'],
  ['ByteStorage', 'uint8'],
  ['BoolStorage', 'bool'],
  ['UntypedStorage', 'uint8'],
]

const inBothPythons = (name: string, call?: Call) =>
  ['builtins', '__builtin__'].map((module) => [module, name, call] as const)

const inBothNumpys = (name: string, call: Call) =>
  ['numpy.core.multiarray', 'numpy._core.multiarray'].map((module) => [module, name, call] as const)

const functions: readonly (readonly [module: string, name: string, call?: Call | undefined])[] = [
  ['collections', 'OrderedDict', dict],
  ['collections', 'defaultdict', () => new Map()],
  ['argparse', 'Namespace', namespace],
  ...inBothPythons('set', set),
  ...inBothPythons('frozenset', set),
  ...inBothPythons('dict', dict),
  ...inBothPythons('list'),
  ['torch._utils', '_rebuild_tensor', rebuildTensor],
  ['torch._utils', '_rebuild_tensor_v2', rebuildTensor],
  ['torch._utils', '_rebuild_parameter', firstArgument],
  ['torch._utils', '_rebuild_parameter_with_state', firstArgument],
  ['torch', 'Size', firstArgument],
  ['torch', 'device', device],
  ['torch.serialization', '_get_layout', firstArgument],
  ['_codecs', 'encode', encode],
  ['numpy', 'ndarray'],
  ['numpy', 'dtype', numpyType],
  ...inBothNumpys('_reconstruct', reconstruct),
  ...inBothNumpys('scalar', numpyScalar),
  ...Object.keys(dtypeSize).map((dtype) => ['torch', dtype] as const),
]

const globals = new Map<string, Global>([
  ...functions.map(([module, name, call]) => [`${module} ${name}`, new Global(`${module}.${name}`, call)] as const),
  ...storageTypes.map(([name, dtype]) => [`torch ${name}`, new Global(`torch.${name}`, undefined, dtype)] as const),
])

/** The harmless stand-in for `module.name`, or undefined: then the file is refused. */
export const findGlobal = (module: string, name: string): Global | undefined => globals.get(`${module} ${name}`)

/** Applies the state that BUILD brings to the object it belongs to. */
export function build(target: unknown, state: unknown, context: PickleContext): void {
  if (target instanceof NumpyType) buildNumpyType(target, state, context)
  else if (target instanceof NumpyArray) buildNumpyArray(target, state, context)
  else if (target instanceof Map && state instanceof Map) buildDict(target, state, context)
  else throw context.fail('state for an array or a dict', `${show(state)} for ${show(target)}`)
}

/** An OrderedDict's state is its `_metadata` attribute, the module versions of a state dict: no tensor, so not kept. */
function buildDict(target: Map<Key, unknown>, state: Map<unknown, unknown>, context: PickleContext): void {
  if (!(target instanceof Namespace)) return
  context.spend(bytesPerMember * state.size)
  for (const [key, value] of state) target.set(context.key(key), value)
}

function buildNumpyType(type: NumpyType, state: unknown, context: PickleContext): void {
  const [, order, ...parts] = Array.isArray(state) ? state : []
  const isPlain = parts.slice(0, 3).every((part) => part === null)
  if (!isPlain || typeof order !== 'string' || !['<', '>', '|', '='].includes(order)) {
    throw context.fail('a plain numpy dtype', `byte order ${show(order)}, parts ${show(parts)}`)
  }
  type.bigEndian = order === '>'
}

function buildNumpyArray(array: NumpyArray, state: unknown, context: PickleContext): void {
  const [, shape, type, fortran, content] = Array.isArray(state) ? state : []
  if (!(type instanceof NumpyType) || !Array.isArray(shape) || typeof fortran !== 'boolean' || array.window) {
    throw context.fail('shape, dtype and order of a numpy array', show(state))
  }
  const bytes = typeof content === 'string' ? latin1Bytes(content, context) : content
  const expected = sizeOf(shape) * dtypeSize[type.dtype]
  if (!(bytes instanceof Uint8Array) || bytes.length !== expected) {
    const found = bytes instanceof Uint8Array ? `${bytes.length}` : show(bytes)
    throw context.fail(`${expected} bytes for a ${type.dtype} array of shape ${show(shape)}`, found)
  }
  const strides = fortran ? columnMajor(shape) : rowMajor(shape)
  const storage = memoryStorage(type.dtype, bytes, type.bigEndian)
  array.window = windowOf(storage, shape, strides, 0, context.complain, context.place)
}
