// What a seed may be: any safe integer from 0 up, the same for both generators.
import { UsageError } from '../errors.ts'

/** Returns `value`, or throws a UsageError that calls it `what`, unless it is a safe integer >= 0. */
export function checkCount(what: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new UsageError(`${what} must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, got ${value}.`)
}

/** The lower and the upper 32 bits of a safe integer. */
export function split64(value: number): [low: number, high: number] {
  return [value >>> 0, Math.floor(value / 2 ** 32)]
}
