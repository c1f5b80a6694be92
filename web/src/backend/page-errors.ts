// Turns errors of the page's own engine into messages that say what to do.
import { BackendError, type FaultCode, isAbort } from './types.ts'

const kinds: Readonly<Record<string, { code: FaultCode; again: boolean; remedy?: string }>> = {
  UsageError: { code: 'invalid', again: false },
  DownloadError: { code: 'no_model', again: true },
  CheckpointError: { code: 'no_model', again: true },
  EngineError: { code: 'engine', again: true, remedy: 'Try again, or use the server.' },
}

/** Any other error: the engine is kept. */
const unknown: { code?: FaultCode; again: boolean; remedy?: string } = {
  again: true,
  remedy: 'Try again, or use the server.',
}

/** Any error as a BackendError; cancellations are returned as they are. */
export function pageFault(error: unknown): BackendError {
  if (error instanceof BackendError || isAbort(error)) return error as BackendError
  const { name, message, remedy } = error as Error & { remedy?: string }
  const kind = kinds[name] ?? unknown
  const words = remedy && message.endsWith(` ${remedy}`) ? message.slice(0, -remedy.length - 1) : message
  return new BackendError(words, { ...kind, remedy: remedy ?? kind.remedy, cause: error })
}
