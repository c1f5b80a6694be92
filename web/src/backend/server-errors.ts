// Turns a server's failures into messages that say what happened and what to do.
import { BackendError, type FaultCode } from './types.ts'

interface Envelope {
  error: { message: string; code: string | null; type?: string }
}

export const lostServer = (cause?: unknown): BackendError =>
  new BackendError('The server does not answer.', {
    code: 'gone',
    again: true,
    cause,
    remedy: 'Start it again with `distilled serve`, or let this page make the pictures itself.',
  })

/** Hosts of plain files may answer every path with their page. */
export const noServer = (cause?: unknown): BackendError =>
  new BackendError('The server at this address is not `distilled serve`.', {
    code: 'gone',
    again: true,
    cause,
    remedy: 'Start one and open its address, or let this page make the pictures itself.',
  })

/** The page's error for each of the server's codes. */
const known: Readonly<Record<string, { code: FaultCode; again?: boolean; remedy?: string }>> = {
  class_denied: { code: 'denied', remedy: 'Choose another class.' },
  queue_full: { code: 'queue_full', again: true },
  timeout: { code: 'timeout', again: true, remedy: 'Ask for fewer pictures or fewer steps, or try again.' },
  engine_died: { code: 'engine', again: true },
  stopping: { code: 'gone', again: true, remedy: 'Try again after the server has restarted.' },
  invalid_api_key: { code: 'token', remedy: 'Ask the person who started the server for it.' },
  model_not_found: { code: 'no_model', remedy: 'Choose another model.' },
}

/** The error of an unsuccessful answer or of an error event. */
export async function refusal(answer: Response | Envelope): Promise<BackendError> {
  const isResponse = answer instanceof Response
  const envelope = isResponse ? await answer.json().catch(() => undefined) : answer
  const { message, code } = (envelope as Envelope | undefined)?.error ?? {}
  const status = isResponse ? answer.status : 0
  const kind = known[code ?? ''] ?? byStatus(status)
  const after = isResponse ? Number(answer.headers.get('Retry-After')) || undefined : undefined
  const remedy = kind.remedy ?? (after ? `Try again in ${after} s.` : undefined)
  return new BackendError(message ?? `The server answered with ${status}.`, { ...kind, remedy, after })
}

function byStatus(status: number): { code: FaultCode; again?: boolean; remedy?: string } {
  if (status === 404) return { code: 'no_model', remedy: 'Choose another model, or start the server with it.' }
  if (status === 429) return { code: 'queue_full', again: true }
  if (status === 504) return { code: 'timeout', again: true, remedy: 'Ask for fewer pictures, or try again.' }
  if (status >= 500) return { code: 'engine', again: true, remedy: 'Try again; the log of the server says why.' }
  return { code: 'invalid', remedy: 'Change the settings.' }
}
