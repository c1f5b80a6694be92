// Routes about the server itself: its models and their classes, liveness, readiness, metrics, the OpenAPI document.
import * as v from 'valibot'
import type { Model } from '../library/node/model.ts'
import { dtypes } from '../models/weights.ts'
import { steps } from '../sampling/plan.ts'
import { snakeKeys } from '../sampling/plan-options.ts'
import type { ModelPool } from './model-pool.ts'
import { classesQuery, parsed } from './requests.ts'
import type { Route } from './route.ts'

const whole = v.pipe(v.number(), v.integer(), v.minValue(0))

const modelSchema = v.strictObject({
  id: v.string(),
  family: v.string(),
  image_size: whole,
  classes: whole,
  groups: v.pipe(v.array(whole), v.description('Tokens of each group.')),
  student: v.boolean(),
  teacher: v.boolean(),
  presets: v.array(
    v.strictObject({
      steps: whole,
      timesteps: v.pipe(v.array(whole), v.readonly()),
      split: whole,
      teacher_from: v.optional(v.pipe(whole, v.description('The teacher takes part, from this group on.'))),
    }),
  ),
  default_steps: whole,
  device: v.string(),
  threads: whole,
  dtype: v.picklist(dtypes),
  ready: v.pipe(v.boolean(), v.description('It has made an image, and its engine lives.')),
})

function described(pool: ModelPool, model: Model): v.InferOutput<typeof modelSchema> {
  const { name, family, imageSize, engine, weights } = model
  const { student, teacher } = family
  return {
    id: name,
    family: family.name,
    image_size: imageSize,
    classes: family.numClasses,
    groups: [...family.groups],
    student: student !== undefined,
    teacher: teacher !== undefined,
    presets: model.presets
      .filter(({ teacherFrom }) => teacherFrom === undefined || teacher)
      .map(({ published: _, ...preset }) => snakeKeys(preset)),
    default_steps: steps(model.plan(), family.groups.length),
    device: engine.device,
    threads: engine.threads,
    dtype: weights.dtype,
    ready: pool.isReady(name),
  }
}

export const models: Route = {
  method: 'GET',
  path: '/api/models',
  summary: 'The models of this server: sizes, presets, device',
  answers: { 200: { description: 'Models, the default one first', schema: v.array(modelSchema) } },
  handle: (c, { pool }) => c.json(pool.names.map((name) => described(pool, pool.model(name)))),
}

const openAiModel = v.strictObject({
  id: v.string(),
  object: v.literal('model'),
  created: v.literal(0),
  owned_by: v.literal('distilled-decoding'),
})

const inOpenAiShape = (id: string): v.InferOutput<typeof openAiModel> => ({
  id,
  object: 'model',
  created: 0,
  owned_by: 'distilled-decoding',
})

export const openAiModels: Route = {
  method: 'GET',
  path: '/v1/models',
  summary: "The models, in OpenAI's shape",
  answers: {
    200: {
      description: 'A list of models',
      schema: v.strictObject({ object: v.literal('list'), data: v.array(openAiModel) }),
    },
  },
  handle: (c, { pool }) => c.json({ object: 'list', data: pool.names.map(inOpenAiShape) }),
}

export const openAiModelByName: Route = {
  method: 'GET',
  path: '/v1/models/{model}',
  summary: "One model, in OpenAI's shape",
  parameters: { model: v.string() },
  answers: {
    200: { description: 'The model', schema: openAiModel },
    404: { description: 'No such model' },
  },
  handle: (c, { pool }) => c.json(inOpenAiShape(pool.model(c.req.param('model')).name)),
}

const classSchema = v.strictObject({
  id: whole,
  name: v.string(),
  synonyms: v.array(v.string()),
  sensitive: v.boolean(),
  policy: v.picklist(['allow', 'flag', 'deny']),
})

export const classes: Route = {
  method: 'GET',
  path: '/api/classes',
  summary: 'Ids, names and synonyms of the classes of a model',
  query: classesQuery,
  answers: {
    200: { description: 'Classes in the order of their ids', schema: v.array(classSchema) },
    404: { description: 'No such model' },
  },
  handle(c, { pool }) {
    const model = pool.model(parsed(classesQuery, c.req.query()).model)
    const known = Math.min(model.family.numClasses, model.classes.labels.length)
    return c.json(
      Array.from({ length: known }, (_, id) => ({
        ...model.classInfo(id),
        policy: model.policy?.verdict(id) ?? 'allow',
      })),
    )
  },
}

export const healthz: Route = {
  method: 'GET',
  path: '/healthz',
  summary: 'Whether the process answers',
  open: true,
  answers: { 200: { description: 'It does', types: ['text/plain'] } },
  handle: (c) => c.text('ok\n'),
}

export const readyz: Route = {
  method: 'GET',
  path: '/readyz',
  summary: 'Whether every model has made an image and can make another',
  open: true,
  answers: {
    200: { description: 'It can', types: ['text/plain'] },
    503: { description: 'Not yet, or no more', types: ['text/plain'] },
  },
  handle(c, { pool, stop }) {
    if (stop.refusing) return c.text('stopping\n', 503)
    if (pool.ready) return c.text('ready\n')
    pool.reviveAll()
    return c.text('not ready\n', 503, { 'Retry-After': '1' })
  },
}

export const counters: Route = {
  method: 'GET',
  path: '/metrics',
  summary: "Counters in Prometheus' text format",
  answers: { 200: { description: 'Counters', types: ['text/plain'] } },
  handle(c, { pool, batcher, metrics, store, connections }) {
    const { waiting, unanswered } = batcher
    const { ready, restarts } = pool
    const { size, closed } = connections()
    const text = metrics.text({
      waiting,
      unanswered,
      ready,
      restarts,
      storeBytes: store.bytes,
      connections: size,
      closedConnections: closed,
    })
    return c.body(text, 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' })
  },
}
