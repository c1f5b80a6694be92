// Requests of every malformed kind: each is answered or refused, none by a fault of the server (no 500), and the server makes
// images afterwards as before.
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunningServer } from '../../src/server/serve.ts'
import { ask, post, serve } from '../server/served.ts'
import { record, scaled } from './record.ts'

let server: RunningServer
beforeEach(async () => {
  server = await serve()
  await server.warm
})
afterEach(async () => {
  await server.close(0)
})

const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('car', 'boat', '', '__proto__', '../..'),
)
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(1, 2, 'car', true) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 0, 1e9, 2 ** 53, 1e308, 0.5, null, [], {}, 'x'.repeat(5000)) },
  { weight: 1, arbitrary: word },
)
const fields = ['prompt', 'class', 'n', 'seed', 'steps', 'timesteps', 'split', 'model', 'size', 'response_format']
const body = fc.dictionary(
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...fields) }, { weight: 1, arbitrary: word }),
  value,
  {
    maxKeys: 6,
  },
)
const text = fc.oneof(
  { weight: 6, arbitrary: body.map((object) => JSON.stringify(object)) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  { weight: 1, arbitrary: fc.nat(20_000).map((depth) => '['.repeat(depth)) },
  { weight: 1, arbitrary: body.map((object) => JSON.stringify(object).slice(0, -3)) },
)
const path = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('/v1/images/generations', '/api/sample', '/api/trajectory') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('/', '/api/models', '/api/classes', '/metrics', '/..%2f..%2fetc/passwd', '//', '/%00'),
  },
)
const request = fc.record({
  path,
  method: fc.constantFrom('POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'),
  type: fc.constantFrom('application/json', 'application/json', 'text/plain', 'application/json; charset=utf-16', ''),
  body: text,
})

describe('malformed requests', () => {
  it('are refused or answered, none by a fault of the server', async () => {
    const count = scaled(10_000, 200)
    const seen = new Map<number, number>()
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 8, maxLength: 8 }), async (requests) => {
        const answers = await Promise.all(
          requests.map(({ path, method, type, body }) =>
            ask(server.url, path, {
              method,
              headers: type ? { 'content-type': type } : {},
              body: method === 'GET' || method === 'HEAD' ? undefined : body,
            } as Parameters<typeof ask>[2]),
          ),
        )
        for (const { status, body } of answers) {
          seen.set(status, (seen.get(status) ?? 0) + 1)
          expect(status === 503 || status < 500, `${status} ${body}`).toBe(true)
          if (status >= 400) expect(body.toString()).not.toMatch(/TypeError|RangeError|\n {4}at /)
        }
      }),
      { numRuns: Math.ceil(count / 8) },
    )
    const { status, body } = await post(server.url, '/v1/images/generations', { prompt: 'car', seed: 1 })
    expect([status, body.data.length]).toEqual([200, 1])
    const statuses = [...seen].sort(([a], [b]) => a - b).map(([status, times]) => `${status}: ${times}`)
    record({ attack: 'malformed requests', count, result: `no 5xx (${statuses.join(', ')})` })
  }, 900_000)
})
