// What one run of the Generate view is made of, to and from the address, an image's own settings, and an ask of the Studio.
import { type Changes, type Settings, wholeSetting } from '../../router.ts'
import { type ModelInfo, mostImages, type SampleAsk, StudioError } from '../../studio/types.ts'
import { wayOf, waysOf } from '../../ui/ways.ts'

export const counts = [1, 4, 8, 16, 32] as const
const mostPictures = 64
/** Pictures of one ask. */
export const batchSize = Math.min(mostImages, 8)

export interface RunSettings {
  model: string
  class: number
  seed: number
  /** Index of the first picture: picture i has the noise of (seed, first + i). */
  first: number
  count: number
  /** The key of a way: see ui/ways.ts. */
  steps: string
}

/** The run that the address names; what it leaves out has a default. */
export function readRun(settings: Settings, model: ModelInfo): RunSettings {
  return {
    model: model.id,
    class: wholeSetting(settings.class, 0, 0, model.classes - 1),
    seed: wholeSetting(settings.seed, 0),
    first: wholeSetting(settings.first, 0, 0, 1e9),
    count: wholeSetting(settings.count, 8, 1, mostPictures),
    steps: wayOf(model, settings.steps, { flow: true }).key,
  }
}

/** A run as settings of the address. */
export const writeRun = ({ first, ...run }: RunSettings): Changes => ({ ...run, first: first || undefined })

/** The asks that make the pictures of a run, each as large as one may be, and where its first picture belongs. */
export function asksOf(run: RunSettings, model: ModelInfo): { ask: SampleAsk; offset: number }[] {
  const { way } = wayOf(model, run.steps, { flow: true })
  return Array.from({ length: Math.ceil(run.count / batchSize) }, (_, k) => {
    const offset = k * batchSize
    const size = Math.min(batchSize, run.count - offset)
    const images = Array.from({ length: size }, (_, i) => ({
      class: run.class,
      noise: { seed: run.seed, index: run.first + offset + i },
    }))
    return { ask: { model: run.model, way, images }, offset }
  })
}

/**
 * The run that shows an image again, from the settings inside it.
 * @param count pictures shown now; an image among the first of them is shown among its neighbours
 * @throws StudioError when the image was made in a way this page cannot repeat
 */
export function runOfImage(image: Record<string, unknown>, models: readonly ModelInfo[], count: number): RunSettings {
  const model = models.find(({ id }) => id === image.model)
  if (!model)
    throw new StudioError(`This picture was made with ${image.model ?? 'an unknown model'}, which is not here.`, {
      remedy: `Here are ${models.map(({ id }) => id).join(', ')}.`,
    })
  const label = Array.isArray(image.classes) ? image.classes[0] : image.class
  const [seed, index] = [image.seed, image.index ?? 0].map(Number) as [number, number]
  if (image.rng !== undefined && image.rng !== 'philox')
    throw new StudioError('This picture was made from noise of another kind, which this page does not make.', {
      remedy: 'Use `distilled sample --like` with the file.',
    })
  if (image.noise !== undefined)
    throw new StudioError('This picture was made from mixed noise, on a walk between seeds.', {
      remedy: 'Use `distilled sample --like` with the file, or the noise walk.',
    })
  if (!Number.isInteger(label) || !Number.isInteger(seed) || !Number.isInteger(index))
    throw new StudioError('The settings inside this picture are not understood.')
  const place = index < count ? { first: 0, count } : { first: index, count: 1 }
  return {
    model: model.id,
    class: Number(label),
    seed,
    ...place,
    steps: stepsOf(image.plan as Plan | undefined, model),
  }
}

interface Plan {
  kind?: string
  timesteps?: number[]
  split?: number
  timestep?: number
  teacherFrom?: number
  flow?: object
}

function stepsOf(plan: Plan = {}, model: ModelInfo): string {
  const fits = (key: string) => waysOf(model, { flow: true }).some((way) => way.key === key)
  const teacher = plan.flow ? 'flow' : 'teacher'
  if (plan.kind === 'teacher' && fits(teacher)) return teacher
  const timesteps = plan.timesteps ?? [0, plan.timestep]
  const preset = model.presets.find(
    (one) =>
      one.split === plan.split && one.teacherFrom === plan.teacherFrom && one.timesteps.join() === timesteps.join(),
  )
  if (preset) return String(preset.steps)
  throw new StudioError('This picture was made with timesteps that are none of this model’s presets.', {
    remedy: 'Use `distilled sample --like` with the file.',
  })
}
