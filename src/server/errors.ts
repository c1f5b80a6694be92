// Every failure as an answer in OpenAI's envelope, so that their clients raise the right exception:
// { error: { message, type, param, code } } and a status.
import * as v from 'valibot'
import { DistilledError, UsageError } from '../core/errors.ts'

/** What every failure answers. */
export const envelopeSchema = v.strictObject({
  error: v.strictObject({
    message: v.string(),
    type: v.string(),
    param: v.pipe(v.nullable(v.string()), v.description('The field of the request that is at fault.')),
    code: v.nullable(v.string()),
  }),
})

export type Envelope = v.InferOutput<typeof envelopeSchema>

interface Details {
  code?: string
  /** The field of the request that is at fault. */
  param?: string | undefined
  headers?: Readonly<Record<string, string>>
  cause?: unknown
}

/** An error with its HTTP status. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string | null
  readonly param: string | null
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, { code, param, headers = {}, cause }: Details = {}) {
    super(message, { cause })
    this.name = 'ApiError'
    this.status = status
    this.code = code ?? null
    this.param = param ?? null
    this.headers = headers
  }

  get envelope(): Envelope {
    return { error: { message: this.message, type: typeOf(this.status), param: this.param, code: this.code } }
  }
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}

export const queueFull = (waiting: number): ApiError =>
  new ApiError(429, `${waiting} requests are waiting, and no more may. Try again later.`, {
    code: 'queue_full',
    headers: { 'Retry-After': '1' },
  })

export const timedOut = (seconds: number): ApiError =>
  new ApiError(504, `The images were not finished within ${seconds} s; the work was stopped.`, { code: 'timeout' })

export const stopping = (): ApiError =>
  new ApiError(503, 'The server is stopping.', {
    code: 'stopping',
    headers: { 'Retry-After': '5', Connection: 'close' },
  })

export const engineDied = (cause: unknown): ApiError =>
  new ApiError(503, 'The engine died while it worked on this request; it is started again. Try once more.', {
    code: 'engine_died',
    cause,
    headers: { 'Retry-After': '1' },
  })

export const clientGone = (cause?: unknown): ApiError =>
  new ApiError(499, 'The client went away.', { code: 'cancelled', cause })

/** Any error as an ApiError; an unexpected one becomes a 500 without details of this machine. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof UsageError) return new ApiError(400, error.message, { code: 'invalid_value', cause: error })
  const message = error instanceof DistilledError ? error.message : 'The server failed; its log says why.'
  return new ApiError(500, message, { code: 'internal_error', cause: error })
}
