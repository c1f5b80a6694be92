// Texts that files choose (settings, notes, configurations) and widths that they claim: refused in one paragraph before anything
// is made of them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/checkpoint.ts'
import { npyBytes } from '../../src/checkpoint/npy.ts'
import { npzBytes } from '../../src/checkpoint/npz.ts'
import { bufferSource } from '../../src/checkpoint/sources.ts'
import { paragraph } from '../../src/cli/error-text.ts'
import { crc32 } from '../../src/core/crc32.ts'
import { isDecimal } from '../../src/core/decimal.ts'
import { CheckpointError } from '../../src/core/errors.ts'
import { arraySet } from '../../src/evaluate/node/sets/arrays.ts'
import { readSettings } from '../../src/images/node/read.ts'
import { addPngText } from '../../src/images/png-text.ts'
import { SETTINGS_KEY } from '../../src/images/xmp.ts'
import { readConfig } from '../../src/library/exported.ts'
import { type Entry, zip } from './zip-builder.ts'

const folder = mkdtempSync(join(tmpdir(), 'hostile-texts-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Seconds of CPU that `work` takes. */
function seconds(work: () => unknown): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

describe('the error of a command', () => {
  it.each([
    ['blanks', ' '.repeat(2_000_000)],
    ['line ends', '\n'.repeat(2_000_000)],
    ['control characters', '\u001b'.repeat(2_000_000)],
    ['line ends between blanks', ' \n'.repeat(1_000_000)],
  ])('around many %s is one paragraph of at most 2,000 characters', (_, value) => {
    let text = ''
    expect(seconds(() => (text = paragraph(`Expected a number,\n  got "${value}". Take another.`)))).toBeLessThan(0.5)
    expect(`error: ${text}\n`.length).toBeLessThanOrEqual(2000)
    expect(text).toMatch(/^Expected a number, got ".*Take another\.$/)
  })

  it('keeps what fits as it is, lines joined by a blank', () => {
    expect(paragraph('one\n   two  \n\nthree  four')).toBe('one two three  four')
    expect(`error: ${paragraph('x'.repeat(1992))}\n`).toHaveLength(2000)
    expect(paragraph('x'.repeat(1992))).toBe('x'.repeat(1992))
  })
})

it('a number of a million digits is told from other text in time', () => {
  for (const text of ['1'.repeat(1e6), `${'1'.repeat(1e6)}x`, `${'1'.repeat(5e5)}.${'1'.repeat(5e5)}x`]) {
    expect(seconds(() => expect(isDecimal(text)).toBe(!text.endsWith('x')))).toBeLessThan(0.5)
  }
  expect(['2', '-0.95', '+1e-3', '.5', '1.', '1E5'].every(isDecimal)).toBe(true)
  expect(['', '.', 'e5', '1e', '1.2.3', '--1', '1 '].some(isDecimal)).toBe(false)
})

it('settings of an image of more than 64 KiB are refused before they are parsed', async () => {
  const image = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
  const path = join(folder, 'bomb.png')
  writeFileSync(path, addPngText(image, { [SETTINGS_KEY]: '['.repeat(20_000_000) }))
  await expect(readSettings(path)).rejects.toThrow(/bomb\.png: The text .* has 20000019 bytes, expected at most 65536/)
  writeFileSync(path, addPngText(image, { Comment: 'x'.repeat(1e6), [SETTINGS_KEY]: '{"seed":1}' }))
  expect(await readSettings(path)).toEqual({ seed: 1 })
})

describe('arrays for an evaluation', () => {
  const set = (arrays: Parameters<typeof npzBytes>[0]) => {
    const path = join(folder, 'set.npz')
    writeFileSync(path, npzBytes(arrays))
    return arraySet(path).then(
      (found) => found.close(),
      (error) => error,
    )
  }
  const features = (width: number) => ({ features: { shape: [2, width], data: new Float32Array(2 * width) } })

  it.each([4097, 100_000])('with features of width %i are refused', async (width) => {
    const error = await set(features(width))
    expect(error).toBeInstanceOf(CheckpointError)
    expect(error.message).toContain(`"features" is [2, ${width}], expected features of width 1 to 4096`)
  })

  it('with features of width 4096 are read', async () => {
    expect(await set(features(4096))).toBeUndefined()
  })

  it('with a note of more than 64 KiB are refused', async () => {
    const distilled = { shape: [2 ** 16 + 1], data: new Uint8Array(2 ** 16 + 1).fill(0x5b) }
    const error = await set({ features: features(8).features, distilled })
    expect(error.message).toMatch(/the note in "distilled" has 65537 bytes, expected at most 65536/)
  })
})

it.each([
  [{ size: 262_144, count: 262_144 }, 8],
  [{ size: 262_144, count: 4 }, 4096],
  [[262_144, 262_144], 4096],
])('an exported configuration of token groups %j with %i channels is refused', (token_groups, channels) => {
  const config = {
    model_type: 'distilled-decoding',
    format_version: 1,
    name: 'x',
    family: 'var',
    dtype: 'fp32',
    image_size: 16,
    num_classes: 1,
    id2label: {},
    sensitive_classes: [],
    graphs: {},
    files: [],
    token_groups,
    channels,
    presets: [{ steps: 1, timesteps: [0], split: 1 }],
    known_answer: { file: 'a', mean_levels_within: 1 },
  }
  const read = (value: object) => () => readConfig('config.json', new TextEncoder().encode(JSON.stringify(value)))
  expect(read(config)).toThrow(/config\.json: "token_groups": expected tokens x channels to be at most 4194304/)
  expect(read({ ...config, token_groups: [1, 4], channels: 8 })).not.toThrow()
})

describe('deflated arrays', () => {
  const deflated = (name: string, raw: Uint8Array): Entry => {
    const data = deflateRawSync(raw)
    const header = { method: 8, size: raw.length, compressedSize: data.length, crc: crc32(raw) }
    return { name: `${name}.npy`, data, central: header, local: header }
  }
  const opened = (entries: Entry[]) => openCheckpoint(bufferSource('a.npz', zip(entries)))

  it('that are packed 1000 to 1 are inflated up to 64 MiB', async () => {
    const array = (bytes: number) => deflated('arr_0', npyBytes([bytes], new Uint8Array(bytes)))
    const checkpoint = await opened([array(2 ** 26 - 128)])
    expect(await checkpoint.tensors().get('arr_0')!.read()).toHaveLength(2 ** 26 - 128)
    const large = await opened([array(2 ** 26)])
    await expect(large.tensors().get('arr_0')!.read()).rejects.toThrow(
      /expected at most 67108864 bytes, found 67108992/,
    )
  })

  it('with long headers are listed in time, up to 1,500', async () => {
    const literal = `{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }${' '.repeat(9900)}`
    const raw = new Uint8Array(10 + literal.length + 16)
    raw.set(npyBytes([4], new Float32Array(4)).subarray(0, 8))
    new DataView(raw.buffer).setUint16(8, literal.length, true)
    raw.set(new TextEncoder().encode(literal), 10)
    const entries = Array.from({ length: 1500 }, (_, i) => deflated(`a${i}`, raw))
    const start = process.cpuUsage()
    expect((await opened(entries)).tensors().size).toBe(1500)
    const { user, system } = process.cpuUsage(start)
    expect((user + system) / 1e6).toBeLessThan(1)
    const more = [...entries, deflated('more', raw)]
    await expect(opened(more)).rejects.toThrow(/expected at most 1500 deflated arrays, found 1501/)
  })
})
