// Requests of the review to its server. Actions go one after another, so that quick keys keep their order.
import type { ReviewAction } from '../../../../src/review/events.ts'
import type { WireOutcome, WireReview } from '../../../../src/review/wire.ts'

async function request<T>(path: string, body?: unknown): Promise<T> {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(path, body === undefined ? {} : post).catch(() => {
    throw new Error('Not saved: the server does not answer. Is `distilled review open` still running?')
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error.message)
  return answer
}

export const readReview = (): Promise<WireReview> => request('/api/review')

let last: Promise<unknown> = Promise.resolve()

/** @throws Error with a message for the reviewer; then nothing was saved */
export function act(action: ReviewAction): Promise<WireOutcome> {
  const turn = last.then(() => request<WireOutcome>('/api/actions', action))
  last = turn.catch(() => {})
  return turn
}
