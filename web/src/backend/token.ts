// The token of a server that requires one: `distilled serve --token`. It is only kept for this tab and only sent to this origin.
const key = 'distilled-decoding.token'
let token: string | undefined

try {
  token = sessionStorage.getItem(key) ?? undefined
} catch {
  // Without storage, the page asks for it after every reload.
}

/** Sets the token of all later requests. */
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
