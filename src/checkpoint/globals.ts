// The allow-list of the unpickler: the classes and functions that become data, each as a harmless function of ours. They are what
// torch.save and numpy's __reduce__ write (torch/_utils.py, torch/serialization.py, numpy's multiarray). Names beyond the list
// become stand-ins, unless only an attack has them (forbidden.ts).
import { type DType, dtypeSize, sizeOf, toFloat32 } from '../core/dtype.ts'
import type { CheckpointError } from '../core/errors.ts'
import { type FileError, notExecuted, quote } from './file-error.ts'
import { forbidden } from './forbidden.ts'
import { builtBytes, maxDimensions } from './limits.ts'
import { LongText, latin1OfUtf8 } from './long-text.ts'
import { numpyTypes } from './npy.ts'
import { isDottedName, label, StandIn } from './stand-in.ts'
import {
  columnMajor,
  isCount,
  memoryStorage,
  retyped,
  rowMajor,
  StorageValue,
  show,
  swapBytes,
  Window,
  windowOf,
} from './storage.ts'
import type { Key } from './types.ts'

/** What a function of the list may use of the machine that applies it. */
export interface PickleContext {
  readonly fileError: FileError
  readonly place: string
  fail(expected: string, found: string, remedy?: string): CheckpointError
  /** Counts bytes that a function makes against the pickle's allowance. */
  spend(amount: number): void
  /** A value as the key of a dict or a member of a set. */
  keyIn(target: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>, value: unknown): Key
  /** What applying a class or function of the file gives. */
  apply(callee: unknown, args: unknown): unknown
  /** A name that this reader knows nothing else about; it is listed as not read. */
  standIn(name: string, args?: readonly unknown[]): StandIn
}

type Call = (args: unknown[], context: PickleContext) => unknown

/** A class or function of the list; left in the tree it becomes its dotted name. */
export class Global {
  readonly name: string
  readonly call: Call | undefined
  /** The element type when this is a storage class. */
  readonly dtype: DType | undefined
  /** On the list, or a name that only the file knows. */
  readonly isKnown: boolean

  constructor(name: string, { call, dtype, isKnown = true }: { call?: Call; dtype?: DType; isKnown?: boolean } = {}) {
    this.name = name
    this.call = call
    this.dtype = dtype
    this.isKnown = isKnown
  }
}

/** argparse.Namespace: a dict whose entries arrive by BUILD. */
class Namespace extends Map<Key, unknown> {}

/** A numpy dtype; for unsupported elements (text, dates, records, objects) `dtype` is undefined. */
export class NumpyType {
  readonly code: string
  dtype: DType | undefined
  bigEndian = false

  constructor(code: string) {
    this.code = code
    this.dtype = numpyTypes.get(code)
  }

  toString(): string {
    return `numpy.dtype(${show(this.code)})`
  }
}

/** A numpy array: empty when made, filled by BUILD; `unread` when its elements are not numbers. */
export class NumpyArray {
  window: Window | undefined
  unread: StandIn | undefined
}

const dict: Call = ([pairs], context) => {
  const map = new Map<Key, unknown>()
  context.spend(builtBytes.dict)
  if (pairs === undefined) return map
  if (pairs instanceof StandIn) return context.standIn('dict', [pairs])
  if (!Array.isArray(pairs) && !(pairs instanceof Map)) throw context.fail('pairs of a dict', show(pairs))
  context.spend(builtBytes.member * (pairs instanceof Map ? pairs.size : pairs.length))
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw context.fail('pairs of a dict', show(pair))
    map.set(context.keyIn(map, pair[0]), pair[1])
  }
  return map
}

const set: Call = ([items = []], context) => {
  if (!Array.isArray(items)) throw context.fail('members of a set', show(items))
  context.spend(builtBytes.dict + builtBytes.member * items.length)
  const members = new Set<Key>()
  for (const item of items) members.add(context.keyIn(members, item))
  return members
}

const list: Call = ([items = []], context) => {
  if (!Array.isArray(items) && !(items instanceof Set)) return context.standIn('list', [items])
  context.spend(builtBytes.list + builtBytes.item * (Array.isArray(items) ? items.length : items.size))
  return [...items]
}

const namespace: Call = (args, context) => {
  if (args.length) throw context.fail('an empty Namespace', `${args.length} arguments`)
  context.spend(builtBytes.dict)
  return new Namespace()
}

const rebuildTensor: Call = ([storage, offset, shape, strides], context) => {
  if (storage instanceof StandIn) return context.standIn(storage.name, [shape])
  if (!(storage instanceof StorageValue)) throw context.fail('the storage of a tensor', show(storage))
  const axes = Array.isArray(shape) ? shape.length : 0
  context.spend(builtBytes.tensor + 2 * builtBytes.item * axes)
  return windowOf(storage.storage, shape, strides, offset, context.fileError, context.place)
}

/** Tensors whose dtype has no storage class of its own: raw bytes, and the dtype beside them. */
const rebuildTypedTensor: Call = ([storage, offset, shape, strides, , , type], context) => {
  if (!(storage instanceof StorageValue)) return rebuildTensor([storage, offset, shape, strides], context)
  const dtype = type instanceof Global ? torchTypes.get(type.name) : undefined
  if (!dtype) return context.standIn(type instanceof Global ? type.name : show(type), [shape])
  return rebuildTensor([new StorageValue(retyped(storage.storage, dtype)), offset, shape, strides], context)
}

/** A tensor with attributes or of a subclass: the tensor itself is what another function of the list rebuilds. */
const rebuildFromType: Call = ([rebuild, , args], context) => {
  if (rebuild instanceof Global && rebuild.call === rebuildFromType) return context.standIn(rebuild.name)
  return context.apply(rebuild, args)
}

/** Tensors of devices that were saved as arrays or as tensors in memory. */
const rebuildDeviceTensor: Call = ([data], context) =>
  data instanceof NumpyArray || data instanceof Window ? data : context.standIn('torch.Tensor', [data])

const firstArgument: Call = ([first = null]) => first

const plainText: Call = ([text = ''], context) => (typeof text === 'string' ? text : context.standIn('str', [text]))

/** Members of enums in Python 3.11, methods, constructors: an attribute of a class or an object that only the file knows. */
const getAttribute: Call = ([owner, name], context) => {
  context.spend(builtBytes.name)
  const isUnknown = owner instanceof StandIn || (owner instanceof Global && !owner.isKnown)
  if (isUnknown && typeof name === 'string' && isDottedName(owner.name, name)) {
    const dot = owner.name.lastIndexOf('.')
    const reason = forbidden(owner.name.slice(0, dot), `${owner.name.slice(dot + 1)}.${name}`)
    context.spend(builtBytes.object + builtBytes.dict + owner.name.length)
    if (!reason) return new StandIn(`${owner.name}.${name}`)
  }
  const found = `the global "builtins.getattr" on ${quote(label(owner))} and ${quote(label(name))}`
  throw context.fail('nothing but tensors and plain values', found, notExecuted)
}

/** How protocols 0 and 1 write objects: their class, the built-in type it extends and a value of that type. */
const reconstructor: Call = ([type, base, value], context) => {
  if (type instanceof Global && type.isKnown) return context.apply(type, value === null ? [] : [value])
  const made = context.apply(type, [])
  if (!(made instanceof StandIn) || !(base instanceof Global)) return made
  if (value instanceof Map) {
    context.spend(builtBytes.member * value.size)
    for (const [key, item] of value) made.entries.set(context.keyIn(made.entries, key), item)
  } else if (Array.isArray(value)) {
    context.spend(builtBytes.item * value.length)
    for (const item of value) made.members.push(item)
  } else if (value !== null) {
    made.state = value
  }
  return made
}

const newObject: Call = (args, context) => {
  context.spend(builtBytes.list + builtBytes.item * args.length)
  return context.apply(args[0], args.slice(1))
}

const newObjectWithNames: Call = ([type, args], context) => context.apply(type, args)

const device: Call = (args) => args.slice(0, 2).map(show).join(':').replaceAll('"', '')

/** Old pickle protocols write bytes as latin-1 text that is encoded again. */
const encode: Call = ([text, encoding], context) => {
  if (!isText(text) || !(encoding === 'latin1' || encoding === 'latin-1'))
    throw context.fail('latin-1 text', `${show(text)} as ${show(encoding)}`)
  return latin1Bytes(text, context)
}

/** `bytes` and `bytearray`: nothing, latin-1 text or other bytes. */
const bytes: Call = ([content, encoding], context) => {
  if (content === undefined) return new Uint8Array()
  if (content instanceof Uint8Array) return content
  return isText(content) ? encode([content, encoding], context) : context.standIn('bytes', [content])
}

const isText = (value: unknown): value is string | LongText => typeof value === 'string' || value instanceof LongText

function latin1Bytes(text: string | LongText, context: PickleContext): Uint8Array {
  if (text instanceof LongText) {
    if (!text.isUtf8) return text.bytes
    context.spend(text.bytes.length)
    const bytes = latin1OfUtf8(text.bytes)
    if (!bytes) throw context.fail('latin-1 text', 'other characters')
    return bytes
  }
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
  if (code instanceof Global || code instanceof NumpyType) return context.standIn('numpy.dtype', [code])
  if (typeof code !== 'string') throw context.fail('the code of a numpy dtype', show(code))
  context.spend(builtBytes.object)
  return new NumpyType(code)
}

const numpyScalar: Call = ([type, bytes], context) => {
  if (!(type instanceof NumpyType)) throw context.fail('a dtype and the bytes of one number', show(type))
  const { dtype } = type
  if (!dtype) return context.standIn('numpy.scalar', [type.code, bytes])
  if (!(bytes instanceof Uint8Array) || bytes.length !== dtypeSize[dtype]) {
    throw context.fail('a dtype and the bytes of one number', `${type}, ${show(bytes)}`)
  }
  const copy = new Uint8Array(bytes)
  if (type.bigEndian) swapBytes(copy, copy.length)
  const view = new DataView(copy.buffer)
  if (dtype === 'float64') return view.getFloat64(0, true)
  if (dtype === 'int64' || dtype === 'uint64') {
    const value = dtype === 'int64' ? view.getBigInt64(0, true) : view.getBigUint64(0, true)
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }
  if (dtype === 'int32' || dtype === 'uint32')
    return dtype === 'int32' ? view.getInt32(0, true) : view.getUint32(0, true)
  return dtype === 'bool' ? copy[0] !== 0 : toFloat32(copy, dtype)[0]!
}

const plainArrays = new Set(['numpy.ndarray', 'numpy.matrix', 'numpy.memmap', 'numpy.recarray', 'numpy.rec.recarray'])

const reconstruct: Call = ([type], context) => {
  if (!(type instanceof Global)) throw context.fail('numpy.ndarray', show(type))
  if (!plainArrays.has(type.name)) return context.standIn(type.name)
  context.spend(builtBytes.tensor)
  return new NumpyArray()
}

/** Arrays as protocol 5 writes them, with their bytes inside the pickle. */
const fromBuffer: Call = ([buffer, type, shape, order], context) => {
  context.spend(builtBytes.tensor)
  const array = new NumpyArray()
  buildNumpyArray(array, [1, shape, type, order === 'F', buffer], context)
  return array
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
]

const torchTypes: ReadonlyMap<string, DType> = new Map(
  (Object.keys(dtypeSize) as DType[]).map((dtype) => [`torch.${dtype}`, dtype]),
)

const inBothPythons = (name: string, call?: Call) =>
  ['builtins', '__builtin__'].map((module) => [module, name, call] as const)

const inBothCopyregs = (name: string, call: Call) =>
  ['copyreg', 'copy_reg'].map((module) => [module, name, call] as const)

const inBothNumpys = (module: string, name: string, call: Call) =>
  ['numpy.core', 'numpy._core'].map((folder) => [`${folder}.${module}`, name, call] as const)

const functions: readonly (readonly [module: string, name: string, call?: Call | undefined])[] = [
  ['collections', 'OrderedDict', dict],
  ['collections', 'Counter', dict],
  ['collections', 'defaultdict', (_, context) => dict([], context)],
  ['collections', 'deque', list],
  ['argparse', 'Namespace', namespace],
  ['types', 'SimpleNamespace', namespace],
  ...inBothPythons('set', set),
  ...inBothPythons('frozenset', set),
  ...inBothPythons('dict', dict),
  ...inBothPythons('list', list),
  ...inBothPythons('tuple', list),
  ...inBothPythons('bytes', bytes),
  ...inBothPythons('bytearray', bytes),
  ...inBothPythons('str', plainText),
  ...inBothPythons('unicode', plainText),
  ...['int', 'long', 'float', 'bool'].flatMap((name) => inBothPythons(name, firstArgument)),
  ...inBothPythons('object', (_, context) => context.standIn('object')),
  ...inBothPythons('getattr', getAttribute),
  ...inBothCopyregs('_reconstructor', reconstructor),
  ...inBothCopyregs('__newobj__', newObject),
  ...inBothCopyregs('__newobj_ex__', newObjectWithNames),
  ['torch._utils', '_rebuild_tensor', rebuildTensor],
  ['torch._utils', '_rebuild_tensor_v2', rebuildTensor],
  ['torch._utils', '_rebuild_tensor_v3', rebuildTypedTensor],
  ['torch._utils', '_rebuild_device_tensor_from_numpy', rebuildDeviceTensor],
  ['torch._utils', '_rebuild_device_tensor_from_cpu_tensor', rebuildDeviceTensor],
  ['torch._utils', '_rebuild_xla_tensor', rebuildDeviceTensor],
  ['torch._utils', '_rebuild_parameter', firstArgument],
  ['torch._utils', '_rebuild_parameter_with_state', firstArgument],
  ['torch._tensor', '_rebuild_from_type', rebuildFromType],
  ['torch._tensor', '_rebuild_from_type_v2', rebuildFromType],
  ['torch', 'Size', firstArgument],
  ['torch', 'device', device],
  ['torch', 'Tensor'],
  ['torch.nn.parameter', 'Parameter'],
  ['torch.torch_version', 'TorchVersion', plainText],
  ['torch.serialization', '_get_layout', firstArgument],
  ['_codecs', 'encode', encode],
  ['numpy', 'ndarray'],
  ['numpy', 'dtype', numpyType],
  ...inBothNumpys('multiarray', '_reconstruct', reconstruct),
  ...inBothNumpys('multiarray', 'scalar', numpyScalar),
  ...inBothNumpys('numeric', '_frombuffer', fromBuffer),
  ...Object.keys(dtypeSize).map((dtype) => ['torch', dtype] as const),
]

const globals = new Map<string, Global>([
  ...functions.map(
    ([module, name, call]) =>
      [`${module} ${name}`, new Global(`${module}.${name}`, { ...(call && { call }) })] as const,
  ),
  ...storageTypes.map(([name, dtype]) => [`torch ${name}`, new Global(`torch.${name}`, { dtype })] as const),
  ...['torch', 'torch.storage'].map(
    (module) => [`${module} UntypedStorage`, new Global(`${module}.UntypedStorage`, { dtype: 'uint8' })] as const,
  ),
])

/** What the list has for `module.name`. */
export const findGlobal = (module: string, name: string): Global | undefined => globals.get(`${module} ${name}`)

/** Applies the state that BUILD brings to the object it belongs to. */
export function build(target: unknown, state: unknown, context: PickleContext): void {
  if (target instanceof NumpyType) buildNumpyType(target, state, context)
  else if (target instanceof NumpyArray) buildNumpyArray(target, state, context)
  else if (target instanceof StandIn) target.state = state
  else if (target instanceof Namespace && state instanceof Map) buildNamespace(target, state, context)
  else if (!takesAttributes(target))
    throw context.fail('state for an array, a dict or an object', `${show(state)} for ${show(target)}`)
}

/** Attributes of a dict, a list or a tensor, such as the `_metadata` of a state dict, hold no tensor and are not kept. */
const takesAttributes = (target: unknown): boolean =>
  Array.isArray(target) || [Map, Set, Window, StorageValue].some((type) => target instanceof type)

function buildNamespace(target: Namespace, state: Map<unknown, unknown>, context: PickleContext): void {
  context.spend(builtBytes.member * state.size)
  for (const [key, value] of state) target.set(context.keyIn(target, key), value)
}

function buildNumpyType(type: NumpyType, state: unknown, context: PickleContext): void {
  const [, order, subarray, names, fields] = Array.isArray(state) ? state : []
  if (typeof order !== 'string' || !['<', '>', '|', '='].includes(order)) {
    throw context.fail('the byte order of a numpy dtype', show(order))
  }
  type.bigEndian = order === '>'
  const isPlain = [subarray, names, fields].every((part) => part === null)
  if (!isPlain) type.dtype = undefined // records and arrays of arrays
}

function buildNumpyArray(array: NumpyArray, state: unknown, context: PickleContext): void {
  const [, shape, type, fortran, content] = Array.isArray(state) ? state : []
  if (type instanceof StandIn && !array.window) {
    array.unread = context.standIn('numpy.ndarray', [shape, type])
    return
  }
  if (
    !(type instanceof NumpyType) ||
    !Array.isArray(shape) ||
    shape.length > maxDimensions ||
    !shape.every(isCount) ||
    typeof fortran !== 'boolean' ||
    array.window ||
    array.unread
  ) {
    throw context.fail('shape, dtype and order of a numpy array', show(state))
  }
  if (!type.dtype) {
    array.unread = context.standIn('numpy.ndarray', [shape, type.code])
    return
  }
  const bytes = isText(content) ? latin1Bytes(content, context) : content
  const expected = sizeOf(shape) * dtypeSize[type.dtype]
  if (!(bytes instanceof Uint8Array) || bytes.length !== expected) {
    const found = bytes instanceof Uint8Array ? `${bytes.length}` : show(bytes)
    throw context.fail(`${expected} bytes for a ${type.dtype} array of shape ${show(shape)}`, found)
  }
  context.spend(2 * builtBytes.item * shape.length)
  const strides = fortran ? columnMajor(shape) : rowMajor(shape)
  const storage = memoryStorage(type.dtype, bytes, type.bigEndian)
  array.window = windowOf(storage, shape, strides, 0, context.fileError, context.place)
}
