// Pickles that want to run code, eat memory, or describe tensors that are not there; wrapped as torch.save would.
import { join, le, type Part, u32, u64 } from './bytes.ts'
import type { Hostile } from './hostile-zips.ts'
import { array, op, storage, tensor, torchLegacy, torchZip } from './pickle-builder.ts'

const { dict, float, get, global, int, list, none, pickle, put, reduce, stackGlobal, text, tuple } = op

const repeat = (count: number, bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(count * bytes.length)
  for (let i = 0; i < count; i++) out.set(bytes, i * bytes.length)
  return out
}

const bare = (what: string, mentions: RegExp, ...parts: Part[]): Hostile => [
  what,
  () => torchZip(pickle(...parts)),
  mentions,
]
const raw = (what: string, mentions: RegExp, ...parts: Part[]): Hostile => [
  what,
  () => torchZip(join(...parts)),
  mentions,
]
const lazy = (what: string, mentions: RegExp, parts: () => Part[]): Hostile => [
  what,
  () => torchZip(pickle(...parts())),
  mentions,
]
const shaped = (what: string, mentions: RegExp, spec: Parameters<typeof tensor>[0]): Hostile =>
  bare(what, mentions, dict(text('w'), tensor(spec)))

export const hostilePickles: readonly Hostile[] = [
  // Code.
  bare('os.system', /"os\.system"/, reduce(global('os', 'system'), text('touch /tmp/pwned'))),
  bare('posix.system named on the stack', /"posix\.system"/, reduce(stackGlobal('posix', 'system'), text('id'))),
  bare('builtins.eval', /"builtins\.eval"/, reduce(global('builtins', 'eval'), text('1'))),
  bare('__builtin__.exec', /"__builtin__\.exec"/, reduce(global('__builtin__', 'exec'), text('1'))),
  bare(
    'a chain of getattr',
    /"builtins\.getattr"/,
    reduce(reduce(global('builtins', 'getattr'), global('torch', 'hub'), text('load')), text('x')),
  ),
  bare(
    'a dotted name that walks through a module',
    /"collections\.OrderedDict\.__class__"/,
    stackGlobal('collections', 'OrderedDict.__class__'),
  ),
  bare('torch.hub.load as a nested name', /"torch\.hub\.load"/, reduce(stackGlobal('torch', 'hub.load'), text('x'))),
  bare(
    'a module and name split elsewhere',
    /torch\._utils _rebuild/,
    stackGlobal('torch._utils _rebuild_tensor_v2', ''),
  ),
  bare(
    'torch.load within',
    /_load_from_bytes/,
    reduce(global('torch.storage', '_load_from_bytes'), op.bytes(join('x'))),
  ),
  bare('a global that is not named by text', /two strings/, int(1), int(2), 0x93),
  bare('os.system by opcode INST', /"os\.system"/, '(', 'i', 'os\nsystem\n'),
  bare('os.system by opcode OBJ', /"os\.system"/, '(', global('os', 'system'), text('id'), 'o'),
  bare('os.system by opcode NEWOBJ_EX', /"os\.system"/, global('os', 'system'), tuple(), dict(), 0x92),
  bare('os.system by way of torch', /"torch\.os\.system"/, stackGlobal('torch', 'os.system')),
  bare(
    'getattr on a known class',
    /"builtins\.getattr"/,
    reduce(global('builtins', 'getattr'), global('torch', 'Size'), text('x')),
  ),
  bare(
    'getattr to a special attribute',
    /"builtins\.getattr"/,
    reduce(global('builtins', 'getattr'), global('my', 'Class'), text('__globals__')),
  ),
  bare(
    'a method caller',
    /"operator\.methodcaller"/,
    reduce(global('operator', 'methodcaller'), text('system'), text('id')),
  ),
  bare('a name with a space', /is no name of a class/, global('my module', 'Class')),
  bare('a name of 100 kB', /is no name of a class/, stackGlobal('m', 'a'.repeat(100_000))),
  bare(
    'a tensor whose function rebuilds by itself',
    /found none|a value|"torch/,
    ']',
    put(0),
    '(',
    global('torch._tensor', '_rebuild_from_type_v2'),
    none,
    get(0),
    none,
    'e',
    '0',
    global('torch._tensor', '_rebuild_from_type_v2'),
    get(0),
    'R',
    '0',
    '0',
  ),
  bare('opcode EXT1', /EXT1/, 0x82, 1),
  bare('opcode EXT4', /EXT4/, 0x84, u32(1)),
  bare('a text persistent id', /PERSID/, 'P', 'file:///etc/passwd\n'),
  bare('a buffer outside the file', /NEXT_BUFFER/, 0x97),
  bare('an opcode that does not exist', /opcode 0xff/, 0xff),
  bare('an applied number', /harmless function/, reduce(int(1), int(2))),
  bare('an applied storage class', /harmless function/, reduce(global('torch', 'FloatStorage'), int(9))),
  bare('a Namespace with arguments', /Namespace/, reduce(global('argparse', 'Namespace'), int(1))),
  bare('state for a number', /state/, int(1), dict(), 'b'),
  bare('text in another encoding', /latin-1/, reduce(global('_codecs', 'encode'), text('x'), text('rot13'))),
  // Persistent ids.
  bare('a persistent id that is no tuple', /persistent id/, text('storage'), 'Q'),
  bare('a persistent id of another kind', /persistent id/, tuple(text('module'), none, none), 'Q'),
  bare(
    'a storage of a class that holds none',
    /persistent id/,
    tensor({ storage: storage('0', 6, 'OrderedDict', 'collections') }),
  ),
  bare('a storage of -1 elements', /persistent id/, tensor({ storage: storage('0', -1) })),
  bare('a storage of 2^62 elements', /persistent id/, tensor({ storage: storage('0', 2n ** 62n) })),
  bare('a storage of 2^50 elements', /24/, tensor({ storage: storage('0', 2 ** 50) })),
  bare('one storage in two types', /stay float32/, list(tensor(), tensor({ storage: storage('0', 3, 'LongStorage') }))),
  // Memory and time.
  lazy('a million empty dicts', /at most 250000 opcodes/, () => ['(', repeat(1_000_000, join('}')), 't']),
  lazy('200,000 empty dicts in a list', /at most 200000 values/, () => [']', '(', repeat(200_000, join('}')), 'e']),
  lazy('a memo of a million', /at most 250000 opcodes/, () => [
    'N',
    join(...Array.from({ length: 100_000 }, (_, i) => join(put(i), '0', 'N'))),
  ]),
  bare('a list that contains itself', /contains itself/, ']', put(0), get(0), 'a'),
  bare('a dict that contains itself', /contains itself/, '}', put(0), text('k'), get(0), 's'),
  bare(
    'a cycle over three containers',
    /contains itself/,
    ']',
    put(0),
    '}',
    put(1),
    text('k'),
    ']',
    get(0),
    'a',
    's',
    'a',
  ),
  bare('a key that contains itself', /a key/, '}', ']', put(0), get(0), 'a', int(1), 's'),
  bare(
    'lists that double 60 times',
    /at most 200000 values/,
    ']',
    ...Array.from({ length: 60 }, (_, i) => join(put(i), '0', list(get(i), get(i)))),
  ),
  lazy('lists 100,000 deep', /128 deep/, () => [repeat(100_000, join(']')), repeat(99_999, join('a'))]),
  lazy('40 MB of text encoded 100 times', /values and copies of at most/, () => [
    '(',
    global('_codecs', 'encode'),
    put(0),
    'X',
    u32(40 << 20),
    new Uint8Array(40 << 20).fill(97),
    put(1),
    text('latin1'),
    put(2),
    ...Array.from({ length: 100 }, () => reduce(get(0), get(1), get(2))),
    't',
  ]),
  lazy('one list of pairs made a dict 10,000 times', /copies of at most/, () => [
    '(',
    global('collections', 'OrderedDict'),
    put(0),
    list(repeat(50_000, tuple(int(1), int(2)))),
    put(1),
    ...Array.from({ length: 10_000 }, () => reduce(get(0), get(1))),
    't',
  ]),
  bare('an integer of 4 GB', /integer of at most/, 0x8b, u32(0xffffffff)),
  bare('an integer of a megabyte', /integer of at most/, 0x8b, u32(1 << 20), new Uint8Array(1 << 20)),
  bare('text of 2^63 bytes', /STOP/, 0x8d, u64(2n ** 63n)),
  bare('text of 4 GB', /STOP/, 'X', u32(0xffffffff)),
  bare('a frame of 2^60 bytes', /STOP/, 0x95, u64(2n ** 60n)),
  ['a pickle of 65 MB', () => torchZip(new Uint8Array(65 << 20)), /at most 67108864 bytes/],
  // Damage.
  bare('a memo that was never set', /memo 7/, get(7)),
  bare('too little on the stack', /on the stack/, 'R'),
  bare('nothing on the stack at the end', /on the stack/),
  bare('no mark', /mark/, int(1), 't'),
  bare('a mark left over', /one value/, '(', int(1)),
  bare('values left over', /on the stack|one value/, int(1), int(2)),
  bare('popping past a mark', /on the stack/, int(1), '(', '0'),
  bare('a key without a value', /keys with values/, '}', '(', int(1), 'u'),
  bare('a dict as a key', /a key/, '}', '}', int(1), 's'),
  bare('appending to a dict', /a list/, '}', int(1), 'a'),
  bare('setting an item of a list', /a dict/, ']', int(1), int(2), 's'),
  bare('adding to a list as to a set', /a set/, ']', '(', int(1), 0x90),
  bare('text that is no UTF-8', /UTF-8/, 'X', u32(2), 0xff, 0xff),
  bare('protocol 9', /protocol 9/, 0x80, 9, none),
  raw('no STOP', /STOP/, 0x80, 2, '}'),
  raw('an empty pickle', /STOP/),
  raw('bytes after STOP', /bytes more/, pickle(none), 'more'),
  // Tensors.
  shaped('a negative dimension', /shape/, { shape: [-2, 3] }),
  shaped('a dimension of 2^52', /fit its storage/, { shape: [2 ** 52], strides: [1] }),
  shaped('a dimension of 2^62', /shape/, { shape: [2n ** 62n], strides: [1] }),
  shaped('more elements than can be counted', /shape/, { shape: [2 ** 50, 2 ** 50], strides: [0, 0] }),
  shaped('uncountable elements beside an empty axis', /shape/, { shape: [2 ** 50, 2 ** 50, 0], strides: [0, 0, 0] }),
  shaped('100 dimensions', /at most 64/, { shape: Array(100).fill(1), strides: Array(100).fill(1) }),
  shaped('a negative stride', /strides/, { strides: [-3, 1] }),
  shaped('a stride that leaves the storage', /fit its storage/, { strides: [4, 1] }),
  shaped('a stride that overflows', /fit its storage/, { shape: [2 ** 30, 3], strides: [2 ** 40, 1] }),
  shaped('fewer strides than dimensions', /2 strides/, { strides: [1] }),
  shaped('an offset beyond the storage', /fit its storage/, { offset: 1 }),
  shaped('a negative offset', /offset/, { offset: -1 }),
  shaped('a terabyte in one element', /at most 6 elements/, { shape: [2 ** 20, 2 ** 18], strides: [0, 0] }),
  bare(
    'a dimension of 2.5',
    /shape/,
    reduce(global('torch._utils', '_rebuild_tensor_v2'), storage('0', 6), int(0), tuple(float(2.5)), tuple(int(1))),
  ),
  bare(
    'a tensor of no storage',
    /storage of a tensor/,
    reduce(global('torch._utils', '_rebuild_tensor_v2'), none, int(0), tuple(), tuple()),
  ),
  // numpy.
  bare('a numpy array with too few bytes', /16 bytes/, array('f8', [2], op.bytes(join(le(0, 8))))),
  bare(
    'a numpy array of absurd shape',
    /bytes for/,
    array('f8', [60000, 60000, 60000, 60000], op.bytes(join(le(0, 8)))),
  ),
  bare(
    'a numpy array that is filled twice',
    /numpy array/,
    array('f4', [1], op.bytes(join(le(0, 4)))),
    tuple(int(1)),
    'b',
  ),
  bare(
    'a numpy array that is never filled',
    /unfinished/,
    reduce(global('numpy.core.multiarray', '_reconstruct'), global('numpy', 'ndarray')),
  ),
  bare(
    'a numpy scalar of the wrong size',
    /bytes of one number/,
    reduce(global('numpy.core.multiarray', 'scalar'), reduce(global('numpy', 'dtype'), text('f8')), op.bytes(join(1))),
  ),
]

const tree = pickle(dict(text('w'), tensor()))
const viewed = (first: number, numel: number) =>
  pickle(
    tensor({
      storage: join(
        tuple(
          text('storage'),
          global('torch', 'FloatStorage'),
          text('0'),
          text('cpu'),
          int(6),
          tuple(text('v'), int(first), int(numel)),
        ),
        'Q',
      ),
    }),
  )

export const hostileLegacy: readonly Hostile[] = [
  ...[15, 18, 30, 60, 150, 200, 220, 230].map(
    (size): Hostile => [
      `a legacy file cut off after ${size} bytes`,
      () => torchLegacy(tree).slice(0, size),
      /whole pickle|cut off/,
    ],
  ),
  ['legacy os.system', () => torchLegacy(pickle(reduce(global('os', 'system'), text('id')))), /"os\.system"/],
  [
    'a legacy persistent id before the tree',
    () => torchLegacy(tree, { littleEndian: storage('0', 2 ** 40) }),
    /cut off|keys|elements/,
  ],
  ['another legacy version', () => torchLegacy(tree, { version: 1002 }), /1001/],
  ['big-endian legacy storages', () => torchLegacy(tree, { littleEndian: 0x89 }), /big-endian/],
  ['a legacy storage without a key', () => torchLegacy(tree, { keys: pickle(list()) }), /1 keys/],
  ['a legacy key without a storage', () => torchLegacy(tree, { keys: pickle(list(text('9'))) }), /"9"/],
  [
    'a legacy key that comes twice',
    () =>
      torchLegacy(pickle(list(tensor(), tensor({ storage: storage('1', 6) }))), {
        keys: pickle(list(text('0'), text('0'))),
      }),
    /"0"/,
  ],
  ['legacy keys that are no list', () => torchLegacy(tree, { keys: pickle(int(3)) }), /keys/],
  [
    'a legacy storage with another count',
    () => torchLegacy(tree, { storages: join(u64(5), new Uint8Array(24)) }),
    /6 elements/,
  ],
  [
    'a legacy storage with a negative count',
    () => torchLegacy(tree, { storages: join(u64(-6n), new Uint8Array(24)) }),
    /6 elements/,
  ],
  ['a legacy view beyond its storage', () => torchLegacy(viewed(3, 4)), /view within/],
  ['a legacy view that is too short', () => torchLegacy(viewed(3, 3)), /fit its storage/],
]
