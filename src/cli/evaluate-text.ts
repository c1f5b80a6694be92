// Results as text: the figures first, then the protocol they are figures of.
import type { Comparison } from '../evaluate/compare.ts'
import { type EvaluationResult, isInception, type Metrics, type Protocol } from '../evaluate/result.ts'

const rows: readonly [name: keyof Metrics, label: string, shown: (value: number) => string][] = [
  ['fid', 'FID', (x) => x.toFixed(3)],
  ['sfid', 'sFID', (x) => x.toFixed(3)],
  ['is', 'Inception Score', (x) => x.toFixed(2)],
  ['precision', 'precision', (x) => x.toFixed(4)],
  ['recall', 'recall', (x) => x.toFixed(4)],
  ['kid', 'KID', (x) => x.toFixed(5)],
  ['accuracy', 'class accuracy', (x) => `${(100 * x).toFixed(1)} %`],
]

/** Figures and protocol, line by line. */
export function formatResult({ name, metrics, protocol, sampler, classes, warnings = [] }: EvaluationResult): string {
  const figures = rows.flatMap(([key, label, shown]) => {
    const value = metrics[key]
    if (value === undefined) return []
    return [pair(labelOf(label, protocol), shown(value) + spread(key, metrics, protocol))]
  })
  const worst = classes
    ?.toSorted((a, b) => a.accuracy - b.accuracy)
    .slice(0, 3)
    .filter(({ accuracy }) => accuracy < 1)
  const time = sampler?.secondsPerImage
  return [
    sampler ? `${sampler.model}, ${sampler.name}` : name,
    ...figures,
    ...(worst?.length
      ? [pair('hardest classes', worst.map((c) => `${c.name} ${(100 * c.accuracy).toFixed(0)} %`).join(', '))]
      : []),
    ...(time
      ? [
          pair(
            'time an image',
            `${(1000 * time).toFixed(0)} ms alone, ${sampler!.steps} network evaluations, ${sampler!.device}, threads: ${sampler!.threads}`,
          ),
        ]
      : []),
    ...warnings.map((warning) => pair('warning', warning)),
    '',
    ...protocolLines(protocol),
    ...(isInception(protocol.features.name)
      ? []
      : ['', `Measured in the features of ${protocol.features.name}: these are not ImageNet FIDs.`]),
  ].join('\n')
}

/** How far a figure spreads over the parts that it is the mean of. */
function spread(key: keyof Metrics, { kidDeviation, isDeviation }: Metrics, { kid, inceptionScore }: Protocol): string {
  if (key === 'kid' && kidDeviation !== undefined) {
    const subsets = kid ? `${kid.subsets} subsets of ${kid.subsetSize}` : 'subsets'
    return ` (± ${kidDeviation.toFixed(5)} over ${subsets})`
  }
  if (key !== 'is' || !inceptionScore) return ''
  const { splits, splitSize } = inceptionScore
  if (isDeviation === undefined) return ' (one split)'
  return ` (± ${isDeviation.toFixed(2)} over ${splits} splits of ${splitSize})`
}

const elsewhere: Readonly<Record<string, string>> = {
  FID: 'Fréchet distance',
  sFID: 'spatial Fréchet distance',
  KID: 'kernel distance',
}

/** FID, sFID and KID are names for distances in Inception's features only. */
const labelOf = (label: string, { features }: Protocol): string =>
  isInception(features.name) ? label : (elsewhere[label] ?? label)

const pair = (label: string, value: string): string => `  ${label.padEnd(18)} ${value}`

function protocolLines({
  name,
  labels,
  count,
  sampling,
  rounding,
  format,
  crop,
  features,
  reference,
  versions,
}: Protocol): string[] {
  const settings = Object.entries(sampling).map(([key, value]) => `${key} ${value}`)
  const known = (hash: string | undefined) => (hash ? `SHA-256 ${hash}` : 'hash unknown')
  return [
    'protocol',
    pair('name', name),
    pair('labels', labels),
    pair('count', String(count)),
    ...(settings.length ? [pair('sampling', settings.join(', '))] : []),
    pair('rounding', rounding),
    pair('format', format),
    ...(crop ? [pair('crop', cropText(crop))] : []),
    pair('features', `${features.name}; ${features.preprocessing}; ${known(features.sha256)}`),
    ...(reference ? [pair('reference', referenceText(reference))] : []),
    pair(
      'versions',
      Object.entries(versions)
        .map(([key, value]) => `${key} ${value}`)
        .join(', '),
    ),
  ]
}

const cropText = (side: number): string => `to ${side} x ${side} pixels, as training cuts images`

function referenceText({ name, count, crop, statistics, sha256 }: NonNullable<Protocol['reference']>): string {
  const images = count ? `, ${count} images` : ''
  const cut = crop ? `, cut ${cropText(crop)}` : ''
  return `${name}${images}${cut}${statistics ? `, statistics: ${statistics}` : ''}; SHA-256 ${sha256}`
}

/** The verdict, then every difference with what it does to a figure. */
export function formatComparison(
  paths: readonly [string, string],
  results: readonly [EvaluationResult, EvaluationResult],
  { comparable, differences }: Comparison,
): string {
  const figures = rows.flatMap(([key, label, shown]) => {
    const a = results[0].metrics[key]
    const b = results[1].metrics[key]
    return a === undefined || b === undefined
      ? []
      : [`  ${labelOf(label, results[0].protocol).padEnd(24)} ${shown(a).padStart(12)} ${shown(b).padStart(12)}`]
  })
  const marks = { forbids: 'not comparable', compared: 'what is compared', remark: 'remark' }
  return [
    comparable ? 'These results may be compared.' : 'These results may not be compared.',
    ...(comparable ? figures : []),
    ...differences.flatMap(({ field, a, b, why, weight }) => [
      `  ${marks[weight]}: ${field}: ${why}`,
      `    ${paths[0]}: ${a}`,
      `    ${paths[1]}: ${b}`,
    ]),
  ].join('\n')
}
