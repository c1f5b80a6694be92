import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fixturePath, loadFixture } from '../../../test/fixtures.ts'
import { UsageError } from '../errors.ts'
import { TorchGenerator } from './torch.ts'

interface Run {
  seed: number
  calls: { kind: 'rand' | 'randn' | 'randint'; size: number; bits?: string; sha256?: string }[]
}
const runs: Run[] = JSON.parse(readFileSync(fixturePath('torch_randn.json'), 'utf8')).runs

// Everything here is equality of bits: no tolerance.
test.each(runs)('seed $seed: rand, randn and randint in a row have the bits of torch', ({ seed, calls }) => {
  const generator = new TorchGenerator(seed)
  for (const { kind, size, bits, sha256 } of calls) {
    const values = kind === 'randint' ? generator.randint(-3, 1000, size) : generator[kind](size)
    const bytes = Buffer.from(values.buffer)
    if (bits) expect(bytes.toString('hex')).toBe(bits)
    else expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
  }
})

const sampling = loadFixture('sampling')
test.each([0, 42, 2147483653])('seed %i: the draws of the sampling fixture, in order', (seed) => {
  const generator = new TorchGenerator(seed)
  const golden = (name: string) => sampling.arrays(`torch_seed${seed}.${name}`)
  expect(generator.randint(0, 1000, 37)).toEqual(golden('randint').data)
  for (const name of ['randn_small', 'randn', 'randn_odd'] as const) {
    expect(generator.randn(golden(name).shape), name).toEqual(golden(name).data)
  }
  expect(generator.rand(9)).toEqual(golden('rand').data)
})

const streams = loadFixture('seed_streams')
test.each(Object.keys(streams.meta.position))(
  '%s: from the stored state come the labels and noise of the script',
  (name) => {
    const generator = new TorchGenerator(0)
    const words = Uint32Array.from(streams.arrays(`${name}.mt19937_state`).data)
    const { left, next } = streams.meta.position[name]
    expect(left + next).toBe(625)
    generator.state = { words, left }
    expect(generator.randint(0, 1000, 50_000).subarray(0, 64)).toEqual(streams.arrays(`${name}.labels`).data)
    const noise = generator.randn([64, 680, 32])
    const corner = Float32Array.from(
      { length: 128 },
      (_, i) => noise[(i >> 6) * 680 * 32 + ((i >> 3) & 7) * 32 + (i & 7)]!,
    )
    expect(corner).toEqual(streams.arrays(`${name}.noise`).data)
    expect(noise.subarray(-32)).toEqual(streams.arrays(`${name}.noise_last`).data)
  },
)

test('a state read back continues where it was taken, spare normal included', () => {
  const generator = new TorchGenerator(3)
  generator.randn(7)
  const state = generator.state
  const expected = [generator.randn(3), generator.randn(20)]
  const other = new TorchGenerator(99)
  other.state = state
  expect([other.randn(3), other.randn(20)]).toEqual(expected)
  other.state = state
  other.manualSeed(3)
  expect(other.randn(7)).toEqual(new TorchGenerator(3).randn(7))
})

test('the 10,000th output for seed 5489 is the one the C++ standard demands of mt19937', () => {
  const generator = new TorchGenerator(5489)
  for (let i = 1; i < 10_000; i++) generator.random()
  expect(generator.random()).toBe(4123659995)
})

test('what cannot be a seed, a size, a range or a state is refused', () => {
  for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => new TorchGenerator(seed)).toThrow(UsageError)
  const generator = new TorchGenerator(0)
  expect(() => generator.randn(-1)).toThrow(UsageError)
  expect(() => generator.randint(5, 5, 1)).toThrow(UsageError)
  expect(() => generator.randint(0, 2 ** 28, 1)).toThrow(UsageError)
  for (const state of [
    { words: new Uint32Array(623), left: 1 },
    { words: new Uint32Array(624), left: 0 },
  ]) {
    expect(() => {
      generator.state = state
    }).toThrow(UsageError)
  }
})
