// The authors' own figures beside ours. They are found by model and plan, they are shown in a column that is marked, and it
// is said whether they were measured as ours were.

import { count } from '../core/format.ts'
import { publishedCount } from '../evaluate/protocols.ts'
import type { EvaluationResult, ProtocolName } from '../evaluate/result.ts'
import type { Published, SamplingPreset, StudentEntry } from '../zoo/model-entry.ts'
import { findModel } from '../zoo/registry.ts'
import type { ReportEntry } from './entry.ts'
import { lastPart } from './protocol-block.ts'
import { isTeacher, zooEntry } from './samplers.ts'

/** Who published, and by which protocol: the registry's sources. */
const sources: Readonly<Record<Published['source'], { name: string; protocol: ProtocolName }>> = {
  DD: { name: 'Distilled Decoding', protocol: 'dd' },
  VAR: { name: 'VAR', protocol: 'adm' },
  LlamaGen: { name: 'LlamaGen', protocol: 'adm' },
}

/** What was published of this model sampled in this way; undefined for other plans and for other settings of the teacher. */
export function publishedFor(result: EvaluationResult): Published | undefined {
  const entry = zooEntry(result)
  if (entry?.kind === 'tokenizer' || !entry) return undefined
  if (!isTeacher(result)) return entry.kind === 'student' ? presetOf(entry, result)?.published : undefined
  const teacher = entry.kind === 'teacher' ? entry : entry.teacher ? findModel(entry.teacher) : undefined
  if (teacher?.kind !== 'teacher') return undefined
  return agrees(teacher.sampling, result.protocol.sampling) ? teacher.published : undefined
}

type Sampling = EvaluationResult['protocol']['sampling']

const presetOf = (
  { presets, teacher }: StudentEntry,
  { sampler, protocol }: EvaluationResult,
): SamplingPreset | undefined =>
  presets.find(({ steps, timesteps, split, teacherFrom }) => {
    const plan = { timesteps: timesteps.join(), split, ...(teacherFrom !== undefined && { teacherFrom }) }
    const helped = teacherFrom === undefined || agrees(samplingOf(teacher), protocol.sampling)
    return steps === sampler?.steps && agrees(plan, protocol.sampling) && helped
  })

/** How the zoo samples from that teacher. */
function samplingOf(teacher: string | undefined): object {
  const entry = teacher === undefined ? undefined : findModel(teacher)
  return entry?.kind === 'teacher' ? entry.sampling : {}
}

/** Whether the settings that are recorded are these; lists may be written with any punctuation. */
function agrees(wanted: object, sampling: Sampling): boolean {
  const settings = new Map(Object.entries(sampling).map(([key, value]) => [lastPart(key), value]))
  const numbers = (value: unknown) =>
    String(value)
      .match(/[\d.]+/g)
      ?.join()
  return Object.entries(wanted).every(([key, value]) => {
    const given = settings.get(key)
    return given === undefined || given === null || numbers(given) === numbers(value)
  })
}

/** FID first, then whatever else was published, and by whom. */
export function publishedText({ source, fid, inceptionScore, precision, recall, seconds, speedup }: Published): string {
  const parts = [
    `FID ${fid}`,
    inceptionScore !== undefined && `IS ${inceptionScore}`,
    precision !== undefined && `P ${precision.toFixed(2)}`,
    recall !== undefined && `R ${recall.toFixed(2)}`,
    seconds !== undefined && `${seconds} s`,
    speedup !== undefined && `${speedup}x`,
  ]
  // a name and its number stay on one line
  return `${parts
    .filter((part) => part !== false)
    .map((part) => part.replace(' ', '\u00a0'))
    .join(', ')} (${source})`
}

interface Row {
  entry: ReportEntry
  published: Published | undefined
}

/** What to know before reading the column of published figures. */
export function publishedRemarks(rows: readonly Row[], inception: boolean): string[] {
  const found = [...new Set(rows.flatMap(({ published }) => (published ? [published.source] : [])))]
  const { name, count: samples } = rows[0]!.entry.result.protocol
  const precise = rows.some(({ published }) => published?.precision !== undefined)
  const timed = rows.some(({ published }) => published?.seconds !== undefined)
  return found
    .map((source) => {
      const { name: who, protocol } = sources[source]
      const theirs = `the ${protocol} protocol with ${count(publishedCount)} samples`
      const same = inception && name === protocol && samples === publishedCount
      return same
        ? `Published (${source}): figures that the authors of ${who} state, by ${theirs}, as here; none is a measurement of this program.`
        : `Published (${source}): figures that the authors of ${who} state, by ${theirs}. This table's protocol differs: do not set its figures against them.`
    })
    .concat(precise ? [`P: precision, R: recall.`] : [])
    .concat(timed ? ["Published times are of the authors' GPU."] : [])
}
