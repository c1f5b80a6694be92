// Who is who among the samplers of a table: families of teacher and students, their order, names that tell them apart, and
// how much faster than its teacher each is.

import type { EvaluationResult } from '../evaluate/result.ts'
import type { ModelEntry } from '../zoo/model-entry.ts'
import { models } from '../zoo/registry.ts'
import type { ReportEntry } from './entry.ts'
import { lastPart } from './protocol-block.ts'

const byName = new Map(models.map((entry) => [entry.name, entry]))

/** The zoo's entry of a result's model, if it is one of the zoo. */
export const zooEntry = ({ sampler }: EvaluationResult): ModelEntry | undefined =>
  sampler && byName.get(sampler.model.toLowerCase())

/** Whether a result is of a teacher alone, under its own name or that of a student it comes with. */
export const isTeacher = (result: EvaluationResult): boolean =>
  result.sampler?.name.toLowerCase() === 'teacher' || zooEntry(result)?.kind === 'teacher'

/** The same for a student and its teacher: the teacher's name, or what the model is called where the zoo knows it not. */
export function familyOf(result: EvaluationResult): string {
  const entry = zooEntry(result)
  return (entry?.kind === 'student' ? entry.teacher : entry?.name) ?? result.sampler?.model ?? result.name
}

/** Families as they first come, each with its teacher first, then by model and steps; samples of unknown origin last. */
export function inOrder(entries: readonly ReportEntry[]): ReportEntry[] {
  const families = [...new Set(entries.map(({ result }) => familyOf(result)))]
  const rank = ({ result }: ReportEntry): (number | string)[] => [
    result.sampler ? 0 : 1,
    families.indexOf(familyOf(result)),
    isTeacher(result) ? 0 : 1,
    result.sampler?.model ?? '',
    result.sampler?.steps ?? 0,
    result.sampler?.name ?? result.name,
  ]
  return entries.toSorted((a, b) => {
    const left = rank(a)
    const right = rank(b)
    const at = left.findIndex((value, i) => value !== right[i])
    return at < 0 ? 0 : left[at]! < right[at]! ? -1 : 1
  })
}

/** "model, sampler" or the result's name, with the settings or the file that tell equal ones apart. */
export function distinctLabels(entries: readonly ReportEntry[]): string[] {
  const plain = entries.map(({ result: { sampler, name } }) => (sampler ? `${sampler.model}, ${sampler.name}` : name))
  return plain.map((label, i) => {
    const twins = entries.filter((_, j) => plain[j] === label)
    if (twins.length === 1) return label
    const settings = twins.map(({ result }) => ({
      ...result.protocol.sampling,
      device: result.sampler?.device ?? null,
      threads: result.sampler?.threads ?? null,
    }))
    const own = settings[twins.indexOf(entries[i]!)]! as Record<string, unknown>
    const keys = [...new Set(settings.flatMap((one) => Object.keys(one)))]
    const different = keys.filter((key) => settings.some((one: Record<string, unknown>) => one[key] !== own[key]))
    const said = different.map((key) => `${lastPart(key)} ${own[key] ?? 'not recorded'}`).join(', ')
    return `${label} (${said || entries[i]!.path})`
  })
}

/** Seconds of the teacher over seconds of this sampler; the first teacher that may stand for it is taken. */
export function speedup({ result }: ReportEntry, candidates: readonly ReportEntry[]): number | undefined {
  const { sampler } = result
  if (sampler?.secondsPerImage === undefined) return undefined
  const family = familyOf(result)
  const teachers = isTeacher(result) ? [result] : candidates.map((one) => one.result).filter(isTeacher)
  const teacher = teachers.find((one) => {
    const { device, threads, secondsPerImage } = one.sampler!
    const same = device === sampler.device && threads === sampler.threads
    return same && familyOf(one) === family && secondsPerImage !== undefined
  })
  return teacher && teacher.sampler!.secondsPerImage! / sampler.secondsPerImage
}
