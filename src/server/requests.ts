// What a request may say, as schemas: the one source of the checks, of the types, and of the OpenAPI document.
// Names are OpenAI's where they have one, and the command line's with underscores where they have none.
import * as v from 'valibot'
import type { PlanOptions } from '../library/choose-plan.ts'
import { ApiError } from './errors.ts'
import { mostImages } from './settings.ts'

const text = (description: string, longest = 200) =>
  v.optional(
    v.pipe(
      v.string('must be a string'),
      v.maxLength(longest, `must have at most ${longest} characters`),
      v.description(description),
    ),
  )

const whole = (low: number, high: number) => {
  const range = `must be a whole number from ${low} to ${high}`
  return v.pipe(v.number(range), v.integer(range), v.minValue(low, range), v.maxValue(high, range))
}

const count = (description: string, high = 100_000, low = 0) =>
  v.optional(v.pipe(whole(low, high), v.description(description)))

const decimal = (description: string, low: number, high: number) => {
  const range = `must be a number from ${low} to ${high}`
  return v.optional(
    v.pipe(v.number(range), v.minValue(low, range), v.maxValue(high, range), v.description(description)),
  )
}

const choice = <const T extends readonly string[]>(values: T, description: string) =>
  v.optional(v.pipe(v.picklist(values, `must be one of ${values.join(', ')}`), v.description(description)))

const list = <T extends v.GenericSchema>(item: T, longest: number, description: string) => {
  const size = `must be a list of 1 to ${longest}`
  return v.optional(
    v.pipe(v.array(item, size), v.minLength(1, size), v.maxLength(longest, size), v.description(description)),
  )
}

const label = v.union(
  [v.pipe(v.string(), v.maxLength(200)), v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000))],
  'must be a class name or id',
)

export const formats = ['png', 'jpeg', 'webp'] as const

const origin = {
  seed: v.pipe(whole(0, Number.MAX_SAFE_INTEGER), v.description('Of the noise.')),
  index: count('Of the image in the run of that seed; 0 by default.', Number.MAX_SAFE_INTEGER),
}

const amount = 'must be a number from 0 to 1'

const recipe = v.strictObject(
  {
    ...origin,
    toward: v.optional(
      v.strictObject(
        { ...origin, amount: v.pipe(v.number(amount), v.minValue(0, amount), v.maxValue(1, amount)) },
        'must be an object with seed and amount',
      ),
    ),
    groups: list(
      v.strictObject({ ...origin, group: whole(0, 100_000) }, 'must be an object with group and seed'),
      4096,
      'Token groups whose noise is that of another seed.',
    ),
  },
  'must be an object such as {"seed": 1, "toward": {"seed": 2, "amount": 0.5}}',
)

const sampling = {
  model: text('A model this server was started with; its first one by default.'),
  prompt: text('A class: its name, a part of its name that fits no other, or its id. There is no free text.'),
  class_labels: list(label, mostImages, 'Instead of the prompt: one class for all images, or one for each.'),
  n: count('Images; 1 by default.', mostImages, 1),
  seed: count('What the noise follows from, with the index of the image; random by default.', Number.MAX_SAFE_INTEGER),
  noise: list(
    recipe,
    mostImages,
    'Instead of the seed: the noise of each image, or one for all; mixed where it says so.',
  ),
  steps: count("One of the model's presets, by network evaluations; 1 by default.", 10_000, 1),
  timesteps: list(whole(0, 100_000), 64, 'Finished token groups at each student step, such as [0, 5].'),
  split: count('Groups before this one become codebook entries, the others stay continuous.'),
  teacher_from: count('The teacher samples the groups from this one to the last timestep.'),
  teacher_only: v.optional(v.pipe(v.boolean('must be true or false'), v.description('The teacher alone.'))),
  flow: v.optional(
    v.pipe(
      v.boolean('must be true or false'),
      v.description("The teacher's flow map alone: the tokens that the noise leads to."),
    ),
  ),
  cfg: decimal("The teacher's classifier-free guidance.", 0, 1000),
  top_k: count('The teacher keeps the k most likely tokens; 0 keeps all.'),
  top_p: decimal('The teacher keeps the most likely tokens up to this probability.', 0, 1),
  temperature: decimal("Of the teacher's draws.", 0.001, 1000),
  size: v.optional(
    v.pipe(
      v.string('must be a string'),
      v.regex(/^(auto|\d{1,5}x\d{1,5})$/, 'must be "auto" or such as "256x256"'),
      v.description("auto, or the model's own size."),
    ),
  ),
  output_format: choice(formats, 'Of the image files; png by default.'),
}

const object = 'must be a JSON object'

const pick = <T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> =>
  Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>

/** POST /api/sample */
export const sampleRequest = v.strictObject(sampling, object)

/** A parameter for which OpenAI's clients write null when it is left out. */
const orNull = <T extends v.GenericSchema>({ wrapped }: { wrapped: T }) => v.nullish(wrapped)

const ignored = orNull(text('Accepted, as clients of OpenAI send it; nothing is done with it.', 500))

/** POST /v1/images/generations */
export const imagesRequest = v.strictObject(
  {
    ...sampling,
    model: orNull(sampling.model),
    n: orNull(sampling.n),
    size: orNull(sampling.size),
    output_format: orNull(sampling.output_format),
    response_format: orNull(
      choice(['b64_json', 'url'], 'The images themselves (default), or addresses for ten minutes.'),
    ),
    user: ignored,
    quality: ignored,
    style: ignored,
    moderation: ignored,
    output_compression: orNull(count('Accepted, as clients of OpenAI send it; nothing is done with it.', 100)),
    background: v.nullish(
      v.pipe(
        v.picklist(['auto', 'opaque'], 'must be auto or opaque, as the images have no transparency'),
        v.description('The images are opaque.'),
      ),
    ),
    stream: v.nullish(
      v.pipe(
        v.literal(false, 'must be false here; POST /api/sample sends images as they are made'),
        v.description('Images as they are made come from POST /api/sample.'),
      ),
    ),
    partial_images: v.nullish(
      v.pipe(
        v.literal(0, 'must be 0; POST /api/trajectory sends images on their way'),
        v.description('Images on their way come from POST /api/trajectory.'),
      ),
    ),
  },
  object,
)

/** POST /api/trajectory */
export const trajectoryRequest = v.strictObject(
  {
    ...pick(sampling, ['model', 'prompt', 'class_labels', 'seed', 'noise', 'cfg', 'top_k', 'top_p', 'temperature']),
    ...pick(sampling, ['output_format']),
    by: choice(['flow', 'teacher', 'student'], "What leads from noise to data; the teacher's flow map by default."),
  },
  object,
)

/** GET /api/classes */
export const classesQuery = v.strictObject({ model: sampling.model }, object)

type WithoutNull<T> = { [K in keyof T]: Exclude<T[K], null> }

/** A request as one that leaves out what is null. */
export const withoutNulls = <T extends object>(request: T): WithoutNull<T> =>
  Object.fromEntries(Object.entries(request).filter(([, value]) => value !== null)) as WithoutNull<T>

export type SampleRequest = v.InferOutput<typeof sampleRequest>
export type TrajectoryRequest = v.InferOutput<typeof trajectoryRequest>

/**
 * What the schema makes of a value.
 * @throws ApiError 400 that names the first field at fault
 * @example
 * parsed(sampleRequest, { prompt: 'boat' }).prompt // 'boat'
 */
export function parsed<T extends v.GenericSchema>(schema: T, value: unknown): v.InferOutput<T> {
  const plain = Array.isArray(value) ? null : value // a list would pass for an object without keys
  const result = v.safeParse(schema, plain, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const param = v.getDotPath(issue) ?? undefined
  const known = param === undefined || Object.hasOwn((schema as unknown as { entries: object }).entries, topOf(param))
  const shown = param && param.length > 80 ? `${param.slice(0, 80)}...` : param
  const message = known ? `${shown ?? 'The request'} ${issue.message}.` : `There is no parameter "${shown}".`
  throw new ApiError(400, message, { code: known ? 'invalid_value' : 'unknown_parameter', param: shown })
}

const topOf = (path: string): string => path.split('.')[0]!

/** The sampling plan that a request asks for, as `distilled sample` would say it. */
export function planOptions(request: SampleRequest): PlanOptions {
  const { steps, timesteps, split, teacher_from: teacherFrom, teacher_only: teacherOnly, flow } = request
  const { cfg, top_k: topK, top_p: topP, temperature } = request
  const teacher = Object.fromEntries(
    Object.entries({ cfg, topK, topP, temperature }).filter(([, value]) => value !== undefined),
  )
  return { steps, timesteps, split, teacherFrom, teacherOnly, flow, teacher }
}
