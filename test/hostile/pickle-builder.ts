// Pickles by opcode, and the files torch.save wraps around them, in both formats.
import { join, le, type Part, u16, u32, u64 } from './bytes.ts'
import { type End, type Entry, zip } from './zip-builder.ts'

const text = (value: string): Uint8Array => {
  const bytes = new TextEncoder().encode(value)
  return join('X', u32(bytes.length), bytes)
}
const int = (value: number | bigint): Uint8Array =>
  typeof value === 'number' && value >= 0 && value < 65536 ? join('M', u16(value)) : join(0x8a, 9, le(value, 9))

/** Opcodes with their arguments. */
export const op = {
  text,
  int,
  float: (value: number) => join('G', new Uint8Array(Float64Array.of(value).buffer).reverse()),
  none: join('N'),
  false: join(0x89),
  global: (module: string, name: string) => join('c', module, '\n', name, '\n'),
  stackGlobal: (module: string, name: string) => join(text(module), text(name), 0x93),
  tuple: (...items: Part[]) => join('(', ...items, 't'),
  list: (...items: Part[]) => join(']', '(', ...items, 'e'),
  dict: (...items: Part[]) => join('}', '(', ...items, 'u'),
  reduce: (callee: Part, ...args: Part[]) => join(callee, op.tuple(...args), 'R'),
  build: (target: Part, state: Part) => join(target, state, 'b'),
  bytes: (value: Uint8Array) => join('B', u32(value.length), value),
  put: (index: number) => join('r', u32(index)),
  get: (index: number) => join('j', u32(index)),
  pickle: (...parts: Part[]) => join(0x80, 2, ...parts, '.'),
}

export const storage = (key: string, numel: number | bigint, type = 'FloatStorage', module = 'torch') =>
  join(op.tuple(text('storage'), op.global(module, type), text(key), text('cpu'), int(numel)), 'Q')

interface TensorSpec {
  storage?: Uint8Array
  offset?: number
  shape?: readonly (number | bigint)[]
  strides?: readonly (number | bigint)[]
}

/** torch._utils._rebuild_tensor_v2 on storage "0", which `torchZip` gives six floats. */
export const tensor = ({
  storage: from = storage('0', 6),
  offset = 0,
  shape = [2, 3],
  strides = [3, 1],
}: TensorSpec = {}) =>
  op.reduce(
    op.global('torch._utils', '_rebuild_tensor_v2'),
    from,
    int(offset),
    op.tuple(...shape.map(int)),
    op.tuple(...strides.map(int)),
    op.false,
    op.reduce(op.global('collections', 'OrderedDict')),
  )

/** numpy.core.multiarray._reconstruct with its state. */
export const array = (descr: string, shape: readonly number[], content: Part, order = '<') =>
  op.build(
    op.reduce(
      op.global('numpy.core.multiarray', '_reconstruct'),
      op.global('numpy', 'ndarray'),
      op.tuple(int(0)),
      op.bytes(join('b')),
    ),
    op.tuple(
      int(1),
      op.tuple(...shape.map(int)),
      op.build(
        op.reduce(op.global('numpy', 'dtype'), text(descr), op.false, op.false),
        op.tuple(int(3), text(order), op.none, op.none, op.none, int(-1), int(-1), int(0)),
      ),
      op.false,
      content,
    ),
  )

export const sixFloats = new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer)

/** The entries torch.save writes, with the six floats 0 to 5 as storage "0". */
export const torchEntries = (pickle: Uint8Array): Entry[] => [
  { name: 'archive/data.pkl', data: pickle },
  { name: 'archive/data/0', data: sixFloats },
  { name: 'archive/version', data: join('3\n') },
]

export const torchZip = (pickle: Uint8Array, end: End = {}) => zip(torchEntries(pickle), end)

const magic = join(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.')

interface LegacySpec {
  version?: number
  littleEndian?: Part
  keys?: Uint8Array
  storages?: Uint8Array
}

/** A legacy file around the pickle of a tree, with the same storage "0". */
export const torchLegacy = (
  tree: Uint8Array,
  { version = 1001, littleEndian = 0x88, keys, storages }: LegacySpec = {},
) =>
  join(
    magic,
    op.pickle(int(version)),
    op.pickle(op.dict(text('little_endian'), littleEndian)),
    tree,
    keys ?? op.pickle(op.list(text('0'))),
    storages ?? join(u64(6), sixFloats),
  )
