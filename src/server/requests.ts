// Schemas of requests. The checks, the types and the OpenAPI document are made from them. A parameter has OpenAI's name where
// OpenAI has one; the options of sampling have the library's names in snake case.
import * as v from 'valibot'
import { whole, wholeList } from '../core/schemas.ts'
import { noiseRecipeSchema, seedSchema } from '../sampling/noise-recipe.ts'
import { mostGroups, type TeacherSettings, teacherSchema } from '../sampling/plan.ts'
import {
  camelKeys,
  nestedOptions,
  optionEntries,
  type PlanOptions,
  type SnakeKeys,
  snakeKeys,
  type TrajectoryPath,
  trajectoryPaths,
} from '../sampling/plan-options.ts'
import { ApiError } from './errors.ts'
import { mostImages, mostTimesteps } from './settings.ts'

const text = (description: string, longest = 200) =>
  v.optional(
    v.pipe(
      v.string('must be a string'),
      v.maxLength(longest, `must have at most ${longest} characters`),
      v.description(description),
    ),
  )

const count = (description: string, high: number, low = 0) => v.optional(whole(low, high, 'number', description))

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

/** All options of sampling but the solver and its steps: each of their values would build a graph that stays in memory. */
const planEntries = v.omit(v.object(optionEntries), ['solver', 'odeSteps']).entries

/** Options of sampling by the names of the library; a request has them in snake case. */
const planParameters = snakeKeys(
  v.partial(
    v.object({
      ...planEntries,
      timesteps: wholeList(0, mostGroups, mostTimesteps, 'group', v.getDescription(planEntries.timesteps)!),
    }),
  ).entries,
)

/** The parameters that have an effect only where a teacher takes part. */
export const teacherParameters = Object.keys(snakeKeys(teacherSchema.entries)) as (keyof SnakeKeys<TeacherSettings>)[]

const sampling = {
  model: text('A model this server was started with; its first one by default.'),
  prompt: text('A class: its name, a part of its name that fits no other, or its id. There is no free text.'),
  class_labels: list(label, mostImages, 'Instead of the prompt: one class for all images, or one for each.'),
  n: count('Images; 1 by default.', mostImages, 1),
  seed: v.optional(
    v.pipe(seedSchema, v.description('What the noise follows from, with the index of the image; random by default.')),
  ),
  noise: list(
    noiseRecipeSchema,
    mostImages,
    'Instead of the seed: the noise of each image, or one for all; mixed where it says so.',
  ),
  ...planParameters,
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
    ...pick(sampling, ['model', 'prompt', 'class_labels', 'seed', 'noise', 'output_format', ...teacherParameters]),
    by: choice(
      Object.keys(trajectoryPaths) as TrajectoryPath[],
      "What leads from noise to data; the teacher's flow map by default.",
    ),
  },
  object,
)

/** GET /api/classes */
export const classesQuery = v.strictObject({ model: sampling.model }, object)

type WithoutNull<T> = { [K in keyof T]: Exclude<T[K], null> }

/** A request without the parameters that are null. */
export const withoutNulls = <T extends object>(request: T): WithoutNull<T> =>
  Object.fromEntries(Object.entries(request).filter(([, value]) => value !== null)) as WithoutNull<T>

export type SampleRequest = v.InferOutput<typeof sampleRequest>
export type TrajectoryRequest = v.InferOutput<typeof trajectoryRequest>

/**
 * Parses a value by a schema.
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
  const known = issue.type !== 'strict_object' || issue.expected !== 'never'
  const shown = param && param.length > 80 ? `${param.slice(0, 80)}...` : param
  const message = known ? `${shown ?? 'The request'} ${issue.message}.` : `There is no parameter "${shown}".`
  throw new ApiError(400, message, { code: known ? 'invalid_value' : 'unknown_parameter', param: shown })
}

/** The options of sampling that a request gives, as a program would give them. */
export const planOptions = (request: SampleRequest): PlanOptions => nestedOptions(camelKeys(request))
