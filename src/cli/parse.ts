// Flag values: numbers are taken whole or not at all ("1x" is no number), and the error says what was expected.
import { InvalidArgumentError } from 'commander'

type Parse<T> = (text: string) => T

/** A whole number from `low` to `high`. */
export function wholeNumber(low = 0, high = Number.MAX_SAFE_INTEGER): Parse<number> {
  return (text) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= low && value <= high) return value
    const range = high === Number.MAX_SAFE_INTEGER ? `${low} or more` : `from ${low} to ${high}`
    throw new InvalidArgumentError(`Expected a whole number, ${range}.`)
  }
}

interface Bounds {
  low?: number
  /** The value has to be greater than this. */
  above?: number
  high?: number
}

/** A decimal number such as 2, 0.95 or 1e-3. */
export function decimal({ low, above, high }: Bounds): Parse<number> {
  const range = [
    low !== undefined && `${low} or more`,
    above !== undefined && `above ${above}`,
    high !== undefined && `at most ${high}`,
  ].filter(Boolean)
  return (text) => {
    const value = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
    const fits = value >= (low ?? -Infinity) && value > (above ?? -Infinity) && value <= (high ?? Number.MAX_VALUE)
    if (fits) return value
    throw new InvalidArgumentError(`Expected a number, ${range.join(' and ')}.`)
  }
}

/** Whole numbers with commas between: "0,5". */
export function wholeNumbers(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.every((part) => /^\d+$/.test(part))) return parts.map(Number)
  throw new InvalidArgumentError('Expected whole numbers with commas between, such as 0,5.')
}

/** For a flag that may be given several times. */
export const collected = (text: string, before: string[] = []): string[] => [...before, text]
