import { expect, it } from 'vitest'
import { refusal } from './server-errors.ts'

const answer = (status: number, code: string, headers: Record<string, string> = {}) =>
  Response.json({ error: { message: 'It is so.', code } }, { status, headers })

it('every refusal has a cause the page knows, and something to do', async () => {
  const cases = [
    [answer(403, 'class_denied'), 'denied', false],
    [answer(404, 'model_not_found'), 'no_model', false],
    [answer(429, 'queue_full', { 'Retry-After': '3' }), 'queue_full', true],
    [answer(504, 'timeout'), 'timeout', true],
    [answer(503, 'engine_died', { 'Retry-After': '1' }), 'engine', true],
    [answer(401, 'invalid_api_key'), 'token', false],
    [answer(400, 'invalid_value'), 'invalid', false],
  ] as const
  for (const [response, code, again] of cases) {
    const fault = await refusal(response)
    expect(fault).toMatchObject({ message: 'It is so.', code, again })
    expect(fault.remedy).toMatch(/^[A-Z].*\.$/)
  }
})

it('says when to come back', async () => {
  expect(await refusal(answer(429, 'queue_full', { 'Retry-After': '3' }))).toMatchObject({
    after: 3,
    remedy: 'Try again in 3 s.',
  })
})

it('an error event and an answer without words are understood, too', async () => {
  expect(await refusal({ error: { message: 'Too late.', code: 'timeout' } })).toMatchObject({ code: 'timeout' })
  expect(await refusal(new Response('<html>', { status: 502 }))).toMatchObject({ code: 'engine', again: true })
})
