// A route is a value: its address, its schemas and its handler. Routing and the OpenAPI document are made from the table of routes.
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type * as v from 'valibot'
import type { Caller } from '../http/proxies.ts'
import { ApiError, clientGone } from './errors.ts'
import { parsed } from './requests.ts'
import type { Services } from './services.ts'
import { bodyLimit } from './settings.ts'

/** Values of a request that middleware and routes share. */
export interface RequestContext {
  Bindings: HttpBindings
  Variables: {
    /** The path of the table, for the counters. */
    route: string
    /** An answer that goes on after its head, and with which status it ends. */
    ends: Promise<number> | undefined
    caller: Caller
  }
}

export interface Answer {
  readonly description: string
  /** Of an answer in JSON. */
  readonly schema?: v.GenericSchema
  /** Of an answer that is none. */
  readonly types?: readonly string[]
  /** What the events of a text/event-stream carry, by their names. */
  readonly events?: Readonly<Record<string, v.GenericSchema>>
}

export interface Route<S = Services> {
  readonly method: 'GET' | 'POST'
  /** As OpenAPI writes it: /images/{name} */
  readonly path: string
  readonly summary: string
  /** Needs no token. */
  readonly open?: true
  readonly body?: v.GenericSchema
  readonly query?: v.GenericSchema
  readonly parameters?: Readonly<Record<string, v.GenericSchema>>
  /** Its answers, besides those that every route can give (openapi.ts). */
  readonly answers: Readonly<Record<number, Answer>>
  handle(c: Context<RequestContext>, services: S): Response | Promise<Response>
}

const isJson = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?;?$/i

/**
 * The body of a request, checked.
 * @throws ApiError 400, 413, 415, or 499 when the client leaves before its end
 */
export async function readBody<T extends v.GenericSchema>(
  c: Context<RequestContext>,
  schema: T,
  limit = bodyLimit,
): Promise<v.InferOutput<T>> {
  const unsupported = (message: string) => new ApiError(415, message, { code: 'unsupported_media_type' })
  if (!isJson.test(c.req.header('content-type') ?? '')) throw unsupported('Expected application/json in UTF-8.')
  if (!/^(identity)?$/i.test(c.req.header('content-encoding') ?? ''))
    throw unsupported('Expected a body that is not compressed.')
  if (Number(c.req.header('content-length') ?? 0) > limit) throw tooLong(limit)
  return parsed(schema, json(await bytesOf(c, limit)))
}

async function bytesOf(c: Context<RequestContext>, limit: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  const reader = c.req.raw.body?.getReader()
  for (let length = 0; reader; ) {
    const { done, value } = await reader.read().catch((cause) => {
      throw clientGone(cause)
    })
    if (done) break
    length += value.length
    if (length > limit) throw tooLong(limit)
    pieces.push(value)
  }
  return Buffer.concat(pieces)
}

const tooLong = (limit: number) =>
  new ApiError(413, `The request is longer than ${limit} bytes.`, {
    code: 'too_long',
    headers: { Connection: 'close' },
  })

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new ApiError(400, 'The request is not JSON in UTF-8.', { code: 'invalid_json' })
  }
}
