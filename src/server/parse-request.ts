// Turns a request into the job that the batcher computes: a model, a plan, and class, seed and index of every image. Every mistake
// in a request is found here, before it waits. Image i of a request is image i of `distilled sample` with its seed.
import { randomInt } from 'node:crypto'
import { UsageError } from '../core/errors.ts'
import type { Model, RunImage } from '../library/node/model.ts'
import { isMixed, mixNoise } from '../sampling/noise-recipe.ts'
import type { SamplingPlan } from '../sampling/plan.ts'
import { snakeKeys, trajectoryPaths } from '../sampling/plan-options.ts'
import { resolveClass } from '../zoo/classes.ts'
import { ApiError } from './errors.ts'
import type { ModelPool } from './model-pool.ts'
import { type formats, planOptions, type SampleRequest, type TrajectoryRequest, teacherParameters } from './requests.ts'

/** What all images of a job share. */
interface JobFacts {
  readonly model: Model
  readonly plan: SamplingPlan
  /** Jobs of one key may share a batch; a symbol is a key of one job alone. */
  readonly key: string | symbol
}

/** A job that makes one image of each row. */
export interface SampleJob extends JobFacts {
  readonly kind: 'sample'
  readonly rows: readonly RunImage[]
}

/** A job that makes the states of one image on its way from noise to data. */
export interface TrajectoryJob extends JobFacts {
  readonly kind: 'trajectory'
  readonly rows: readonly [RunImage]
  /** How many there are: one more than the model has token groups. */
  readonly results: number
}

export type ImageJob = SampleJob | TrajectoryJob

/** A parsed request: what is computed, and the format of the answer. */
export interface Parsed<J extends ImageJob> {
  readonly job: J
  readonly format: (typeof formats)[number]
}

/** Images that a job makes. */
export const resultsOf = (job: ImageJob): number => (job.kind === 'trajectory' ? job.results : job.rows.length)

/**
 * The job that a request stands for.
 * @throws ApiError 400 (what can't be), 403 (what the policy denies), 404 (no such model)
 */
export function parseSample(pool: ModelPool, request: SampleRequest): Parsed<SampleJob> {
  const model = pool.model(request.model)
  const { output_format: format = 'png', seed = randomInt(2 ** 32) } = request
  checkSize(model, request.size)
  const plan = planOf(model, request)
  const labels = labelsOf(model, request)
  const recipes = recipesOf(model, request, labels.length)
  const rows = labels.map((id, index) => ({ class: id, seed, index, ...recipes?.[index] }))
  return { job: sampleJob(model, plan, rows), format }
}

/** Images of a model; they share batches with those of the same model and plan. */
export function sampleJob(model: Model, plan: SamplingPlan, rows: readonly RunImage[]): SampleJob {
  // int8 scales a whole batch at once, so that an image depends on its neighbours: there they are its own request's only
  const key = model.weights.dtype === 'int8' ? Symbol(model.name) : JSON.stringify([model.name, plan])
  return { kind: 'sample', key, model, plan, rows }
}

/**
 * The job of an image on its way.
 * @throws as `parseSample`
 */
export function parseTrajectory(pool: ModelPool, { by, ...request }: TrajectoryRequest): Parsed<TrajectoryJob> {
  const model = pool.model(request.model)
  const path = snakeKeys(trajectoryPaths[by ?? (model.family.teacher ? 'flow' : 'student')])
  const { job, format } = parseSample(pool, { ...request, n: 1, ...path })
  const results = model.family.groups.length + 1
  const key = Symbol('trajectory')
  return { job: { kind: 'trajectory', key, model, plan: job.plan, rows: [job.rows[0]!], results }, format }
}

/** The plan of a request; parameters that contradict each other or have no effect are refused. */
function planOf(model: Model, request: SampleRequest): SamplingPlan {
  const pairs = [
    ['steps', 'timesteps'],
    ['flow', 'teacher_only'],
  ] as const
  for (const [one, other] of pairs)
    if (request[one] && request[other])
      throw new ApiError(400, `${one} and ${other} contradict each other: leave one out.`, {
        code: 'invalid_value',
        param: other,
      })
  const plan = asRequestError(undefined, () => model.plan(planOptions(request)))
  const idle = teacherParameters.filter((name) => request[name] !== undefined)
  if (plan.kind === 'student' && idle[0])
    throw new ApiError(
      400,
      `No teacher takes part, so ${idle.join(', ')} would do nothing: leave it out, or give teacher_from, teacher_only or flow.`,
      { code: 'invalid_value', param: idle[0] },
    )
  return plan
}

function labelsOf(model: Model, { prompt, class_labels: labels, n }: SampleRequest): number[] {
  const given = prompt?.trim() ? prompt : undefined
  if (labels && given !== undefined)
    throw new ApiError(400, 'prompt and class_labels contradict each other: leave one out.', {
      code: 'invalid_value',
      param: 'class_labels',
    })
  if (!labels && given === undefined)
    throw new ApiError(400, 'No class was given: name one as the prompt.', { code: 'missing', param: 'prompt' })
  const param = labels ? 'class_labels' : 'prompt'
  const ids = (labels ?? [given!]).map((label) => asRequestError(param, () => resolveClass(label, model.classes)))
  const count = n ?? ids.length
  if (ids.length !== 1 && ids.length !== count)
    throw new ApiError(400, `class_labels has ${ids.length} entries for ${count} images: give one, or one for each.`, {
      code: 'invalid_value',
      param: 'n',
    })
  for (const id of ids) checkClass(model, id, param)
  return Array.from({ length: count }, (_, i) => ids[ids.length === 1 ? 0 : i]!)
}

/** Seed, index and, where it is mixed, noise of every image; undefined when the request gives a seed instead. */
function recipesOf(
  model: Model,
  { noise, seed }: SampleRequest,
  images: number,
): Omit<RunImage, 'class'>[] | undefined {
  if (!noise) return undefined
  const wrong = (message: string, param: string) => new ApiError(400, message, { code: 'invalid_value', param })
  if (seed !== undefined) throw wrong('noise and seed contradict each other: leave one out.', 'seed')
  if (noise.length !== 1 && noise.length !== images)
    throw wrong(`noise has ${noise.length} entries for ${images} images: give one, or one for each.`, 'noise')
  for (const recipe of noise) asRequestError('noise', () => mixNoise(recipe, model.family))
  return Array.from({ length: images }, (_, i) => {
    const recipe = noise[noise.length === 1 ? 0 : i]!
    return { seed: recipe.seed, index: recipe.index ?? 0, ...(isMixed(recipe) && { noise: recipe }) }
  })
}

function checkClass(model: Model, id: number, param: string): void {
  const { numClasses } = model.family
  if (id >= numClasses)
    throw new ApiError(400, `${model.name} knows classes 0 to ${numClasses - 1}, got ${id}.`, {
      code: 'invalid_value',
      param,
    })
  if (model.policy?.verdict(id) !== 'deny') return
  throw new ApiError(403, `This server's policy denies class ${id} ${model.classInfo(id).name}.`, {
    code: 'class_denied',
    param,
  })
}

function checkSize(model: Model, size = 'auto'): void {
  const own = `${model.imageSize}x${model.imageSize}`
  if (size === 'auto' || size === own) return
  throw new ApiError(400, `${model.name} makes images of ${own}, not ${size}.`, {
    code: 'invalid_value',
    param: 'size',
  })
}

/** Turns a UsageError of the library into an ApiError that names the parameter. */
function asRequestError<T>(param: string | undefined, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new ApiError(400, error.message, { code: 'invalid_value', param, cause: error })
  }
}
