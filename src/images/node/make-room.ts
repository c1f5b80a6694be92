// Decoded pixels lie outside of V8's heap. Its garbage collector counts them, but lets about 240 MB of them wait: three
// photographs. Code that decodes many large images therefore asks for a collection now and then.
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of pixels that may wait; a collection takes some milliseconds, decoding this many bytes takes 0.1 s. */
const mostWaiting = 2 ** 26

let waiting = 0
let collect: (() => void) | undefined

/**
 * Call it before `bytes` of pixels are decoded. When these and the pixels of earlier calls are too many together, it frees
 * those that are no longer used.
 * @example
 * await makeRoom(3 * 4000 * 3000)
 */
export async function makeRoom(bytes: number): Promise<void> {
  waiting += bytes
  if (waiting === bytes || waiting <= mostWaiting) return
  waiting = bytes
  collect ??= collector()
  collect()
  await setImmediate() // native buffers are freed then
}

/** The function that `node --expose-gc` gives to programs. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  return gc
}
