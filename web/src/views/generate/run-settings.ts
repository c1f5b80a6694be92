// The settings of one run of the Generate view, converted to and from the address, an image's settings, and a Backend request.
import { defaultFlow } from '../../../../src/sampling/flow-schedule.ts'
import type { SamplingPlan } from '../../../../src/sampling/plan.ts'
import { planAsOptions } from '../../../../src/sampling/plan-options.ts'
import { BackendError, type ModelInfo, mostImages, type SampleAsk } from '../../backend/types.ts'
import { type Changes, type Settings, wholeSetting } from '../../router.ts'
import { samplingChoice, samplingChoices } from '../../ui/sampling-choices.ts'
import { readTeacher, type TeacherChanges, writeTeacher } from '../../ui/teacher-settings.ts'

export const counts = [1, 4, 8, 16, 32] as const
const mostPictures = 64
/** Pictures of one request. */
export const batchSize = Math.min(mostImages, 8)

export interface RunSettings {
  model: string
  class: number
  seed: number
  /** Index of the first picture: picture i has the noise of (seed, first + i). */
  first: number
  count: number
  /** The key of a way: see ui/sampling-choices.ts. */
  steps: string
  /** The changes to the teacher's published settings. */
  teacher?: TeacherChanges | undefined
}

/** The run that the address names, with defaults for missing settings. */
export function readRun(settings: Settings, model: ModelInfo): RunSettings {
  return {
    model: model.id,
    class: wholeSetting(settings.class, 0, 0, model.classes - 1),
    seed: wholeSetting(settings.seed, 0),
    first: wholeSetting(settings.first, 0, 0, 1e9),
    count: wholeSetting(settings.count, 8, 1, mostPictures),
    steps: samplingChoice(model, settings.steps, { flow: true }).key,
    teacher: readTeacher(settings, model),
  }
}

/** A run as settings of the address. */
export const writeRun = ({ first, teacher, ...run }: RunSettings): Changes => ({
  ...run,
  first: first || undefined,
  ...writeTeacher(teacher),
})

/** The requests of a run, each as large as allowed, with the place of its first picture in the grid. */
export function asksOf(run: RunSettings, model: ModelInfo): { ask: SampleAsk; offset: number }[] {
  const choice = samplingChoice(model, run.steps, { flow: true })
  const options = choice.teacher && run.teacher ? { ...choice.options, teacher: run.teacher } : choice.options
  return Array.from({ length: Math.ceil(run.count / batchSize) }, (_, k) => {
    const offset = k * batchSize
    const size = Math.min(batchSize, run.count - offset)
    const images = Array.from({ length: size }, (_, i) => ({
      class: run.class,
      noise: { seed: run.seed, index: run.first + offset + i },
    }))
    return { ask: { model: run.model, options, images }, offset }
  })
}

/**
 * The run that shows an image again, from the settings inside it.
 * @param count pictures shown now; an image among the first of them is shown among its neighbours
 * @throws BackendError when the image was made in a way this page cannot repeat
 */
export function runOfImage(image: Record<string, unknown>, models: readonly ModelInfo[], count: number): RunSettings {
  const model = models.find(({ id }) => id === image.model)
  if (!model)
    throw new BackendError(`This picture was made with ${image.model ?? 'an unknown model'}, which is not here.`, {
      remedy: `Here are ${models.map(({ id }) => id).join(', ')}.`,
    })
  const label = Array.isArray(image.classes) ? image.classes[0] : image.class
  const [seed, index] = [image.seed, image.index ?? 0].map(Number) as [number, number]
  if (image.rng !== undefined && image.rng !== 'philox')
    throw new BackendError('This picture was made from noise of another kind, which this page does not make.', {
      remedy: 'Use `distilled sample --like` with the file.',
    })
  if (image.noise !== undefined)
    throw new BackendError('This picture was made from mixed noise, on a walk between seeds.', {
      remedy: 'Use `distilled sample --like` with the file, or the noise walk.',
    })
  if (!Number.isInteger(label) || !Number.isInteger(seed) || !Number.isInteger(index))
    throw new BackendError('The settings inside this picture are not understood.')
  if (image.ema === false) throw unrepeatable('raw weights instead of their moving average')
  const place = index < count ? { first: 0, count } : { first: index, count: 1 }
  return {
    model: model.id,
    class: Number(label),
    seed,
    ...place,
    steps: stepsOf((image.plan ?? {}) as SamplingPlan, model),
  }
}

/** The error for settings that this page cannot request. */
const unrepeatable = (what: string) =>
  new BackendError(`This picture was made with ${what}, which cannot be asked for here.`, {
    remedy: 'Use `distilled sample --like` with the file.',
  })

function stepsOf(plan: SamplingPlan, model: ModelInfo): string {
  const fits = (key: string) => samplingChoices(model, { flow: true }).some((choice) => choice.key === key)
  const { timesteps = [], split, teacherFrom, teacherOnly, flow } = planAsOptions(plan)
  const { solver, steps } = { ...defaultFlow, ...(typeof flow === 'object' && flow) }
  if (solver !== defaultFlow.solver || steps !== defaultFlow.steps)
    throw unrepeatable(`a flow map of ${steps} steps of ${solver}`)
  const teacher = flow ? 'flow' : 'teacher'
  if ((flow || teacherOnly) && fits(teacher)) return teacher
  const preset = model.presets.find(
    (one) => one.split === split && one.teacherFrom === teacherFrom && one.timesteps.join() === timesteps.join(),
  )
  if (preset) return String(preset.steps)
  throw new BackendError('This picture was made with timesteps that are none of this model’s presets.', {
    remedy: 'Use `distilled sample --like` with the file.',
  })
}

/**
 * How a picture differs from the one whose settings were restored. The page cannot set the teacher's published settings and the
 * precision of the weights; the new picture names them. Undefined when nothing differs, or for another picture.
 * @example
 * differences(image, made) // 'cfg 4 (here 2), dtype int8 (here fp32)'
 */
export function differences(image: Record<string, unknown>, made: Record<string, unknown>): string | undefined {
  const isOther = ['model', 'class', 'seed', 'index'].some((name) => (image[name] ?? 0) !== (made[name] ?? 0))
  const before = factsOf(image)
  const now = factsOf(made)
  if (isOther || before.way !== now.way) return
  const off = Object.keys(before.facts).filter((name) => before.facts[name] !== now.facts[name])
  return off.map((name) => `${name} ${before.facts[name]} (here ${now.facts[name]})`).join(', ') || undefined
}

function factsOf({ dtype = 'fp32', plan }: Record<string, unknown>) {
  const { teacher, flow, ...way } = (plan ?? {}) as { teacher?: object; flow?: object }
  const facts: Record<string, unknown> = { dtype, ...teacher }
  return { way: JSON.stringify([way, flow !== undefined]), facts }
}
