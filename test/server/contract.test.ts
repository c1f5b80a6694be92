// The OpenAPI document is a contract, tested from the document alone as schemathesis does: for every route requests that its schemas
// allow, and requests that they do not; every answer has a status, a type and a body that the document names.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { version } from '../../src/library/node/version.ts'
import { routes } from '../../src/server/routes.ts'
import type { RunningServer } from '../../src/server/serve.ts'
import { bodyLimit } from '../../src/server/settings.ts'
import { type Asked, ask, serve } from './served.ts'

/** The part of JSON Schema that the document uses. */
interface Schema {
  type?: string
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  pattern?: string
  minimum?: number
  maximum?: number
  minItems?: number
  maxItems?: number
  maxLength?: number
  $ref?: string
}

interface Operation {
  security?: object[]
  parameters?: { name: string; in: 'path' | 'query'; required: boolean; schema: Schema }[]
  requestBody?: { content: { 'application/json': { schema: Schema } } }
  responses: Record<string, { content: Record<string, { schema?: Schema }>; 'x-events'?: Record<string, Schema> }>
}

interface Document {
  info: { version: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

const token = 'a secret of some length'
const authorization = `Bearer ${token}`
const json = { 'content-type': 'application/json' }
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true })
const compiled = new Map<Schema, ValidateFunction>()
let server: RunningServer
let document: Document
const failures: unknown[] = []
/** No search for the smallest request that fails: each costs an image. */
const quick = { endOnFailure: true, numRuns: 40 }

beforeAll(async () => {
  server = await serve({ token, policy: { deny: ['cat'], flag: [7] }, onFailure: (error) => failures.push(error) })
  await server.warm
  document = JSON.parse((await ask(server.url, '/openapi.json')).body.toString())
})
afterAll(() => server.close(0))

const operation = (method: string, path: string): Operation => document.paths[path]![method.toLowerCase()]!

/** The first fault of a value. */
function fault(schema: Schema, value: unknown): string | undefined {
  const whole = schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)!]! : schema
  const validate = compiled.get(whole) ?? ajv.compile(whole)
  compiled.set(whole, validate)
  return validate(value) ? undefined : ajv.errorsText(validate.errors)
}

/** Values that a schema allows. */
function allowed(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(allowed))
  const { minimum: low = 0, maximum: high = 1 } = schema
  const kinds: Record<string, () => fc.Arbitrary<unknown>> = {
    null: () => fc.constant(null),
    boolean: () => fc.boolean(),
    integer: () =>
      fc.oneof(fc.integer({ min: low, max: Math.min(high, low + 12) }), fc.integer({ min: low, max: high })),
    number: () => fc.double({ min: low, max: high, noNaN: true }),
    string: () =>
      schema.pattern
        ? fc.stringMatching(new RegExp(schema.pattern))
        : fc.string({ maxLength: Math.min(schema.maxLength ?? 20, 20) }),
    array: () =>
      fc.array(allowed(schema.items!), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 4, 4),
      }),
    object: () => {
      const { properties = {}, required = [] } = schema
      const entries = Object.entries(properties).map(([name, one]) => [name, allowed(one)] as const)
      return fc.record(Object.fromEntries(entries), { requiredKeys: required })
    },
  }
  return kinds[schema.type!]!()
}

/** Requests that mean something: few of the parameters at a time, and classes that exist. */
function meaningful(schema: Schema): fc.Arbitrary<Record<string, unknown>> {
  const names = Object.keys(schema.properties!).filter((name) => !['prompt', 'class_labels', 'n'].includes(name))
  const some = fc
    .subarray(names, { maxLength: 3 })
    .chain((kept) => fc.record(Object.fromEntries(kept.map((name) => [name, allowed(schema.properties![name]!)]))))
  const label = fc.constantFrom('boat', 'cat', '7', 'bird', '99')
  return fc.record({ some, label }).map(({ some, label }) => ({ ...some, prompt: label }))
}

/** One value anywhere becomes another, or a parameter comes to it that there is not. */
const mutated = (schema: Schema): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.jsonValue(),
    fc
      .record({
        request: meaningful(schema),
        name: fc.constantFrom(...Object.keys(schema.properties!), '__proto__', 'x'),
        value: fc.jsonValue(),
      })
      .map(({ request, name, value }) =>
        JSON.parse(`{${JSON.stringify(request).slice(1, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`),
      ),
  )

/** Sends a request, holds its answer against the document, and returns its status. */
async function checked(method: string, path: string, address: string, asked: Asked = {}): Promise<number> {
  const answer = await ask(server.url, address, { method, ...asked, headers: { authorization, ...asked.headers } })
  const what = `${method} ${address} ${asked.body ?? ''}: ${answer.status} ${answer.body.subarray(0, 500)}`
  const response = operation(method, path).responses[answer.status]
  expect(response, what).toBeDefined()
  const type = String(answer.headers['content-type']).split(';')[0]!
  expect(Object.keys(response!.content), what).toContain(type)
  const { schema } = response!.content[type]!
  if (type === 'application/json') expect(fault(schema!, JSON.parse(answer.body.toString())), what).toBeUndefined()
  const named = response!['x-events']
  if (named)
    for (const { event, data } of eventsIn(answer.body.toString())) {
      expect(Object.keys(named), what).toContain(event)
      expect(fault(named[event]!, data), `${event} of ${what}`).toBeUndefined()
    }
  return answer.status
}

const eventsIn = (text: string) =>
  text
    .split('\n\n')
    .filter(Boolean)
    .map((block) => ({ event: /^event: (.*)$/m.exec(block)![1]!, data: JSON.parse(/^data: (.*)$/m.exec(block)![1]!) }))

const withBody = routes.filter(({ body }) => body).map(({ method, path }) => [method, path] as const)
const withoutBody = routes.filter(({ body }) => !body).map(({ method, path }) => [method, path] as const)

describe.each(withBody)('%s %s', (method, path) => {
  const schema = () => operation(method, path).requestBody!.content['application/json'].schema
  const send = (body: unknown) => checked(method, path, path, { headers: json, body: JSON.stringify(body) })

  it('answers what its schema allows as the document says', async () => {
    const statuses = new Set<number>()
    const property = fc.asyncProperty(
      fc.oneof(meaningful(schema()), meaningful(schema()), allowed(schema())),
      async (body) => {
        expect(fault(schema(), JSON.parse(JSON.stringify(body)))).toBeUndefined()
        statuses.add(await send(body))
      },
    )
    await fc.assert(property, quick)
    await send({ prompt: 'boat' })
    expect(
      [...statuses].every((status) => [200, 400, 403, 404].includes(status)),
      [...statuses].join(),
    ).toBe(true)
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400]))
  })

  it('refuses what its schema does not allow', async () => {
    let wrong = 0
    const property = fc.asyncProperty(mutated(schema()), async (body) => {
      const status = await send(body)
      if (fault(schema(), body) === undefined) return
      wrong++
      expect([400, 413]).toContain(status)
    })
    await fc.assert(property, quick)
    expect(wrong).toBeGreaterThan(10)
  })

  it('refuses bytes that are no JSON, types that it does not read, too much, and no token', async () => {
    const bytes = fc.string({ unit: 'binary', maxLength: 200 }).filter((text) => !/^\s*\{/.test(text))
    const noJson = fc.asyncProperty(bytes, async (body) => {
      expect(await checked(method, path, path, { headers: json, body })).toBe(400)
    })
    await fc.assert(noJson, quick)
    const types = fc.stringMatching(/^[a-z]{1,8}\/[a-z+]{1,8}(; charset=[a-z0-9-]{1,9})?$/)
    const strange = fc.oneof(
      types,
      fc.constantFrom('application/json; charset=utf-16', 'application/jsonp', 'application/json, text/html'),
    )
    await fc.assert(
      fc.asyncProperty(strange, async (type) => {
        const status = await checked(method, path, path, { headers: { 'content-type': type }, body: '{}' })
        expect(status).toBe(415)
      }),
      quick,
    )
    expect(await checked(method, path, path, { headers: { ...json, 'content-encoding': 'gzip' }, body: 'x' })).toBe(415)
    expect(await checked(method, path, path, { headers: json, body: ' '.repeat(bodyLimit + 1) })).toBe(413)
    expect(await checked(method, path, path, { headers: { ...json, authorization: 'Bearer no' }, body: '{}' })).toBe(
      401,
    )
  })
})

describe.each(withoutBody)('%s %s', (method, path) => {
  it('answers any parameters and queries as the document says', async () => {
    const { parameters = [], security } = operation(method, path)
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.constantFrom('..', '../..', '%', '\0', 'sprites-var-dd'),
    )
    const inPath = parameters.filter((one) => one.in === 'path')
    const inQuery = parameters.filter((one) => one.in === 'query').map(({ name }) => name)
    const any = fc.record({
      path: fc.tuple(...inPath.map(({ schema }) => fc.oneof(allowed(schema), text.filter(Boolean)))),
      query: fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', ...inQuery)), text, { maxKeys: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(any, async (said) => {
        const named = inPath.reduce(
          (address, { name }, i) =>
            address.replace(`{${name}}`, encodeURIComponent(String(said.path[i])).replaceAll('.', '%2e')),
          path,
        )
        if (/\/(%2e){1,2}$/i.test(named)) return // another address: URLs have no such names
        const query = Object.entries(said.query).map(
          ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
        )
        const status = await checked(method, path, query.length ? `${named}?${query.join('&')}` : named)
        expect(status).toBeLessThan(500)
      }),
      quick,
    )
    const status = await ask(server.url, path.replaceAll(/\{\w+\}/g, '0'), { method })
    expect(status.status === 401).toBe(security === undefined)
  })

  it('answers any headers as the document says', async () => {
    const address = path.replaceAll(/\{\w+\}/g, 'sprites-var-dd')
    const name = fc.constantFrom(
      'accept',
      'origin',
      'sec-fetch-site',
      'if-none-match',
      'range',
      'x-forwarded-host',
      'forwarded',
      'cookie',
    )
    const value = fc.stringMatching(/^[\x21-\x7e]{1,30}$/)
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 4 }), async (headers) => {
        expect(await checked(method, path, address, { headers })).toBeLessThan(500)
      }),
      quick,
    )
  })
})

describe('the document', () => {
  it('has the version of the package, and every route with the answers that any of them may give', () => {
    expect(document.info.version).toBe(version())
    for (const { method, path, open, body } of routes) {
      const known = Object.keys(operation(method, path).responses)
      expect(known).toEqual(expect.arrayContaining(['200', '400', '403', '431', '500', ...(open ? [] : ['401'])]))
      if (body) expect(known).toEqual(expect.arrayContaining(['404', '408', '413', '415', '429', '503']))
    }
  })

  it('describes /api/models with all its fields', async () => {
    const { schema } = operation('GET', '/api/models').responses[200]!.content['application/json']!
    const [model] = JSON.parse((await ask(server.url, '/api/models', { headers: { authorization } })).body.toString())
    expect(Object.keys(schema!.items!.properties!).sort()).toEqual(Object.keys(model).sort())
    expect(schema!.items!.required!.length).toBe(Object.keys(model).length)
  })

  it('was not contradicted by a failure of the server', () => {
    expect(failures).toEqual([])
  })
})
