// The token of a server that wants one: `distilled serve --token`. It is kept for this tab alone, and sent to this origin alone.
const key = 'distilled-decoding.token'
let token: string | undefined

try {
  token = sessionStorage.getItem(key) ?? undefined
} catch {
  // Without storage it is asked for after every reload.
}

/** Takes the token for the requests to come. */
export function keepToken(given: string): void {
  token = given
  try {
    sessionStorage.setItem(key, given)
  } catch {
    // As above.
  }
}

/** Headers of a request. */
export const credentials = (): Record<string, string> =>
  token === undefined ? {} : { Authorization: `Bearer ${token}` }
