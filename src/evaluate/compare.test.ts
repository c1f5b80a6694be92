import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { comparable } from './compare.ts'
import type { Protocol } from './result.ts'

const sha = (digit: string): string => digit.repeat(64)

const protocol: Protocol = {
  name: 'dd',
  labels: 'random, seed 0',
  count: 50_000,
  sampling: { model: 'var-dd-d16', timesteps: '0', split: 5, seed: 0, dtype: 'float32', device: 'cpu' },
  rounding: 'round(255 x)',
  format: 'png',
  features: { name: 'inception-v3', sha256: sha('a'), preprocessing: 'bilinear to 299' },
  reference: { name: 'imagenet-256', sha256: sha('b'), count: 50_000 },
  versions: { 'distilled-decoding': '0.1.0', 'onnxruntime-node': '1.30.0' },
}

/** The difference in that field, or undefined. */
const differenceIn = (a: Protocol, b: Protocol, field: string) =>
  comparable(a, b).differences.find((one) => one.field === field)

describe('figures may be compared', () => {
  it('when nothing differs', () => {
    expect(comparable(protocol, structuredClone(protocol))).toEqual({ comparable: true, differences: [] })
  })

  it('when only the sampler differs, and the differences are named', () => {
    const other = { ...protocol, sampling: { ...protocol.sampling, model: 'var-d16', seed: 7, cfg: 1.5 } }
    const { comparable: may, differences } = comparable(protocol, other)
    expect(may).toBe(true)
    expect(differences.map(({ field, a, b, weight }) => [field, a, b, weight])).toEqual([
      ['sampling.model', 'var-dd-d16', 'var-d16', 'compared'],
      ['sampling.seed', '0', '7', 'compared'],
      ['sampling.cfg', 'not recorded', '1.5', 'compared'],
    ])
    expect(differences[1]!.why).toContain('another draw')
  })

  it('when versions differ, with a remark', () => {
    const other = { ...protocol, versions: { ...protocol.versions, 'onnxruntime-node': '1.31.0' } }
    expect(comparable(protocol, other)).toMatchObject({
      comparable: true,
      differences: [{ field: 'versions.onnxruntime-node', a: '1.30.0', b: '1.31.0', weight: 'remark' }],
    })
  })

  it('when both formats keep every pixel', () => {
    const none = { ...protocol, format: 'none: sampled and measured in one run' }
    expect(comparable(protocol, none)).toMatchObject({
      comparable: true,
      differences: [{ field: 'format', weight: 'remark' }],
    })
    expect(comparable({ ...protocol, format: 'webp (lossless)' }, none).comparable).toBe(true)
  })

  it('when one was measured from features, for they do not say what files they are of', () => {
    const differences = [{ field: 'format', weight: 'remark', why: expect.stringContaining('do not say') }]
    expect(comparable(protocol, { ...protocol, format: 'features' })).toMatchObject({ comparable: true, differences })
    expect(
      comparable({ ...protocol, format: 'JPG files (lossy)' }, { ...protocol, format: 'features' }).comparable,
    ).toBe(false)
  })

  it('when the labels of neither are known, but it says so', () => {
    const unknown = { ...protocol, labels: 'unknown' }
    expect(comparable(unknown, unknown)).toMatchObject({
      comparable: true,
      differences: [{ field: 'labels', weight: 'remark' }],
    })
  })

  it('when the sampling of one is not known, in one remark', () => {
    expect(comparable(protocol, { ...protocol, sampling: {} })).toMatchObject({
      comparable: true,
      differences: [{ field: 'sampling', a: 'recorded', b: 'not recorded', weight: 'remark' }],
    })
  })
})

describe('figures may not be compared', () => {
  const changes: [field: string, change: Partial<Protocol>, why: RegExp][] = [
    ['name', { name: 'adm' }, /protocols/],
    ['labels', { labels: '50 per class' }, /mix of classes/],
    ['labels', { labels: 'unknown' }, /recorded for one of them only/],
    ['count', { count: 10_000 }, /FID falls/],
    ['rounding', { rounding: 'floor(255 x)' }, /8 bits/],
    ['format', { format: 'jpeg' }, /lossy/],
    ['format', { format: 'webp' }, /lossy/],
    ['format', { format: 'png, jpeg' }, /lossy/],
    ['features.sha256', { features: { ...protocol.features, sha256: sha('c') } }, /other weights/],
    ['features.preprocessing', { features: { ...protocol.features, preprocessing: 'none' } }, /resize/],
    ['reference.sha256', { reference: { ...protocol.reference!, sha256: sha('d') } }, /other images/],
    ['reference.count', { reference: { ...protocol.reference!, count: 10 } }, /number of images/],
  ]
  it.each(changes)('when %s differs: %o', (field, change, why) => {
    const { comparable: may, differences } = comparable(protocol, { ...protocol, ...change })
    expect(may).toBe(false)
    expect(differences).toEqual([
      expect.objectContaining({ field, weight: 'forbids', why: expect.stringMatching(why) }),
    ])
  })

  it('when features without a hash have other names; of the same name they are taken for the same', () => {
    const { sha256: _, ...unhashed } = protocol.features
    const a = { ...protocol, features: unhashed }
    const b = { ...protocol, features: { ...unhashed, name: 'clip' } }
    expect(comparable(a, a)).toMatchObject({
      comparable: true,
      differences: [{ field: 'features.sha256', weight: 'remark' }],
    })
    expect(comparable(a, b).comparable).toBe(false)
    expect(differenceIn(a, b, 'features.name')).toMatchObject({ a: 'inception-v3', b: 'clip', weight: 'forbids' })
    expect(comparable(a, protocol).comparable).toBe(false)
  })

  it('when two lossy formats differ, but the same one may', () => {
    const jpeg = { ...protocol, format: 'jpeg, quality 95' }
    expect(comparable(jpeg, jpeg).comparable).toBe(true)
    expect(comparable(jpeg, { ...protocol, format: 'jpeg, quality 80' }).comparable).toBe(false)
  })

  it('and what forbids it is told first', () => {
    const other = { ...protocol, count: 5, versions: {}, sampling: { ...protocol.sampling, seed: 1 } }
    expect(comparable(protocol, other).differences.map(({ weight }) => weight)).toEqual([
      'forbids',
      'compared',
      'remark',
      'remark',
    ])
    expect(differenceIn(protocol, other, 'count')).toMatchObject({ a: '50000', b: '5' })
  })
})

describe('being comparable', () => {
  const any = fc.record({
    name: fc.constantFrom('dd' as const, 'adm' as const),
    count: fc.constantFrom(10, 20),
    labels: fc.constantFrom('random', 'unknown'),
    format: fc.constantFrom('png', 'none', 'features', 'jpeg'),
    features: fc.record({
      name: fc.constantFrom('f', 'g'),
      sha256: fc.constantFrom(undefined, sha('3'), sha('4')),
      preprocessing: fc.constant(''),
    }),
    reference: fc.record({ name: fc.constantFrom('r', 's'), sha256: fc.constantFrom(sha('1'), sha('2')) }),
  })
  const filled = any.map((part): Protocol => ({ ...protocol, ...part }))

  it('is symmetric and transitive, so results fall into groups', () => {
    fc.assert(
      fc.property(filled, filled, filled, (a, b, c) => {
        expect(comparable(a, b).comparable).toBe(comparable(b, a).comparable)
        if (comparable(a, b).comparable && comparable(b, c).comparable) expect(comparable(a, c).comparable).toBe(true)
      }),
    )
  })
})
