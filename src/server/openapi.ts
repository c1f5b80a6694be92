// The OpenAPI 3.1 document, made of the very table that the routes are, and of the very schemas that check requests.
import { jsonSchema } from './json-schema.ts'
import type { Route } from './route.ts'

const errorSchema = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: {
        message: { type: 'string' },
        type: { type: 'string' },
        param: { type: ['string', 'null'] },
        code: { type: ['string', 'null'] },
      },
      required: ['message', 'type', 'param', 'code'],
    },
  },
  required: ['error'],
}

/** The document for a table of routes. */
export function openApi(routes: readonly Route[], { version = '0' }: { version?: string | undefined } = {}) {
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
      version,
    },
    paths,
    components: {
      schemas: { Error: errorSchema },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    security: [{ token: [] }, {}],
  }
}

function operation({ summary, open, body, query, parameters = {}, answers }: Route) {
  const inPath = Object.entries(parameters).map(([name, schema]) => ({ name, in: 'path', required: true, schema }))
  const known = query ? ((jsonSchema(query).properties ?? {}) as Record<string, unknown>) : {}
  const inQuery = Object.entries(known).map(([name, schema]) => ({ name, in: 'query', required: false, schema }))
  return {
    summary,
    ...(open && { security: [{}] }),
    ...((inPath.length || inQuery.length) && { parameters: [...inPath, ...inQuery] }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(body) } } } }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, { description, type = 'application/json', schema }]) => {
        const failure = Number(status) >= 400 && type === 'application/json'
        const content = { schema: failure ? { $ref: '#/components/schemas/Error' } : (schema ?? { type: 'string' }) }
        return [status, { description, content: { [type]: content } }]
      }),
    ),
  }
}
