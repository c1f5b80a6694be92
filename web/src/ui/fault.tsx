// An error and its remedies: try again, or switch to the page's own engine when the server does not answer.
import { useContext } from 'preact/hooks'
import { keepToken } from '../backend/token.ts'
import { BackendError } from '../backend/types.ts'
import { EngineContext } from '../state/context.ts'

export interface FaultProps {
  error: unknown
  /** Called by "Try again"; without it there is no such button. */
  again?: (() => void) | undefined
}

/** An error message, or nothing when there is no error. */
export function Fault({ error, again }: FaultProps) {
  const engine = useContext(EngineContext)
  if (error === undefined || error === null) return null
  const known = error instanceof BackendError ? error : undefined
  const message = error instanceof Error ? error.message : String(error)
  const offersPage = known?.code === 'gone' && engine?.kind === 'server'
  const offersServer = engine?.kind === 'page' && (known?.code === 'no_model' || known?.code === 'engine')
  return (
    <div class="fault" role="alert">
      <div>
        <strong>{withCode(message)}</strong> {known?.remedy && withCode(known.remedy)}
      </div>
      {known?.code === 'token' && engine && <TokenForm onToken={engine.retry} />}
      {again && (known?.again ?? true) && (
        <button type="button" class="button small" onClick={again}>
          Try again
        </button>
      )}
      {offersPage && (
        <button type="button" class="button small" onClick={() => engine.choose('page')}>
          Use this page’s engine
        </button>
      )}
      {offersServer && (
        <button type="button" class="button small" onClick={() => engine.choose('server')}>
          Use the server
        </button>
      )}
    </div>
  )
}

/** Text between backticks is a command to type. */
const withCode = (text: string) => text.split('`').map((part, i) => (i % 2 ? <code key={part}>{part}</code> : part))

function TokenForm({ onToken }: { onToken(): void }) {
  return (
    <form
      class="joined"
      onSubmit={(event) => {
        event.preventDefault()
        const given = new FormData(event.currentTarget).get('token')
        if (typeof given !== 'string' || !given) return
        keepToken(given)
        onToken()
      }}
    >
      <input class="input" type="password" name="token" aria-label="Token" placeholder="Token" autocomplete="off" />
      <button type="submit" class="button small">
        Use it
      </button>
    </form>
  )
}
