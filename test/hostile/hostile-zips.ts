// Archives that lie: about places, sizes, names, flags. Each row: what it is, its bytes, what the error has to mention.
import { deflateRawSync } from 'node:zlib'
import { npyBytes } from '../../src/checkpoint/npy.ts'
import { floats, join, u16, u32, u64 } from './bytes.ts'
import { op, sixFloats, storage, tensor, torchEntries, torchZip } from './pickle-builder.ts'
import { type Entry, zip } from './zip-builder.ts'

export type Hostile = readonly [what: string, bytes: () => Uint8Array, mentions: RegExp]

const good = op.pickle(op.dict(op.text('w'), tensor()))
const [pickle, data, version] = torchEntries(good) as [Entry, Entry, Entry]
const truncations = [0.02, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.97, 0.995]
const named = (name: string): Entry => ({ name, data: floats(1) })
const deflated = (entry: Entry, size?: number): Entry => {
  const raw = entry.data as Uint8Array
  const packed = deflateRawSync(raw)
  const lie = { method: 8, size: size ?? raw.length, compressedSize: packed.length }
  return { name: entry.name, data: packed, central: lie, local: lie }
}
const bomb = (megabytes: number, said: number): Entry => {
  const packed = deflateRawSync(new Uint8Array(megabytes << 20))
  const header = join(npyBytes([said - 128], new Uint8Array(said - 128)).subarray(0, 128))
  const whole = join(deflateRawSync(header, { finishFlush: 2 }), packed)
  const lie = { method: 8, size: said, compressedSize: whole.length }
  return { name: 'arr_0.npy', data: whole, central: lie, local: lie }
}

export const hostileZips: readonly Hostile[] = [
  ['an empty file', () => join(), /empty file/],
  ['two letters of a zip', () => join('PK'), /closing record/],
  ...truncations.map((part): Hostile => {
    const cut = () => torchZip(good).slice(0, Math.floor(torchZip(good).length * part))
    return [`a zip cut off after ${part * 100} %`, cut, /closing record/]
  }),
  ['a zip with its first byte cut off', () => torchZip(good).slice(1), /a checkpoint/],
  ['a zip behind other bytes', () => join('PK\x03\x04', torchZip(good)), /directory that ends/],
  ['a zip with bytes after it', () => join(torchZip(good), 'more'), /closing record/],
  ['another name in the local header', () => zip([pickle, { ...data, local: { name: 'archive/data/1' } }]), /name/],
  ['another size in the local header', () => zip([pickle, { ...data, local: { size: 20 } }]), /24 bytes/],
  [
    'another packed size in the local header',
    () => zip([pickle, { ...data, local: { compressedSize: 2 } }]),
    /24 bytes/,
  ],
  ['another checksum in the local header', () => zip([pickle, { ...data, local: { crc: 7 } }]), /checksum/],
  ['another method in the local header', () => zip([pickle, { ...data, local: { method: 8 } }]), /method/],
  ['another flag in the local header', () => zip([pickle, { ...data, local: { flags: 0x808 } }]), /flags/],
  ['no local header', () => zip([pickle, { ...data, central: { offset: 40 } }]), /local header|place of its own/],
  [
    'a local extra field over the data',
    () => zip([pickle, { ...data, local: {}, central: { offset: 0 } }]),
    /place of its own/,
  ],
  ['overlapping entries', () => zip([pickle, data, { ...version, central: { offset: 60 } }]), /place of its own/],
  [
    'two entries on one place',
    () => zip([pickle, data, { ...data, name: 'archive/data/1', central: { offset: 150 } }]),
    /place of its own/,
  ],
  [
    'a size beyond the directory',
    () => zip([pickle, { ...data, central: { size: 9999, compressedSize: 9999 } }]),
    /place of its own/,
  ],
  ['an entry beyond the file', () => zip([pickle, { ...data, central: { offset: 99999 } }]), /place of its own/],
  ['a stored entry with two sizes', () => zip([pickle, { ...data, central: { size: 25 } }]), /equal sizes/],
  [
    'a size of 2^63',
    () => zip([pickle, { ...data, central: { size: 2 ** 63, compressedSize: 2 ** 63, zip64: true } }]),
    /place of its own/,
  ],
  ['a Zip64 size that is not there', () => zip([pickle, { ...data, central: { size: 0xffffffff } }]), /Zip64 sizes/],
  ...['../archive/data/1', '/etc/passwd', 'C:/x', 'a\\b', '', 'a/../../b', 'a\0b'].map((name): Hostile => {
    return [`the name ${JSON.stringify(name)}`, () => zip([pickle, data, named(name)]), /plain relative name/]
  }),
  ['a name that is no UTF-8', () => zip([pickle, { ...data, central: { name: [0xff, 0xfe] } }]), /UTF-8/],
  ['a name that comes twice', () => zip([pickle, data, data]), /twice/],
  ['a deflated data.pkl with another checksum', () => zip([deflated(pickle), data]), /checksum/],
  ['a deflated storage with another checksum', () => zip([pickle, deflated(data)]), /checksum/],
  ['a deflated data.pkl that is longer than it says', () => zip([deflated(pickle, 20), data]), /20 bytes/],
  ['a deflated data.pkl that is shorter than it says', () => zip([deflated(pickle, 9999), data]), /9999 bytes/],
  [
    'a deflated data.pkl of 65 MB',
    () => zip([deflated({ name: pickle.name, data: new Uint8Array(65 << 20) }), data]),
    /at most 67108864 bytes/,
  ],
  ['an encrypted entry', () => zip([pickle, { ...data, central: { flags: 0x801 } }]), /encrypted/],
  ['an unknown compression method', () => zip([pickle, { ...data, central: { method: 93 } }]), /method 93/],
  ['no data.pkl', () => zip([data, version]), /data\.pkl/],
  ['data.pkl without its folder', () => zip([{ ...pickle, name: 'data.pkl' }]), /data\.pkl/],
  ['two data.pkl', () => zip([pickle, data, { ...pickle, name: 'other/data.pkl' }]), /one data\.pkl/],
  ['an empty zip', () => zip([]), /data\.pkl|a checkpoint/],
  ['fewer entries than said', () => zip([pickle, data], { count: 3 }), /3 entries/],
  ['more entries than said', () => zip([pickle, data, version], { count: 2 }), /2 entries/],
  ['50,000 entries said', () => zip([pickle], { count: 50000 }), /at most 20000/],
  ['a directory elsewhere', () => zip([pickle, data], { offset: 12 }), /directory that ends/],
  ['a directory of 4 GB', () => zip([pickle, data], { size: 0xfffffff0 }), /at most|directory that ends/],
  ['a part of several archives', () => zip([pickle, data], { disk: 1 }), /one piece/],
  ['a Zip64 locator to nowhere', () => zip([pickle, data], { zip64: true, locatorShift: 1000 }), /Zip64 record/],
  [
    'a Zip64 locator before the file',
    () => zip([pickle, data], { zip64: true, locatorShift: -(2 ** 40) }),
    /Zip64 record/,
  ],
  ['a Zip64 directory of 2^60', () => zip([pickle, data], { zip64: true, size: 2 ** 60 }), /at most/],
  [
    'big-endian storages',
    () => zip([pickle, data, { name: 'archive/byteorder', data: join('big') }]),
    /"big".*little-endian/,
  ],
  [
    'a byteorder of many bytes',
    () => zip([pickle, data, { name: 'archive/byteorder', data: new Uint8Array(9999) }]),
    /byteorder/,
  ],
  ['a missing storage', () => zip([pickle]), /"archive\/data\/0"/],
  ['a storage that is too short', () => zip([pickle, { ...data, data: sixFloats.slice(0, 20) }]), /24 bytes/],
  ['a storage that is too long', () => zip([pickle, { ...data, data: join(sixFloats, 0) }]), /24 bytes/],
  [
    'a storage key that climbs',
    () => torchZip(op.pickle(tensor({ storage: storage('../version', 6) }))),
    /data\/\.\.\/version/,
  ],
  ['a pickle in a .npz', () => zip([named('arr_0.npy'), named('evil.pkl')]), /only \.npy/],
  ['a bomb that inflates to more than it says', () => zip([bomb(64, 1000)]), /more when inflated/],
  [
    'a bomb that says 900 MB',
    () => zip([{ ...bomb(0, 1000), central: { method: 8, size: 9e8 }, local: { method: 8, size: 9e8 } }]),
    /at most/,
  ],
  [
    'deflated bytes that are none',
    () =>
      zip([
        {
          name: 'a.npy',
          data: new Uint8Array(500).fill(0xff),
          central: { method: 8, size: 700 },
          local: { method: 8, size: 700 },
        },
      ]),
    /deflated bytes/,
  ],
  [
    'a central directory of noise',
    () => join('PK\x03\x04', new Uint8Array(60), 'PK\x05\x06', u32(0), u16(1), u16(1), u32(60), u32(4), u16(0)),
    /1 entries/,
  ],
  [
    'a Zip64 record of noise',
    () => join('PK\x03\x04', 'PK\x06\x07', u32(0), u64(2 ** 62), u32(1), 'PK\x05\x06', new Uint8Array(18)),
    /Zip64/,
  ],
]
