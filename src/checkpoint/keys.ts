// The keys in a file must not be able to slow down the dict that holds them.
import { maxNumberKeys } from './limits.ts'
import type { Key } from './types.ts'

/**
 * A key as it may join a dict or a set of a file. V8 hashes numbers by a function without a secret, so anyone can find a hundred
 * thousand that all fall into one bucket, where each is compared with all others; from a certain size on numbers become text.
 */
export function safeKey({ size }: { readonly size: number }, key: Key): Key {
  const isNumber = typeof key === 'number' || typeof key === 'bigint'
  return isNumber && size >= maxNumberKeys ? String(key) : key
}
