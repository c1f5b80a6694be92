// Whether two numbers may be compared. Everything that changes a figure without changing the samples must be equal. The samplers
// may differ, because they are what is compared. All differences are listed with their effects.

import type { Protocol } from './result.ts'

/**
 * `forbids`: the figures are of different things. `compared`: a setting of the sampler. `remark`: worth knowing, seldom
 * worth a digit.
 */
export type Weight = 'forbids' | 'compared' | 'remark'

export interface Difference {
  /** e.g. `count`, `features.sha256`, `sampling.cfg`, `versions.onnxruntime` */
  field: string
  /** As text; "not recorded" where a protocol has no such field. */
  a: string
  b: string
  /** What the difference does to a figure, in words. */
  why: string
  weight: Weight
}

export interface Comparison {
  comparable: boolean
  /** Those that forbid a comparison come first. */
  differences: Difference[]
}

/** The value shown for a field that a protocol does not have. */
export const notRecorded = 'not recorded'

type Scalar = string | number | boolean | null | undefined

/** Fields that must be equal, in the order in which they are listed. */
const fixed: readonly [field: string, value: (protocol: Protocol) => Scalar, why: string][] = [
  ['name', ({ name }) => name, 'the two protocols resize images and estimate their figures in different ways'],
  ['labels', ({ labels }) => labels, 'another mix of classes moves every figure, whatever the images look like'],
  ['count', ({ count }) => count, 'FID falls as samples are added, and precision, recall and IS move too'],
  ['rounding', ({ rounding }) => rounding, 'how pixels become 8 bits changes features'],
  [
    'features.sha256',
    ({ features }) => features.sha256,
    'other weights make other features, with distances of their own',
  ],
  ['features.preprocessing', ({ features }) => features.preprocessing, 'another resize or crop moves every feature'],
  ['crop', ({ crop }) => crop, 'images that are cut have other pixels'],
  ['reference.crop', ({ reference }) => reference?.crop, 'images that are cut have other pixels'],
  ['reference.sha256', ({ reference }) => reference?.sha256, 'the distance is to other images'],
  ['reference.count', ({ reference }) => reference?.count, 'the reference was built from another number of images'],
]

const samplingWhy: Readonly<Record<string, string>> = {
  seed: 'another draw of the same sampler: the difference is how far the figure spreads',
  rng: 'another source of noise: the figures spread as between two seeds',
  dtype: 'rounding inside the network, which is part of what is compared',
  device: 'the last bits of the sums differ',
}

/**
 * Whether figures under protocol `a` may stand beside figures under `b`, and all that differs between the two. Equality of
 * what must agree is transitive: results that may be compared with one another form groups.
 * @example
 * const { comparable: may, differences } = comparable(few.protocol, many.protocol) // 5,000 and 50,000 samples
 * if (!may) console.log(differences[0].why) // FID falls as samples are added, ...
 * differences.map(({ field }) => field) // ['count']
 */
export function comparable(a: Protocol, b: Protocol): Comparison {
  const found = [
    ...fixedDifferences(a, b),
    ...featureNames(a.features, b.features),
    ...formats(a.format, b.format),
    ...samplings(a.sampling, b.sampling),
    ...remarks(a, b),
  ]
  const differences = (['forbids', 'compared', 'remark'] as const).flatMap((weight) =>
    found.filter((one) => one.weight === weight),
  )
  return { comparable: differences[0]?.weight !== 'forbids', differences }
}

function fixedDifferences(a: Protocol, b: Protocol): Difference[] {
  return fixed.flatMap(([field, value, why]) => {
    const left = value(a)
    const right = value(b)
    if (left === right) return []
    const unknown = [left, right].some(isUnknown) ? `it is recorded for one of them only, and ${why}` : why
    return [{ field, a: shown(left), b: shown(right), why: unknown, weight: 'forbids' as const }]
  })
}

/** Compares hashes, or names where a hash is missing. */
function featureNames(a: Protocol['features'], b: Protocol['features']): Difference[] {
  if (a.sha256 !== b.sha256 || a.name === b.name) return []
  const names = { field: 'features.name', a: a.name, b: b.name }
  return a.sha256 === undefined
    ? [{ ...names, why: 'features of another network have distances of their own', weight: 'forbids' }]
    : [{ ...names, why: 'the same weights under two names', weight: 'remark' }]
}

/** All lossless formats are equivalent; every lossy format changes pixels in its own way. */
function formats(a: string, b: string): Difference[] {
  if (a === b) return []
  const same = lossless(a) && lossless(b)
  const features = [a, b].some((format) => /^features\b/i.test(format))
  const kept = features
    ? 'features do not say which files they were read from: taken for such that keep every pixel'
    : 'both keep every pixel'
  const why = same ? kept : 'lossy files change pixels, which biases FID'
  return [{ field: 'format', a, b, why, weight: same ? 'remark' : 'forbids' }]
}

/** Whether images in files of this kind keep their pixels; false if unknown. */
const lossless = (format: string): boolean =>
  /^(none|png|npz|bmp|tiff?|features)\b|\blossless\b/i.test(format) &&
  !/\b(jpe?g|lossy|gif|avif)\b/i.test(format) &&
  !/\bwebp\b/i.test(format.split(/\blossless\b/i).at(-1)!)

function samplings(a: Protocol['sampling'], b: Protocol['sampling']): Difference[] {
  const left = Object.keys(a).length > 0
  const right = Object.keys(b).length > 0
  if (left !== right) {
    const known = 'recorded'
    const unknown = notRecorded
    const why = 'how one of them was sampled is not known'
    return [{ field: 'sampling', a: left ? known : unknown, b: right ? known : unknown, why, weight: 'remark' }]
  }
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => {
    if (a[key] === b[key]) return []
    const why = samplingWhy[key] ?? 'a setting of the sampler, which is what is compared'
    return [{ field: `sampling.${key}`, a: shown(a[key]), b: shown(b[key]), why, weight: 'compared' as const }]
  })
}

function remarks(a: Protocol, b: Protocol): Difference[] {
  const remark = (field: string, left: Scalar, right: Scalar, why: string): Difference[] =>
    left === right ? [] : [{ field, a: shown(left), b: shown(right), why, weight: 'remark' }]
  const packages = [...new Set([...Object.keys(a.versions), ...Object.keys(b.versions)])]
  const unhashed = a.features.sha256 === undefined && b.features.sha256 === undefined
  const unknown = (['labels', 'rounding'] as const).flatMap((field): Difference[] => {
    const why = `the ${field} of neither are known: they are taken for the same`
    return a[field] === b[field] && isUnknown(a[field])
      ? [{ field, a: a[field], b: b[field], why, weight: 'remark' }]
      : []
  })
  return [
    ...unknown,
    ...(unhashed ? [unhashedFeatures] : []),
    ...remark('reference.name', a.reference?.name, b.reference?.name, 'the same reference under two names'),
    ...remark('kid.subsetSize', a.kid?.subsetSize, b.kid?.subsetSize, 'KID has the same mean and another deviation'),
    ...remark(
      'inceptionScore.splitSize',
      a.inceptionScore?.splitSize,
      b.inceptionScore?.splitSize,
      'the Inception Score of smaller splits is lower',
    ),
    ...packages.flatMap((name) =>
      remark(`versions.${name}`, a.versions[name], b.versions[name], 'another version may differ in the last digits'),
    ),
  ]
}

const unhashedFeatures: Difference = {
  field: 'features.sha256',
  a: notRecorded,
  b: notRecorded,
  why: 'neither says which weights made its features: they are taken for the same',
  weight: 'remark',
}

const isUnknown = (value: Scalar): boolean => typeof value === 'string' && /^unknown\b/i.test(value)

const shown = (value: Scalar): string => (value === undefined || value === null ? notRecorded : String(value))
