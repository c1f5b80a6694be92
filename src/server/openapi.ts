// The OpenAPI 3.1 document. It is made from the table of routes and from the schemas that check requests and describe answers.
import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import { version } from '../library/node/version.ts'
import { envelopeSchema } from './errors.ts'
import type { Answer, Route } from './route.ts'

/** What any route may answer. */
const everywhere: Readonly<Record<number, Answer>> = {
  400: { description: 'The request is malformed' },
  403: { description: 'Another host was meant, or another site asks' },
  431: { description: 'The head of the request is too long' },
  500: { description: 'The server failed; its log says why' },
}

const unauthorized: Readonly<Record<number, Answer>> = { 401: { description: 'The token is missing or wrong' } }

/**
 * A schema as JSON Schema (2020-12).
 * @throws Error for a kind of schema that JSON Schema cannot say
 */
export function jsonSchema(schema: v.GenericSchema): Record<string, unknown> {
  const { $schema: _, ...rest } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    typeMode: 'input',
    ignoreActions: ['readonly', 'metadata'],
  })
  return rest
}

/** The document for a table of routes. */
export function openApi(routes: readonly Route[]) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    paths[route.path] ??= {}
    paths[route.path]![route.method.toLowerCase()] = operation(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'distilled-decoding',
      description:
        'Images of classes from distilled auto-regressive models. Generated images are marked as such inside.',
      version: version(),
    },
    paths,
    components: {
      schemas: { Error: jsonSchema(envelopeSchema) },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    security: [{ token: [] }, {}],
  }
}

function operation({ summary, open, body, query, parameters = {}, answers }: Route) {
  const inPath = Object.entries(parameters).map(([name, schema]) => ({
    name,
    in: 'path',
    required: true,
    schema: jsonSchema(schema),
  }))
  const known = query ? (jsonSchema(query).properties as Record<string, unknown>) : {}
  const inQuery = Object.entries(known).map(([name, schema]) => ({ name, in: 'query', required: false, schema }))
  const all = { ...everywhere, ...(!open && unauthorized), ...answers }
  return {
    summary,
    ...(open && { security: [{}] }),
    ...((inPath.length || inQuery.length) && { parameters: [...inPath, ...inQuery] }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(body) } } } }),
    responses: Object.fromEntries(Object.entries(all).map(([status, answer]) => [status, response(answer)])),
  }
}

/** An answer; without a schema or types of its own it is a failure. `x-events` is of this project: OpenAPI has no word for events. */
function response({ description, schema, types, events }: Answer) {
  if (types) {
    const content = types.map((type) => [type, type.startsWith('text/') ? { schema: { type: 'string' } } : {}])
    const named = Object.entries(events ?? {}).map(([name, event]) => [name, jsonSchema(event)])
    return {
      description,
      content: Object.fromEntries(content),
      ...(events && { 'x-events': Object.fromEntries(named) }),
    }
  }
  const shape = schema ? jsonSchema(schema) : { $ref: '#/components/schemas/Error' }
  return { description, content: { 'application/json': { schema: shape } } }
}
