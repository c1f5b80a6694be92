// The data of the Report view: the comparison tables of the embedded models with their protocol, and the
// figures that the paper's authors published, which are never mixed with ours. results.json is made by scripts/web-report.js.
import type { ModelInfo, Preset } from '../../backend/types.ts'
import data from './results.json'

export type Kind = 'teacher' | 'student' | 'involved' | 'baseline'

export interface Row {
  /** Its name in docs/SPRITES.md. */
  name: string
  kind: Kind
  title: string
  /** What student and teacher do. */
  detail: string
  /** Label of its mark in a plot. */
  short: string
  steps: number
  /** Seconds for one image at a time; baselines reuse other samples and have no time. */
  seconds: number | undefined
  speedup: number | undefined
  frechet: number
  /** Times the teacher's. */
  relative: number
  precision: number
  recall: number
  accuracy: number
}

export interface FamilyResults {
  family: ModelInfo['family']
  title: string
  student: string
  teacher: string
  /** ISO day. */
  measured: string
  device: string
  threads: number
  studentSha256: string
  split: number
  timestep: number
  pairs: number
  samples: number
  guidance: number
  rows: readonly Row[]
}

type Data = (typeof data)['families'][number]

/** The first few of a group: a scale of VAR, a token of LlamaGen. */
const nouns = { var: 'scale', llamagen: 'token' } as const

function rowOf(row: Data['rows'][number], { family, rows, timesteps }: Data): Row {
  const teacher = rows.find(({ name }) => name === 'teacher')!
  const seconds = 'secondsPerImage' in row ? row.secondsPerImage : undefined
  const described = wordsOf(row.name, nouns[family as 'var'], timesteps.at(-1)!)
  return {
    ...described,
    name: row.name,
    steps: row.steps,
    seconds,
    frechet: row.frechet,
    relative: row.frechet / teacher.frechet,
    speedup: seconds === undefined ? undefined : teacher.secondsPerImage! / seconds,
    precision: row.precision,
    recall: row.recall,
    accuracy: row.accuracy,
  }
}

function wordsOf(name: string, noun: string, timestep: number): Pick<Row, 'kind' | 'title' | 'detail' | 'short'> {
  const [, involved] = /^teacher from (\d+)$/.exec(name) ?? []
  if (involved !== undefined) {
    const from = Number(involved)
    const before = from === 0 ? '' : `student before ${noun} ${from + 1}, `
    const own = from + 1 === timestep ? `${noun} ${timestep}` : `${noun}s ${from + 1} to ${timestep}`
    const detail = `${before}teacher for ${own}, student for the rest`
    return { kind: 'involved', title: `Teacher from ${noun} ${from + 1}`, detail, short: `from ${from + 1}` }
  }
  const [, skipped] = /^skip-(\d+)$/.exec(name) ?? []
  if (skipped !== undefined) {
    const left = skipped === '1' ? `the last ${noun}` : `the last ${skipped} ${noun}s`
    return { kind: 'baseline', title: `Teacher without ${left}`, detail: 'their embeddings are zero', short: name }
  }
  const known: Readonly<Record<string, Pick<Row, 'kind' | 'title' | 'detail' | 'short'>>> = {
    teacher: { kind: 'teacher', title: 'Teacher', detail: `${noun} after ${noun}`, short: 'teacher' },
    'one step': { kind: 'student', title: 'One step', detail: 'student, noise to picture', short: '1 step' },
    'two steps': {
      kind: 'student',
      title: 'Two steps',
      short: '2 steps',
      detail: `student, and again from ${noun} ${timestep + 1}`,
    },
    'onestep*': {
      kind: 'baseline',
      title: 'Independent tokens',
      short: 'independent',
      detail: 'each drawn as often as the data have it there',
    },
  }
  return known[name] ?? { kind: 'baseline', title: name, detail: '', short: name }
}

/** The embedded families. */
export const families: readonly FamilyResults[] = data.families.map((one) => ({
  family: one.family as ModelInfo['family'],
  title: one.family === 'var' ? 'VAR' : 'LlamaGen',
  student: one.student,
  teacher: one.teacher,
  measured: one.measured,
  device: one.device,
  threads: one.threads,
  studentSha256: one.studentSha256,
  split: one.split,
  timestep: one.timesteps.at(-1)!,
  pairs: one.pairs,
  samples: one.samples,
  guidance: one.guidance.cfg,
  rows: one.rows.map((row) => rowOf(row, one)),
}))

export const classifierSha256: string = data.classifierSha256

/** The row of an embedded model for a preset or its teacher; undefined for models that were not measured here. */
export function measured(model: string, way: 'teacher' | Pick<Preset, 'steps' | 'teacherFrom'>): Row | undefined {
  const found = families.find(({ student }) => student === model)
  return found?.rows.find(({ kind, name, steps }) => {
    if (way === 'teacher') return kind === 'teacher'
    if (way.teacherFrom !== undefined) return name === `teacher from ${way.teacherFrom}`
    return kind === 'student' && steps === way.steps
  })
}

export interface PublishedRow {
  model: string
  title: string
  steps: number
  fid: number
  inceptionScore: number | undefined
  precision: number | undefined
  recall: number | undefined
  seconds: number | undefined
  speedup: number | undefined
}

type PublishedData = { [key in 'inceptionScore' | 'precision' | 'recall' | 'seconds' | 'speedup']?: number }

/** ImageNet 256 x 256, as the authors state it. */
export const published: readonly PublishedRow[] = data.published.map((row) => {
  const { inceptionScore, precision, recall, seconds, speedup }: PublishedData = row
  const students = row.steps === 1 ? 'One step' : 'Two steps'
  return {
    model: row.student ?? '',
    steps: row.steps,
    fid: row.fid,
    title: row.teacher ? 'Teacher' : row.teacherFrom === null ? students : `Teacher from group ${row.teacherFrom + 1}`,
    inceptionScore,
    precision,
    recall,
    seconds,
    speedup,
  }
})
