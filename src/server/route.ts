// A route as a value: what answers, and what the OpenAPI document says of it. The table in routes.ts is both.
import type { Context } from 'hono'
import type * as v from 'valibot'
import { ApiError } from './errors.ts'
import type { JsonSchema } from './json-schema.ts'
import { parsed } from './requests.ts'
import type { Services } from './services.ts'
import { bodyLimit } from './settings.ts'

/** What middleware and routes tell each other. */
export interface Notes {
  Variables: {
    /** The path of the table, for the counters. */
    route: string
    /** An answer that goes on after its head, and with which status it ends. */
    ends: Promise<number> | undefined
  }
}

export interface Answer {
  readonly description: string
  /** application/json unless said otherwise. */
  readonly type?: string
  readonly schema?: JsonSchema
}

export interface Route {
  readonly method: 'GET' | 'POST'
  /** As OpenAPI writes it: /images/{name} */
  readonly path: string
  readonly summary: string
  /** Needs no token. */
  readonly open?: true
  readonly body?: v.GenericSchema
  readonly query?: v.GenericSchema
  readonly parameters?: Readonly<Record<string, JsonSchema>>
  readonly answers: Readonly<Record<number, Answer>>
  handle(c: Context<Notes>, services: Services): Response | Promise<Response>
}

/**
 * The body of a request, checked.
 * @throws ApiError 400, 413 or 415
 */
export async function readBody<T extends v.GenericSchema>(c: Context<Notes>, schema: T): Promise<v.InferOutput<T>> {
  if (!/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
    throw new ApiError(415, 'Expected application/json.', { code: 'unsupported_media_type' })
  if (Number(c.req.header('content-length') ?? 0) > bodyLimit) throw tooLong()
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of (c.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    length += piece.length
    if (length > bodyLimit) throw tooLong()
    pieces.push(piece)
  }
  return parsed(schema, json(Buffer.concat(pieces).toString('utf8')))
}

const tooLong = () =>
  new ApiError(413, `The request is longer than ${bodyLimit} bytes.`, {
    ...{ code: 'too_long', headers: { Connection: 'close' } },
  })

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ApiError(400, 'The request is not JSON.', { code: 'invalid_json' })
  }
}
