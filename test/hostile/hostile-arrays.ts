// safetensors, .npy and .npz files with headers that lie.
import { npyBytes } from '../../src/checkpoint/npy.ts'
import { join, type Part, u16, u64 } from './bytes.ts'
import type { Hostile } from './hostile-zips.ts'
import { zip } from './zip-builder.ts'

const tensors = (json: string, data: Part = new Uint8Array(16), length = new TextEncoder().encode(json).length) =>
  join(u64(length), json, data)
const header = (what: string, mentions: RegExp, json: string, size = 16): Hostile => [
  what,
  () => tensors(json, new Uint8Array(size)),
  mentions,
]
const entry = (dtype: string, shape: string, offsets: string) =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`
const good = `{"w":${entry('F32', '[4]', '[0,16]')}}`

export const hostileSafetensors: readonly Hostile[] = [
  ['a header length beyond the file', () => tensors(good, new Uint8Array(16), 9999), /header of at most/],
  ['a header length of 2^63', () => join(u64(2n ** 63n), good), /header of at most/],
  ['a header length that cuts the header', () => tensors(good, new Uint8Array(16), 20), /closing quote|text|"|the end/],
  ['a header length of 0', () => join(u64(0), '{'), /"\{"/],
  ...[9, 12, 30, 50, 70].map(
    (size): Hostile => [
      `a safetensors file cut off after ${size} bytes`,
      () => tensors(good).slice(0, size),
      /header|bytes/,
    ],
  ),
  header(
    'tensors that overlap',
    /right after/,
    `{"a":${entry('F32', '[2]', '[0,8]')},"b":${entry('F32', '[3]', '[4,16]')}}`,
  ),
  header(
    'the same bytes for two tensors',
    /right after/,
    `{"a":${entry('F32', '[4]', '[0,16]')},"b":${entry('F32', '[4]', '[0,16]')}}`,
  ),
  header(
    'a hole between tensors',
    /right after/,
    `{"a":${entry('F32', '[1]', '[0,4]')},"b":${entry('F32', '[2]', '[8,16]')}}`,
  ),
  header('a hole at the start', /right after/, `{"a":${entry('F32', '[3]', '[4,16]')}}`),
  header('bytes no tensor owns', /16 bytes/, good, 20),
  header('fewer bytes than said', /16 bytes/, good, 12),
  header('offsets in reverse', /right after|in order/, `{"a":${entry('F32', '[4]', '[16,0]')}}`),
  header('three offsets', /two data_offsets/, `{"a":${entry('F32', '[4]', '[0,8,16]')}}`),
  header('a size that does not fit the shape', /20 bytes/, `{"a":${entry('F32', '[5]', '[0,16]')}}`),
  header('dimensions of 2^53', /whole number/, `{"a":${entry('F32', '[9007199254740993,2]', '[0,16]')}}`),
  header(
    'dimensions that overflow',
    /bytes for/,
    `{"a":${entry('F32', '[4294967296,4294967296,4294967296]', '[0,16]')}}`,
  ),
  header('overflow beside an empty axis', /shape/, `{"a":${entry('F32', '[4294967296,4294967296,0]', '[0,0]')}}`, 0),
  header('a negative dimension', /whole number/, `{"a":${entry('F32', '[-4]', '[0,16]')}}`),
  header('a dimension of 4.0', /whole number/, `{"a":${entry('F32', '[4.0]', '[0,16]')}}`),
  header('a dimension of 4e0', /whole number/, `{"a":${entry('F32', '[4e0]', '[0,16]')}}`),
  header('100 dimensions', /at most 64/, `{"a":${entry('U8', `[${Array(100).fill(1)}]`, '[0,1]')}}`, 1),
  header('an unknown dtype', /"F7"/, `{"a":${entry('F7', '[16]', '[0,16]')}}`),
  header(
    'a name that comes twice',
    /twice/,
    `{"a":${entry('F32', '[2]', '[0,8]')},"a":${entry('F32', '[2]', '[8,16]')}}`,
  ),
  header('a field that comes twice', /twice/, '{"a":{"dtype":"F32","dtype":"F64","shape":[4],"data_offsets":[0,16]}}'),
  header('an unknown field', /"strides"/, '{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"strides":[1]}}'),
  header('a missing field', /dtype, shape/, '{"a":{"dtype":"F32","data_offsets":[0,16]}}'),
  header('metadata that is no text', /"\\""|text/, '{"__metadata__":{"a":1}}', 0),
  header('JSON that does not end', /the end/, '{"a":{', 0),
  header('JSON with more behind it', /the end/, '{}{}', 0),
  header('JSON 100,000 deep', /dtype|"\[|whole number|\{/, `{"a":${'{"a":'.repeat(100_000)}`, 0),
  header('lists 100,000 deep', /whole number/, `{"a":{"shape":${'['.repeat(100_000)}`, 0),
  header('a name with a bad escape', /text in quotes/, '{"\\x":1}', 0),
  ['a header that is no UTF-8', () => join(u64(4), '{', [0xff, 0xff], '}'), /UTF-8/],
  [
    '50,001 tensors',
    () => tensors(`{${Array.from({ length: 50_001 }, (_, i) => `"${i}":${entry('U8', '[0]', '[0,0]')}`)}}`, join()),
    /at most 50000/,
  ],
  ['a name of 10 MB of backslashes', () => tensors(`{"${'\\\\'.repeat(5 << 20)}":1}`), /a name of at most 1024/],
  ['a name of 10 MB', () => tensors(`{"${'a'.repeat(10 << 20)}":1}`), /a name of at most 1024/],
  ['a shape of 4 million numbers', () => tensors(`{"a":{"shape":[${'1,'.repeat(4 << 20)}1]}}`), /at most 64 numbers/],
  [
    'a million metadata',
    () => tensors(`{"__metadata__":{${Array.from({ length: 1_000_000 }, (_, i) => `"${i}":""`)}}}`, join()),
    /at most 10000 metadata/,
  ],
]

const npy = (literal: string, data: Part = new Uint8Array(16)) =>
  join([0x93], 'NUMPY', [1, 0], u16(literal.length), literal, data)
const literal = (what: string, mentions: RegExp, text: string): Hostile => [what, () => npy(text), mentions]

export const hostileNpy: readonly Hostile[] = [
  ...[6, 8, 10, 40, 100, 130, 143].map(
    (size): Hostile => [
      `a .npy cut off after ${size} bytes`,
      () => npyBytes([4], new Float32Array(4)).slice(0, size),
      /npy|header|bytes/,
    ],
  ),
  ['bytes after the array', () => join(npyBytes([4], new Float32Array(4)), 0), /144 bytes/],
  ['.npy version 9', () => join([0x93], 'NUMPY', [9, 0], u16(2), '{}', new Uint8Array(9)), /version 9/],
  ['a header of 60,000 bytes', () => npy(' '.repeat(60_000)), /at most 10000/],
  literal('an object array', /"'\|O'"|dtype/, "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }"),
  literal('a structured array', /dtype/, "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (4,), }"),
  literal('code as a header', /a header/, "__import__('os').system('id')"),
  literal('code as a shape', /a header/, "{'descr': '<f4', 'fortran_order': False, 'shape': (__import__('os'),), }"),
  literal('a missing key', /a header/, "{'descr': '<f4', 'shape': (4,), }"),
  literal(
    'a key that comes twice',
    /a header/,
    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (4,), }",
  ),
  literal('an unknown key', /a header/, "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'extra': 1}"),
  literal('a negative shape', /a header/, "{'descr': '<f4', 'fortran_order': False, 'shape': (-4,), }"),
  literal('a shape of 10^30', /bytes for/, `{'descr': '<f4', 'fortran_order': False, 'shape': (${'9'.repeat(30)},), }`),
  literal(
    'a shape of 10^300 squared beside 0',
    /bytes for|shape/,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (${'9'.repeat(300)}, ${'9'.repeat(300)}, 0), }`,
  ),
  literal(
    'a shape too large for the file',
    /bytes for/,
    "{'descr': '<f4', 'fortran_order': False, 'shape': (100000, 100000), }",
  ),
  literal('a header made to exhaust a pattern', /a header/, `{'shape': (${'1'.repeat(9000)}!`),
  literal('a header of commas', /a header/, `{'shape': (${'1,'.repeat(4500)}!), }`),
  ['a .npz with a broken array', () => zip([{ name: 'a.npy', data: npy('{}') }]), /a header/],
  [
    'a .npz array that is too long',
    () => zip([{ name: 'a.npy', data: join(npyBytes([4], new Float32Array(4)), 0) }]),
    /144 bytes/,
  ],
]
