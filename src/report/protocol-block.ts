// The protocol of a table in full: what all its rows share, stated once, and what differs among them, row by row.

import { count } from '../core/format.ts'
import { notRecorded } from '../evaluate/compare.ts'
import type { EvaluationResult, Protocol } from '../evaluate/result.ts'
import type { ReportEntry } from './entry.ts'

export interface ProtocolBlock {
  /** Of all rows. */
  shared: Fact[]
  /** Names of the facts that differ, and their values by row; empty where none does. */
  columns: string[]
  rows: { label: string; cells: string[] }[]
}

export interface Fact {
  name: string
  value: string
}

const protocols: Readonly<Record<Protocol['name'], string>> = {
  dd: 'dd: as pytorch-fid and Distilled Decoding evaluate',
  adm: "adm: as guided diffusion's evaluator does",
}

/** Settings of a sampler under the names that people know them by, in this order; others follow under their own. */
const settings: Readonly<Record<string, string>> = {
  model: 'model',
  plan: 'plan',
  kind: 'plan',
  timesteps: 'timesteps',
  timestep: 'timestep',
  split: 'split',
  teacherFrom: 'teacher from',
  cfg: 'cfg',
  cfgInterval: 'cfg interval',
  topK: 'top-k',
  topP: 'top-p',
  temperature: 'temperature',
  greedy: 'greedy',
  prefixMask: 'prefix mask',
  seed: 'seed',
  rng: 'noise',
  dtype: 'dtype',
  device: 'device',
}

/** The block of one table's results, whose protocols may be compared. */
export function protocolBlock(entries: readonly ReportEntry[], labels: readonly string[]): ProtocolBlock {
  const facts = entries.map(({ result }) => new Map(factsOf(result)))
  const names = [
    ...new Set([...factsOf(entries[0]!.result).map(([name]) => name), ...facts.flatMap((one) => [...one.keys()])]),
  ]
  const ordered = names.toSorted((a, b) => place(a) - place(b))
  const differ = ordered.filter((name) => new Set(facts.map((one) => one.get(name))).size > 1)
  return {
    shared: ordered.filter((name) => !differ.includes(name)).map((name) => ({ name, value: facts[0]!.get(name)! })),
    columns: differ,
    rows: differ.length
      ? entries.map((_, i) => ({ label: labels[i]!, cells: differ.map((name) => facts[i]!.get(name) ?? '') }))
      : [],
  }
}

const sections = [
  'Protocol',
  'Labels',
  'Samples',
  'Sampling',
  'Rounding',
  'Format',
  'Crop',
  'Features',
  'Reference',
  'KID',
  'Inception Score',
  'Versions',
]
const settingNames = Object.values(settings)

/** Facts of one section stay together, known settings in their order. */
function place(name: string): number {
  const section = sections.findIndex((one) => name === one || name.startsWith(`${one}: `))
  const setting = settingNames.indexOf(name.replace('Sampling: ', ''))
  const within = name.startsWith('Sampling: ') ? (setting < 0 ? settingNames.length : setting) : 0
  return 100 * (section < 0 ? sections.length : section) + within
}

type Pair = [name: string, value: string]

/** Settings may be nested: "plan.teacher.cfg" is "cfg". */
export const lastPart = (key: string): string => key.slice(key.lastIndexOf('.') + 1)

const unsampled: Pair = ['Sampling', notRecorded]

const splitsText = ({ splits, splitSize }: NonNullable<Protocol['inceptionScore']>): string =>
  splits === 1 ? 'one split' : `${splits} splits of ${count(splitSize)}`

const referenceFacts = (reference: NonNullable<Protocol['reference']>): Pair[] => [
  ['Reference', reference.name],
  ['Reference: images', reference.count === undefined ? notRecorded : count(reference.count)],
  ...(reference.crop === undefined ? [] : [['Reference: crop', `${reference.crop} px`] satisfies Pair]),
  ['Reference: sha256', reference.sha256],
]

function factsOf({ protocol, sampler, date }: EvaluationResult): Pair[] {
  const { name, labels, count: samples, sampling, rounding, format, crop, features, reference, versions } = protocol
  const { kid, inceptionScore } = protocol
  const settled = Object.entries(sampling).map(([key, value]): Pair => {
    return [`Sampling: ${settings[lastPart(key)] ?? key}`, value === null ? 'none' : String(value)]
  })
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const timed: Pair[] = sampler ? [['Timed on', `${sampler.device}, threads: ${sampler.threads}`]] : []
  return [
    ['Protocol', protocols[name]],
    ['Labels', labels],
    ['Samples', count(samples)],
    ...(settled.length ? settled : [unsampled]),
    ['Rounding', rounding],
    ['Format', format],
    ...(crop === undefined ? [] : [['Crop', `${crop} px`] satisfies Pair]),
    ['Features', features.name],
    ['Features: preprocessing', features.preprocessing],
    ['Features: sha256 of the weights', features.sha256 ?? notRecorded],
    ...(reference ? referenceFacts(reference) : []),
    ...(kid ? ([['KID', `${kid.subsets} subsets of ${kid.subsetSize}`]] satisfies Pair[]) : []),
    ...(inceptionScore ? ([['Inception Score', splitsText(inceptionScore)]] satisfies Pair[]) : []),
    ['Versions', packages.join(', ') || notRecorded],
    ...timed,
    ['Measured', date.slice(0, 10)],
  ]
}
