// Values of flags: a number must be a number as a whole ("1x" is an error), and the error says what was expected.
import { InvalidArgumentError } from 'commander'
import { isDecimal } from '../core/decimal.ts'

type Parse<T> = (text: string) => T

/** Digits in groups of three. */
const amount = (value: number): string => value.toLocaleString('en-US')

/** A whole number from `low` to `high`. */
export function wholeNumber(low: number, high: number): Parse<number> {
  return (text) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= low && value <= high) return value
    throw new InvalidArgumentError(`Expected a whole number from ${amount(low)} to ${amount(high)}.`)
  }
}

/** A decimal number such as 2, 0.95 or 1e-3, from `low` to `high`; `above` leaves `low` itself out. */
export function decimal(low: number, high: number, { above }: { above?: boolean } = {}): Parse<number> {
  return (text) => {
    const value = !text.startsWith('+') && isDecimal(text) ? Number(text) : Number.NaN
    if ((above ? value > low : value >= low) && value <= high) return value
    throw new InvalidArgumentError(`Expected a number ${above ? 'above' : 'from'} ${low} to ${amount(high)}.`)
  }
}

/** Whole numbers from `low` to `high` with commas between: "0,5". */
export function wholeNumbers(low: number, high: number): Parse<number[]> {
  const one = wholeNumber(low, high)
  return (text) => {
    const parts = text.split(',').map((part) => part.trim())
    if (parts.every((part) => /^\d+$/.test(part)) && parts.length <= high) return parts.map(one)
    throw new InvalidArgumentError('Expected whole numbers with commas between, such as 0,5.')
  }
}

/** For a flag that may be given several times. */
export const collected = (text: string, before: string[] = []): string[] => [...before, text]
