// Results as text: the figures first, then the protocol they are figures of.
import type { Comparison } from '../evaluate/compare.ts'
import type { EvaluationResult, Metrics, Protocol } from '../evaluate/result.ts'

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
export function formatResult({ name, metrics, protocol, sampler, classes }: EvaluationResult): string {
  const figures = rows.flatMap(([key, label, shown]) => {
    const value = metrics[key]
    if (value === undefined) return []
    const spread =
      key === 'kid' && metrics.kidDeviation !== undefined ? ` (± ${metrics.kidDeviation.toFixed(5)} over subsets)` : ''
    return [pair(labelOf(label, protocol), shown(value) + spread)]
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
    '',
    ...protocolLines(protocol),
    ...(isInception(protocol)
      ? []
      : ['', `Measured in the features of ${protocol.features.name}: these are not ImageNet FIDs.`]),
  ].join('\n')
}

/** FID is a name for distances in Inception's features only. */
const labelOf = (label: string, protocol: Protocol): string =>
  label === 'FID' && !isInception(protocol) ? 'Fréchet distance' : label

const isInception = ({ features }: Protocol): boolean => /inception/i.test(features.name)

const pair = (label: string, value: string): string => `  ${label.padEnd(18)} ${value}`

function protocolLines({
  name,
  labels,
  count,
  sampling,
  rounding,
  format,
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
    pair('features', `${features.name}; ${features.preprocessing}; ${known(features.sha256)}`),
    pair(
      'reference',
      `${reference.name}${reference.count ? `, ${reference.count} images` : ''}${reference.statistics ? `, statistics: ${reference.statistics}` : ''}; ${known(reference.sha256)}`,
    ),
    pair(
      'versions',
      Object.entries(versions)
        .map(([key, value]) => `${key} ${value}`)
        .join(', '),
    ),
  ]
}

/** The verdict, then every difference with what it does to a figure. */
export function formatComparison(
  paths: readonly [string, string],
  results: readonly [EvaluationResult, EvaluationResult],
  { comparable, differences }: Comparison,
): string {
  const figures = rows.flatMap(([key, label, shown]) => {
    const [a, b] = [results[0].metrics[key], results[1].metrics[key]]
    return a === undefined || b === undefined
      ? []
      : [`  ${label.padEnd(18)} ${shown(a).padStart(12)} ${shown(b).padStart(12)}`]
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
