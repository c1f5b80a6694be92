// The messages between a page and its worker. A call has a number; events, and at the end a result or an error, come back
// under it. Errors cross by kind, so that a page can tell a bad setting from a missing file.

import { CheckpointError, DistilledError, DownloadError, EngineError, ShapeError, UsageError } from '../core/errors.ts'
import type { WebDevice } from '../engine/web-runtime.ts'
import type { BaseModelFacts } from '../library/base-model.ts'
import type { Family } from '../sampling/family.ts'
import type { ClassList } from '../zoo/class-list.ts'
import type { ModelSource } from './source.ts'

export type Method = 'open' | 'stream' | 'together' | 'trajectory'

/**
 * A worker sends `ready` when it starts, and again in answer to a greeting: a script that is still loading misses the greeting,
 * and a worker that the caller made has sent its first `ready` already.
 */
export type ToWorker = { hello: true } | { id: number; method: Method; params: unknown } | { id: number; abort: true }

export type FromWorker =
  | { ready: true }
  | { id: number; event: WorkerEvent }
  | { id: number; result: unknown }
  | { id: number; error: WireError }

/** `progress` is for onProgress; `item` is what a generator yields. */
export type WorkerEvent = { type: 'progress'; value: unknown } | { type: 'item'; value: unknown }

export interface OpenParams {
  source: ModelSource
  device: 'auto' | WebDevice
  threads: number | undefined
  /** Folder of ONNX Runtime's files; undefined when a bundler takes care of them. */
  runtime: string | undefined
  cache: boolean
}

/** While a model is loaded: bytes of a file and of all files together, what is being opened, and what is worth knowing. */
export type LoadProgress =
  | {
      type: 'download'
      file: string
      done: number
      total: number | undefined
      allDone: number
      allTotal: number | undefined
    }
  | { type: 'open'; what: 'networks' | 'self-test' }
  | { type: 'note'; text: string }

/** What a page knows of a model's networks. */
export interface FamilyFacts extends Pick<Family, 'name' | 'groups' | 'channels' | 'numClasses' | 'imageSize'> {
  student: boolean
  teacher: boolean
}

export interface Opened extends Omit<BaseModelFacts, 'policy'> {
  classes: ClassList
  family: FamilyFacts
  device: WebDevice
  threads: number
  notes: string[]
}

export interface WireError {
  kind: string
  message: string
  remedy?: string | undefined
  stack?: string | undefined
}

const kinds = { UsageError, CheckpointError, ShapeError, EngineError, DownloadError, DistilledError }

export function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { kind: 'Error', message: String(error) }
  const { message, stack, name } = error
  const own = Object.entries(kinds).find(([, type]) => error instanceof type)
  if (!own) return { kind: name, message, stack }
  const { remedy } = error as DistilledError
  return { kind: own[0], message, remedy, stack }
}

/** The error as it was thrown on the other side. */
export function fromWire({ kind, message, remedy, stack }: WireError): Error {
  const type = kinds[kind as keyof typeof kinds]
  const bare = remedy && message.endsWith(` ${remedy}`) ? message.slice(0, -remedy.length - 1) : message
  const error = type ? new type(bare, { ...(remedy && { remedy }) }) : foreign(kind, message)
  if (type) error.name = kind
  if (stack) error.stack = stack
  return error
}

const foreign = (kind: string, message: string): Error =>
  kind === 'AbortError' ? new DOMException(message, kind) : Object.assign(new Error(message), { name: kind })
