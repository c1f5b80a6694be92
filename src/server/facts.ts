// What the server tells of itself: its models and their classes, whether it lives, whether it can work, its counters.
import type { Model } from '../library/model.ts'
import { steps } from '../sampling/plan.ts'
import { classesQuery, parsed } from './requests.ts'
import type { Route } from './route.ts'

const string = { type: 'string' }
const integer = { type: 'integer' }
const boolean = { type: 'boolean' }
const listOf = (properties: Record<string, unknown>) => ({ type: 'array', items: { type: 'object', properties } })

/** `needs` says what a preset takes beside the student. */
function described(model: Model) {
  const { name, family, imageSize, engine, weights } = model
  const { student, teacher } = family
  return {
    ...{ id: name, family: family.name, image_size: imageSize, classes: family.numClasses },
    ...{ groups: family.groups, student: student !== undefined, teacher: teacher !== undefined },
    presets: model.presets
      .filter(({ teacherFrom }) => teacherFrom === undefined || teacher)
      .map((preset) => ({
        ...{ steps: preset.steps, timesteps: preset.timesteps, split: preset.split },
        ...(preset.teacherFrom !== undefined && { teacher_from: preset.teacherFrom }),
      })),
    default_steps: steps(model.plan(), family.groups.length),
    ...{ device: engine.device, threads: engine.threads, dtype: weights.dtype },
  }
}

export const models: Route = {
  ...{ method: 'GET', path: '/api/models', summary: 'The models of this server: sizes, presets, device' },
  answers: {
    200: {
      description: 'Models, the default one first',
      schema: listOf({ id: string, family: string, image_size: integer, classes: integer, ready: boolean }),
    },
  },
  handle: (c, { house }) =>
    c.json(house.names.map((name) => ({ ...described(house.model(name)), ready: house.isReady(name) }))),
}

export const openAiModels: Route = {
  ...{ method: 'GET', path: '/v1/models', summary: "The models, in OpenAI's shape" },
  answers: {
    200: {
      description: 'A list of models',
      schema: { type: 'object', properties: { object: string, data: listOf({ id: string, object: string }) } },
    },
  },
  handle: (c, { house }) =>
    c.json({
      object: 'list',
      data: house.names.map((id) => ({ id, object: 'model', created: 0, owned_by: 'distilled-decoding' })),
    }),
}

export const classes: Route = {
  ...{ method: 'GET', path: '/api/classes', summary: 'Ids, names and synonyms of the classes of a model' },
  query: classesQuery,
  answers: {
    200: {
      description: 'Classes in the order of their ids; "policy" is allow, flag or deny',
      schema: listOf({ id: integer, name: string, synonyms: listOf({}), sensitive: boolean, policy: string }),
    },
    404: { description: 'No such model' },
  },
  handle(c, { house }) {
    const model = house.model(parsed(classesQuery, c.req.query()).model)
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
  ...{ method: 'GET', path: '/healthz', summary: 'Whether the process answers', open: true },
  answers: { 200: { description: 'It does', type: 'text/plain' } },
  handle: (c) => c.text('ok\n'),
}

export const readyz: Route = {
  ...{
    method: 'GET',
    path: '/readyz',
    summary: 'Whether every model has made an image and can make another',
    open: true,
  },
  answers: {
    200: { description: 'It can', type: 'text/plain' },
    503: { description: 'Not yet, or no more', type: 'text/plain' },
  },
  handle(c, { house, stop }) {
    if (stop.refusing) return c.text('stopping\n', 503)
    if (house.ready) return c.text('ready\n')
    house.reviveAll()
    return c.text('not ready\n', 503, { 'Retry-After': '1' })
  },
}

export const counters: Route = {
  ...{ method: 'GET', path: '/metrics', summary: "Counters in Prometheus' text format" },
  answers: { 200: { description: 'Counters', type: 'text/plain' } },
  handle(c, { house, lane, metrics, store }) {
    const { waiting, unanswered } = lane
    const { ready, restarts } = house
    const text = metrics.text({ waiting, unanswered, ready, restarts, storeBytes: store.bytes })
    return c.body(text, 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' })
  },
}
